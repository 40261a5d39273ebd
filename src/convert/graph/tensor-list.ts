/** Lists of tensors that loops of a graph read and write: values, as tensors are; what changes one gives a new one. */

import type { Tensor } from '../../autograd/tensor.ts';
import type { Variable } from '../../autograd/variable.ts';
import type { DType } from '../../values/dtype.ts';
import { FormatError, ShapeError } from '../../values/errors.ts';
import { type Shape, sizeOf } from '../../values/shape.ts';
import { HostArray, MOST_ON_HOST } from './host-array.ts';

/** Elements, on the GPU or on the host. A variable is a constant of the graph on the GPU. */
export type Placed = Tensor | Variable | HostArray;

export class TensorList {
  /** Undefined where nothing was written yet. */
  readonly items: readonly (Placed | undefined)[];
  readonly dtype: DType;
  /** Of each item, -1 for sizes that are not known; null where the rank is not. */
  readonly element: Shape | null;

  /** Throws `ShapeError` for more items than a list may have. */
  constructor(items: readonly (Placed | undefined)[], dtype: DType, element: Shape | null) {
    this.items = items;
    this.dtype = dtype;
    this.element = element;
  }

  /** Of `length` items that are not written. Throws `ShapeError`. */
  static reserved(length: number, dtype: DType, element: Shape | null): TensorList {
    checkLength(length);
    return new TensorList(new Array<undefined>(length).fill(undefined), dtype, element);
  }

  of(items: readonly (Placed | undefined)[]): TensorList {
    checkLength(items.length);
    return new TensorList(items, this.dtype, this.element);
  }

  /** Longer where `grows`. Throws `FormatError` for a place that is not there. */
  with(index: number, item: Placed, grows = false): TensorList {
    const { length } = this.items;
    if (!(index >= 0 && (grows || index < length)))
      throw new FormatError(`item ${index} of a list of ${length}`);
    checkLength(index + 1);
    const items = [...this.items, ...new Array<undefined>(Math.max(0, index - length)).fill(undefined)];
    items[index] = item;
    return this.of(items);
  }

  /** What was not written is zero where the shape is known. Throws `FormatError` where there is nothing. */
  at(index: number): Placed {
    const item = index >= 0 ? this.items[index] : undefined;
    if (item) return item;
    const { length } = this.items;
    const shape = this.items.find((other) => other !== undefined)?.shape ?? this.element;
    if (!(index >= 0 && index < length) || !shape?.every((size) => size >= 0))
      throw new FormatError(`item ${index} of a list of ${length}: nothing was written there`);
    if (sizeOf(shape) > MOST_ON_HOST)
      throw new ShapeError(
        `item ${index} was not written, and has ${sizeOf(shape)} elements; use ${MOST_ON_HOST} at most`,
      );
    return new HostArray(new Array<number>(sizeOf(shape)).fill(0), shape, this.dtype);
  }

  /** All of them. */
  all(): Placed[] {
    return this.items.map((_, index) => this.at(index));
  }
}

function checkLength(length: number): void {
  if (!(Number.isInteger(length) && length >= 0 && length <= MOST_ON_HOST))
    throw new ShapeError(`a list of ${length}; use 0 to ${MOST_ON_HOST}`);
}
