// Reference: arrays of plain numbers in row-major order, and access to their elements by index.

export interface Plain {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** The array whose element at each index is `element(index)`. */
export function build(shape: readonly number[], element: (index: readonly number[]) => number): Plain {
  const index = shape.map(() => 0);
  const data = Array.from({ length: sizeOf(shape) }, () => {
    const value = element(index);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]!++;
      if (index[axis]! < shape[axis]!) break;
      index[axis] = 0;
    }
    return value;
  });
  return { shape, data };
}

/** The element at `index`. */
export function at({ shape, data }: Plain, index: readonly number[]): number {
  return data[shape.reduce((offset, size, axis) => offset * size + index[axis]!, 0)]!;
}
