/** Small arrays that a graph computes on the host: shapes, axes, sizes. Unlike tensors they may be empty. */
import type { DType } from '../../values/dtype.ts';
import { FormatError } from '../../values/errors.ts';
import { type Shape, showShape, sizeOf } from '../../values/shape.ts';

/** Most elements that are computed on the host. */
export const MOST_ON_HOST = 65536;

export class HostArray {
  readonly shape: Shape;
  readonly dtype: DType;
  /** In row-major order; integers of 64 bits are rounded to the nearest number, bools are 0 or 1. */
  readonly values: ArrayLike<number>;

  /** Throws `FormatError` unless there is a value for each element of `shape`. */
  constructor(values: ArrayLike<number>, shape: Shape, dtype: DType) {
    if (values.length !== sizeOf(shape))
      throw new FormatError(`${values.length} values for shape ${showShape(shape)}`);
    this.values = values;
    this.shape = shape;
    this.dtype = dtype;
  }

  static scalar(value: number, dtype: DType): HostArray {
    return new HostArray([value], [], dtype);
  }

  /** int32, of rank 1. */
  static vector(values: readonly number[]): HostArray {
    return new HostArray(values, [values.length], 'int32');
  }

  get size(): number {
    return this.values.length;
  }

  get rank(): number {
    return this.shape.length;
  }

  reshaped(shape: Shape): HostArray {
    return new HostArray(this.values, shape, this.dtype);
  }
}

/** `value` as an element of this dtype. */
export function rounded(value: number, dtype: DType): number {
  if (dtype === 'bool') return value ? 1 : 0;
  return dtype === 'float32' || dtype === 'float16' ? Math.fround(value) : Math.trunc(value);
}
