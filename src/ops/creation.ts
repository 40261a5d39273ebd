/** Tensors from values, constants and random numbers. */

import { emptyTensor, type Tensor } from '../autograd/tensor.ts';
import { defaultEngine } from '../gpu/default-engine.ts';
import type { Engine } from '../gpu/engine.ts';
import { fillKernel } from '../kernels/fill.ts';
import { randomKernel } from '../kernels/random.ts';
import { checkDType, type DType, requireDType, show } from '../values/dtype.ts';
import { ArgumentError } from '../values/errors.ts';
import type { TensorValues } from '../values/nested.ts';
import { checkOptions } from '../values/options.ts';
import { checkShape, type Shape } from '../values/shape.ts';
import { constantOf, fromValues } from './input.ts';

export interface Placement {
  /** Default: the engine opened last. */
  engine?: Engine;
}

export interface TensorOptions extends Placement {
  /** Default: that of nested arrays; the length of a typed array. */
  shape?: Shape;
  /** Default: int32 and uint32 for such typed arrays, bool for booleans, else float32. */
  dtype?: DType;
}

/**
 * A tensor of nested arrays or a typed array. A `Uint16Array` for float16 holds the bits of halves; a `Float16Array`,
 * like other arrays, numbers. Throws `ShapeError`, `DtypeError`, `DataError`.
 */
export function tensor(values: TensorValues, options: TensorOptions = {}): Tensor {
  checkOptions('tensor', options, ['shape', 'dtype', 'engine']);
  const dtype = options.dtype === undefined ? undefined : checkDType('tensor', options.dtype);
  return fromValues(options.engine ?? defaultEngine('tensor'), values, options.shape, dtype, 'tensor');
}

/** `shape` filled with `value`. Throws `ShapeError`, `DtypeError`, `DataError`. */
export function full(
  shape: Shape,
  value: number,
  dtype: DType = 'float32',
  { engine }: Placement = {},
): Tensor {
  const type = checkDType('full', dtype);
  const constant = constantOf('full', value, type);
  const result = emptyTensor(engine ?? defaultEngine('full'), checkShape('full', shape), type, 'full');
  fillKernel(result, constant);
  return result;
}

export function zeros(shape: Shape, dtype: DType = 'float32', placement?: Placement): Tensor {
  return full(shape, 0, dtype, placement);
}

export function ones(shape: Shape, dtype: DType = 'float32', placement?: Placement): Tensor {
  return full(shape, 1, dtype, placement);
}

export function zerosLike({ shape, dtype, engine }: Tensor): Tensor {
  return full(shape, 0, dtype, { engine });
}

export function onesLike({ shape, dtype, engine }: Tensor): Tensor {
  return full(shape, 1, dtype, { engine });
}

/** `start`, `start + step`, ... below `stop` (above it for a negative step). */
export function range(
  start: number,
  stop: number,
  step = 1,
  dtype: DType = 'float32',
  placement: Placement = {},
): Tensor {
  const count = Math.ceil((stop - start) / step);
  if (!(count >= 1 && Number.isFinite(count))) {
    throw new ArgumentError(`range: ${show(start)} to ${show(stop)} by ${show(step)} has no elements`);
  }
  checkShape('range', [count]);
  const values = Array.from({ length: count }, (_, index) => start + index * step);
  return tensor(values, { ...placement, dtype });
}

/** The identity matrix (n, n). */
export function eye(n: number, dtype: DType = 'float32', placement: Placement = {}): Tensor {
  const shape = checkShape('eye', [n, n]);
  const values = new Float32Array(n * n);
  for (let i = 0; i < n; i++) values[i * (n + 1)] = 1;
  return tensor(values, { ...placement, shape, dtype });
}

/** Uniform in [low, high), drawn on the GPU by a counter-based generator: a replayed `jit` program draws new numbers. */
export function randomUniform(
  shape: Shape,
  low = 0,
  high = 1,
  dtype: DType = 'float32',
  placement: Placement = {},
): Tensor {
  return drawn('randomUniform', 'UNIFORM', shape, low, high, dtype, placement);
}

/** Normal with this mean and standard deviation, drawn like `randomUniform`. */
export function randomNormal(
  shape: Shape,
  mean = 0,
  deviation = 1,
  dtype: DType = 'float32',
  placement: Placement = {},
): Tensor {
  return drawn('randomNormal', 'NORMAL', shape, mean, deviation, dtype, placement);
}

/** `1 / (1 - rate)` with probability `1 - rate`, else 0: what dropout multiplies with. */
export function dropoutMask({ shape, dtype, engine }: Tensor, rate: number): Tensor {
  return drawn('dropout', 'MASK', shape, rate, 1 / (1 - rate), dtype, { engine });
}

function drawn(
  name: string,
  kind: 'UNIFORM' | 'NORMAL' | 'MASK',
  shape: Shape,
  low: number,
  high: number,
  dtype: DType,
  { engine }: Placement,
): Tensor {
  requireDType(name, 'dtype', checkDType(name, dtype), ['float32', 'float16']);
  for (const bound of [low, high]) constantOf(name, bound, dtype);
  const result = emptyTensor(engine ?? defaultEngine(name), checkShape(name, shape), dtype, name);
  randomKernel(kind, result, low, high);
  return result;
}
