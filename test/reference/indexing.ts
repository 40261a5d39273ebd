// Reference: elements at indices, added by index, sorted, and summed along an axis.
import { at, build, type Plain, sizeOf } from './array.ts';

export function gather(x: Plain, indices: Plain, axis = 0): Plain {
  const { length } = indices.shape;
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  return build(shape, (index) => {
    const place = at(indices, index.slice(axis, axis + length));
    const inside = place >= 0 && place < x.shape[axis]!;
    return inside ? at(x, [...index.slice(0, axis), place, ...index.slice(axis + length)]) : 0;
  });
}

export function segmentSum(x: Plain, ids: Plain, segments: number): Plain {
  const row = x.shape.slice(ids.shape.length);
  const size = sizeOf(row);
  const data = new Array<number>(segments * size).fill(0);
  for (const [j, segment] of ids.data.entries()) {
    if (segment < 0 || segment >= segments) continue;
    for (let c = 0; c < size; c++) data[segment * size + c]! += x.data[j * size + c]!;
  }
  return { shape: [segments, ...row], data };
}

/** The place of each tuple among the slices of an array of `shape`, or -1. */
function places(indices: Plain, shape: readonly number[]): number[] {
  const depth = indices.shape.at(-1)!;
  return Array.from({ length: indices.data.length / depth }, (_, i) => {
    const tuple = indices.data.slice(i * depth, (i + 1) * depth);
    const inside = tuple.every((own, axis) => own >= 0 && own < shape[axis]!);
    return inside ? tuple.reduce((place, own, axis) => place * shape[axis]! + own, 0) : -1;
  });
}

export function gatherND(x: Plain, indices: Plain): Plain {
  const slice = x.shape.slice(indices.shape.at(-1)!);
  const size = sizeOf(slice);
  const data = places(indices, x.shape).flatMap((place) =>
    place < 0 ? new Array<number>(size).fill(0) : x.data.slice(place * size, (place + 1) * size),
  );
  return { shape: [...indices.shape.slice(0, -1), ...slice], data };
}

/** `x` with the updates put in by `combine`, one after the other. */
export function scatter(
  x: Plain,
  indices: Plain,
  updates: Plain,
  combine: (before: number, update: number) => number,
): Plain {
  const size = sizeOf(x.shape.slice(indices.shape.at(-1)!));
  const data = [...x.data];
  for (const [i, place] of places(indices, x.shape).entries()) {
    if (place < 0) continue;
    for (let c = 0; c < size; c++)
      data[place * size + c] = combine(data[place * size + c]!, updates.data[i * size + c]!);
  }
  return { shape: x.shape, data };
}

/** Values and indices of the greatest along the last axis, those of equal values in their order. */
export function topk(x: Plain, k: number): { values: Plain; indices: Plain } {
  const columns = x.shape.at(-1)!;
  const shape = [...x.shape.slice(0, -1), k];
  const chosen = Array.from({ length: x.data.length / columns }, (_, row) => {
    const own = x.data.slice(row * columns, (row + 1) * columns);
    return Array.from({ length: columns }, (_, i) => i)
      .sort((a, b) => own[b]! - own[a]! || a - b)
      .slice(0, k);
  });
  const values = chosen.flatMap((places, row) => places.map((i) => x.data[row * columns + i]!));
  return { values: { shape, data: values }, indices: { shape, data: chosen.flat() } };
}

/** Running sums along an axis. */
export function cumsum(x: Plain, axis: number, exclusive: boolean, reverse: boolean): Plain {
  return build(x.shape, (index) => {
    let sum = 0;
    const place = index[axis]!;
    for (let i = 0; i < x.shape[axis]!; i++) {
      const counts = reverse ? i > place : i < place;
      if (counts || (i === place && !exclusive)) sum += at(x, index.with(axis, i));
    }
    return sum;
  });
}
