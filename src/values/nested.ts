/** Nested arrays and typed arrays as tensor values: their shape and their numbers in row-major order. */

import { type DType, show } from './dtype.ts';
import { DataError, ShapeError } from './errors.ts';
import { fromHalves, toHalves } from './half.ts';
import { type Shape, showShape, sizeOf } from './shape.ts';

export type TypedArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array;
export type NestedArray = number | boolean | readonly NestedArray[];
export type TensorValues = NestedArray | TypedArray;

export function isTypedArray(values: unknown): values is TypedArray {
  return ArrayBuffer.isView(values) && !(values instanceof DataView);
}

/** Shape of nested arrays. Throws `ShapeError` when rows differ in length. */
export function shapeOfNested(where: string, values: NestedArray): number[] {
  if (!Array.isArray(values)) return [];
  if (values.length === 0) return [0];
  const inner = shapeOfNested(where, values[0]);
  for (const [index, row] of values.entries()) {
    const other = shapeOfNested(where, row);
    if (showShape(other) !== showShape(inner)) {
      throw new ShapeError(
        `${where}: rows differ: row 0 is ${showShape(inner)}, row ${index} is ${showShape(other)}`,
      );
    }
  }
  return [values.length, ...inner];
}

/**
 * The bytes of `values` as a tensor of this dtype lies in GPU memory: halves for float16, a u32 of 0 or 1 for bool.
 * Throws `DataError` for what is no number of the dtype.
 */
export function encode(where: string, values: ArrayLike<number | boolean>, dtype: DType): ArrayBufferView {
  if (dtype === 'float16' && values instanceof Uint16Array) return values;
  if (dtype === 'float32' && values instanceof Float32Array) return values;
  for (let index = 0; index < values.length; index++) {
    if (typeof values[index] !== 'number' && typeof values[index] !== 'boolean') {
      throw new DataError(
        `${where}: value ${show(values[index])} at index ${index}; use numbers or booleans`,
      );
    }
  }
  if (dtype === 'float16') return toHalves(values as ArrayLike<number>);
  if (dtype === 'float32') return Float32Array.from(values as ArrayLike<number>);
  if (dtype === 'bool') return Uint32Array.from(values as ArrayLike<number>, (value) => (value ? 1 : 0));
  const signed = dtype === 'int32';
  if (values instanceof (signed ? Int32Array : Uint32Array)) return values;
  const [low, high] = signed ? [-(2 ** 31), 2 ** 31 - 1] : [0, 2 ** 32 - 1];
  const words = signed ? new Int32Array(values.length) : new Uint32Array(values.length);
  for (let index = 0; index < values.length; index++) {
    const number = Number(values[index]);
    if (!Number.isInteger(number) || number < low || number > high) {
      throw new DataError(
        `${where}: value ${show(values[index])} at index ${index} is no ${dtype}; use whole numbers from ${low} to ${high}`,
      );
    }
    words[index] = number;
  }
  return words;
}

/** The numbers in bytes read from the GPU; halves are widened to float32, which holds each exactly. */
export function decode(
  bytes: ArrayBuffer,
  dtype: DType,
  size: number,
): Float32Array | Int32Array | Uint32Array | Uint8Array {
  switch (dtype) {
    case 'float32':
      return new Float32Array(bytes, 0, size);
    case 'float16':
      return fromHalves(new Uint16Array(bytes, 0, size));
    case 'int32':
      return new Int32Array(bytes, 0, size);
    case 'uint32':
      return new Uint32Array(bytes, 0, size);
    case 'bool':
      return Uint8Array.from(new Uint32Array(bytes, 0, size));
  }
}

/** Numbers in row-major order. Typed arrays are returned as they are. */
export function flatten(values: TensorValues): ArrayLike<number | boolean> {
  if (isTypedArray(values)) return values;
  const flat: (number | boolean)[] = [];
  const visit = (value: NestedArray): void => {
    if (Array.isArray(value)) for (const item of value) visit(item);
    else flat.push(value as number | boolean);
  };
  visit(values);
  return flat;
}

/** Row-major numbers as nested arrays of this shape; a bare value for a scalar. */
export function nest(values: ArrayLike<number>, shape: Shape): NestedArray {
  if (shape.length === 0) return values[0]!;
  const [length, ...inner] = shape as [number, ...number[]];
  const step = sizeOf(inner);
  return Array.from({ length }, (_, index) => {
    if (inner.length === 0) return values[index]!;
    return nest(Array.prototype.slice.call(values, index * step, (index + 1) * step), inner);
  });
}
