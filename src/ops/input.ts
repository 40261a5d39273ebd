/** What ops take: tensors, variables, numbers and nested arrays; all become tensors here. */

import { leaveScopes } from '../autograd/scope.ts';
import { Tensor } from '../autograd/tensor.ts';
import { Variable } from '../autograd/variable.ts';
import { defaultEngine } from '../gpu/default-engine.ts';
import type { Engine } from '../gpu/engine.ts';
import { type DType, requireDType, show } from '../values/dtype.ts';
import { ArgumentError, DtypeError, ShapeError } from '../values/errors.ts';
import { encode, flatten, isTypedArray, shapeOfNested, type TensorValues } from '../values/nested.ts';
import { checkShape, type Shape, showShape, sizeOf } from '../values/shape.ts';

export type TensorLike = Tensor | Variable | TensorValues;

/** `value` as a tensor; nested arrays and numbers take `like`'s engine and dtype, float32 without one. */
export function toTensor(where: string, value: TensorLike, like?: Tensor): Tensor {
  if (value instanceof Tensor) return value;
  if (value instanceof Variable) return value.values;
  const engine = like?.engine ?? defaultEngine(where);
  if (typeof value === 'number') return scalar(engine, value, like?.dtype ?? 'float32', where);
  if (!Array.isArray(value) && !isTypedArray(value) && typeof value !== 'boolean') {
    throw new ArgumentError(
      `${where}: expected a tensor, a variable, a number or nested arrays, got ${show(value)}`,
    );
  }
  return fromValues(engine, value as TensorValues, undefined, like?.dtype, where);
}

/** `value` as the constant of a kernel on this dtype: bools are 0 or 1. Throws `DataError` where the dtype has no such value. */
export function constantOf(where: string, value: number, dtype: DType): number {
  encode(where, [value], dtype);
  return dtype === 'bool' ? Number(Boolean(value)) : Number(value);
}

/** `value` as int32 indices; arrays and numbers take the engine of `like`. Throws `DtypeError`, `DataError`. */
export function toIndices(where: string, name: string, value: TensorLike, like?: Tensor): Tensor {
  const isTensor = value instanceof Tensor || value instanceof Variable;
  const isList = Array.isArray(value) || isTypedArray(value) || typeof value === 'number';
  const indices =
    isList && !isTensor
      ? fromValues(like?.engine ?? defaultEngine(where), value as TensorValues, undefined, 'int32', where)
      : toTensor(where, value, like);
  requireDType(where, name, indices.dtype, ['int32']);
  return indices;
}

/** Two operands of one op: a number or array takes the dtype of the tensor beside it. */
export function toTensors(where: string, a: TensorLike, b: TensorLike): [Tensor, Tensor] {
  const isTensor = (value: TensorLike) => value instanceof Tensor || value instanceof Variable;
  if (isTensor(a) || !isTensor(b)) {
    const first = toTensor(where, a);
    return [first, toTensor(where, b, first)];
  }
  const second = toTensor(where, b);
  return [toTensor(where, a, second), second];
}

/** Throws `DtypeError` unless these have one dtype. */
export function requireOneDType(
  where: string,
  tensors: { readonly [name: string]: Tensor | undefined },
): void {
  const given = Object.entries(tensors).flatMap(([name, tensor]) => (tensor ? [{ name, tensor }] : []));
  if (given.every(({ tensor }) => tensor.dtype === given[0]!.tensor.dtype)) return;
  const dtypes = given.map(({ name, tensor }) => `${name} is ${tensor.dtype}`).join(', ');
  throw new DtypeError(
    `${where}: dtypes differ: ${dtypes}; cast ${given.length > 2 ? 'them to one' : 'one'}`,
  );
}

/** A tensor that holds `values`. Throws `ShapeError`, `DataError`. */
export function fromValues(
  engine: Engine,
  values: TensorValues,
  shape: Shape | undefined,
  dtype: DType | undefined,
  where: string,
): Tensor {
  const own = isTypedArray(values) ? [values.length] : shapeOfNested(where, values);
  const checked = checkShape(where, shape ?? own);
  const flat = flatten(values);
  if (sizeOf(checked) !== flat.length) {
    throw new ShapeError(
      `${where}: ${flat.length} values for shape ${showShape(checked)} of ${sizeOf(checked)} elements`,
    );
  }
  const type = dtype ?? inferDType(values, flat);
  return new Tensor(engine, engine.store(encode(where, flat, type), 'step', where), checked, type);
}

function inferDType(values: TensorValues, flat: ArrayLike<number | boolean>): DType {
  if (values instanceof Int32Array) return 'int32';
  if (values instanceof Uint32Array) return 'uint32';
  return typeof flat[0] === 'boolean' ? 'bool' : 'float32';
}

const MAX_SCALARS = 256;
const scalars = new WeakMap<Engine, Map<string, Tensor>>();

/** A scalar constant; the same number is uploaded once an engine. The handle stays the engine's. */
function scalar(engine: Engine, value: number, dtype: DType, where: string): Tensor {
  let known = scalars.get(engine);
  if (!known) {
    known = new Map();
    scalars.set(engine, known);
  }
  const key = `${dtype} ${Object.is(value, -0) ? '-0' : value}`;
  const constant = known.get(key);
  if (constant && !constant.disposed) return constant;
  if (known.size >= MAX_SCALARS) {
    const [oldest, old] = known.entries().next().value!;
    old.dispose();
    known.delete(oldest);
  }
  const storage = engine.untraced(() => engine.store(encode(where, [value], dtype), 'kept', where));
  const made = new Tensor(engine, storage, [], dtype);
  leaveScopes(made);
  known.set(key, made);
  return made;
}
