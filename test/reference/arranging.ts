// Reference: tensors put together, taken apart, mirrored, repeated and chosen from.
import { at, build, type Plain } from './array.ts';
import { broadcastTo } from './elementwise.ts';

export function concat(parts: readonly Plain[], axis: number): Plain {
  const [first] = parts;
  const along = parts.reduce((sum, { shape }) => sum + shape[axis]!, 0);
  const shape = first!.shape.map((size, i) => (i === axis ? along : size));
  return build(shape, (index) => {
    let place = index[axis]!;
    for (const part of parts) {
      if (place < part.shape[axis]!) return at(part, index.with(axis, place));
      place -= part.shape[axis]!;
    }
    return Number.NaN;
  });
}

export function stack(parts: readonly Plain[], axis: number): Plain {
  return concat(
    parts.map(({ shape, data }) => ({ shape: shape.toSpliced(axis, 0, 1), data })),
    axis,
  );
}

/** Python's `x[begin:end:step]` along each axis, bounds of undefined being left out. */
export function strided(
  x: Plain,
  ranges: readonly (readonly [begin: number | undefined, end: number | undefined, step: number])[],
): Plain {
  const places = x.shape.map((size, axis) => {
    const [begin, end, step] = ranges[axis] ?? [undefined, undefined, 1];
    const all = Array.from({ length: size }, (_, i) => i);
    const from = begin === undefined ? (step > 0 ? 0 : size - 1) : begin < 0 ? begin + size : begin;
    const to = end === undefined ? (step > 0 ? size : -1) : end < 0 ? end + size : end;
    const walked = step > 0 ? all : all.toReversed();
    return walked.filter(
      (i) => (i - from) % step === 0 && (step > 0 ? i >= from && i < to : i <= from && i > to),
    );
  });
  return build(
    places.map(({ length }) => length),
    (index) =>
      at(
        x,
        index.map((i, axis) => places[axis]![i]!),
      ),
  );
}

export function mirrorPad(
  x: Plain,
  paddings: readonly (readonly [number, number])[],
  mode: 'reflect' | 'symmetric',
): Plain {
  const shape = x.shape.map((size, axis) => size + paddings[axis]![0] + paddings[axis]![1]);
  const edge = mode === 'reflect' ? 0 : 1;
  return build(shape, (index) =>
    at(
      x,
      index.map((i, axis) => {
        const [own, size] = [i - paddings[axis]![0], x.shape[axis]!];
        if (own < 0) return -own - edge;
        return own < size ? own : 2 * (size - 1) - own + edge;
      }),
    ),
  );
}

export function tile(x: Plain, reps: readonly number[]): Plain {
  return build(
    x.shape.map((size, axis) => size * reps[axis]!),
    (index) =>
      at(
        x,
        index.map((i, axis) => i % x.shape[axis]!),
      ),
  );
}

export function where(condition: Plain, a: Plain, b: Plain): Plain {
  const rank = Math.max(condition.shape.length, a.shape.length, b.shape.length);
  const shape = Array.from({ length: rank }, (_, axis) =>
    Math.max(...[condition, a, b].map((x) => x.shape[axis - rank + x.shape.length] ?? 1)),
  );
  const [chooses, left, right] = [condition, a, b].map((x) => broadcastTo(x, shape).data);
  return { shape, data: chooses!.map((flag, i) => (flag ? left![i]! : right![i]!)) };
}
