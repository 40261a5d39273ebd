/** Variables and memory, as users make and see them. */
import { defaultEngine } from '../gpu/default-engine.ts';
import type { Engine } from '../gpu/engine.ts';
import type { MemoryReport } from '../gpu/storage.ts';
import { checkDType, type DType } from '../values/dtype.ts';
import { ShapeError } from '../values/errors.ts';
import { flatten, isTypedArray, shapeOfNested, type TensorValues } from '../values/nested.ts';
import { checkOptions } from '../values/options.ts';
import { checkShape, type Shape, showShape, sizeOf } from '../values/shape.ts';
import { Variable, type VariableOptions } from './variable.ts';

/** A variable that starts with `values`: nested arrays, or a typed array with `shape`. Throws `ShapeError`, `DtypeError`. */
export function variable(
  values: TensorValues,
  options: VariableOptions & { shape?: Shape; dtype?: DType; engine?: Engine } = {},
): Variable {
  checkOptions('variable', options, [
    'shape',
    'dtype',
    'engine',
    'name',
    'trainable',
    'overwriteWithGradient',
    'constraint',
  ]);
  const { shape, dtype = 'float32', engine = defaultEngine('variable'), ...rest } = options;
  const own = isTypedArray(values) ? [values.length] : shapeOfNested('variable', values);
  const checked = checkShape('variable', shape ?? own);
  const flat = flatten(values);
  if (flat.length !== sizeOf(checked)) {
    throw new ShapeError(
      `variable: ${flat.length} values for shape ${showShape(checked)} of ${sizeOf(checked)} elements`,
    );
  }
  return new Variable(engine, flat as ArrayLike<number>, checked, checkDType('variable', dtype), rest);
}

/** Bytes of GPU memory in use, at the peak and in the pool, and the number of buffers; of the default engine. */
export function memory(engine: Engine = defaultEngine('memory')): MemoryReport {
  return engine.memory();
}
