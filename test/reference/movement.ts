// Reference: elements in other places: reshape, transpose, slice, pad, one-hot rows.
import { at, build, type Plain } from './array.ts';

export function reshape({ data }: Plain, shape: readonly number[]): Plain {
  return { shape, data };
}

export function transpose(
  x: Plain,
  order: readonly number[] = x.shape.map((_, axis) => axis).reverse(),
): Plain {
  return build(
    order.map((axis) => x.shape[axis]!),
    (index) => {
      const from = x.shape.map(() => 0);
      for (const [axis, source] of order.entries()) from[source] = index[axis]!;
      return at(x, from);
    },
  );
}

export function slice(x: Plain, begin: readonly number[], size: readonly number[]): Plain {
  const sizes = size.map((length, axis) => (length === -1 ? x.shape[axis]! - begin[axis]! : length));
  return build(sizes, (index) =>
    at(
      x,
      index.map((position, axis) => position + begin[axis]!),
    ),
  );
}

export function pad(x: Plain, paddings: readonly (readonly [number, number])[], value = 0): Plain {
  const shape = x.shape.map((size, axis) => paddings[axis]![0] + size + paddings[axis]![1]);
  return build(shape, (index) => {
    const from = index.map((position, axis) => position - paddings[axis]![0]);
    return from.every((position, axis) => position >= 0 && position < x.shape[axis]!) ? at(x, from) : value;
  });
}

export function oneHot(indices: Plain, depth: number): Plain {
  return build([...indices.shape, depth], (index) =>
    at(indices, index.slice(0, -1)) === index.at(-1) ? 1 : 0,
  );
}
