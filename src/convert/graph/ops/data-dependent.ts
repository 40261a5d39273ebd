/** Ops of a graph whose results have as many elements as the data say: on the host, where sizes may be anything, even 0. */
import { ShapeError } from '../../../values/errors.ts';
import { stridesOf } from '../../../values/shape.ts';
import { HostArray } from '../host-array.ts';
import { checkSize } from '../host-functions.ts';
import type { HostOp, OpCall } from '../op-call.ts';
import { nonMaxSuppression } from './non-max-suppression.ts';

export const DATA_DEPENDENT: Readonly<Record<string, HostOp>> = {
  ...Object.fromEntries(
    ['NonMaxSuppressionV2', 'NonMaxSuppressionV3', 'NonMaxSuppressionV4', 'NonMaxSuppressionV5'].map(
      (name, i) => [name, (n: OpCall) => suppressed(n, i + 2)],
    ),
  ),
  Where: (n) => {
    const { values, shape } = n.host(0);
    const strides = stridesOf(shape);
    const places = Array.from(values, (value, i) => (value ? i : -1)).filter((i) => i >= 0);
    const found = new Int32Array(places.length * shape.length);
    for (const [row, place] of places.entries())
      for (const [axis, stride] of strides.entries())
        found[row * shape.length + axis] = Math.floor(place / stride) % shape[axis]!;
    return new HostArray(found, [places.length, shape.length], 'int32');
  },
  Unique: (n) => distinct(n),
  UniqueV2: (n) => distinct(n),
  ListDiff: (n) => {
    const [x, without] = [n.host(0), new Set(Array.from(n.host(1).values))];
    const places = Array.from(x.values, (_, i) => i).filter((i) => !without.has(x.values[i]!));
    const left = places.map((place) => x.values[place]!);
    return [new HostArray(left, [left.length], x.dtype), HostArray.vector(places)];
  },
};

function suppressed(n: OpCall, version: number): HostArray[] {
  const most = Math.max(0, n.number(2));
  const { selected, scores } = nonMaxSuppression(n.host(0), n.host(1), {
    most,
    overlap: n.number(3),
    score: version >= 3 ? n.number(4) : Number.NEGATIVE_INFINITY,
    sigma: version >= 5 ? n.number(5) : 0,
  });
  const valid = HostArray.scalar(selected.length, 'int32');
  if (version >= 4 && n.attributes.bool('pad_to_max_output_size')) {
    checkSize(most);
    for (const list of [selected, scores]) list.push(...new Array<number>(most - list.length).fill(0));
  }
  const boxes = HostArray.vector(selected);
  if (version === 4) return [boxes, valid];
  return version === 5 ? [boxes, new HostArray(scores, [scores.length], 'float32'), valid] : [boxes];
}

/** Values in the order in which they come first, and for each element which of them it is. */
function distinct(n: OpCall): HostArray[] {
  const x = n.host(0);
  if (x.rank !== 1) throw new ShapeError(`rank ${x.rank}; use a vector`);
  const places = new Map<number, number>();
  const which = Array.from(x.values, (value) => {
    if (!places.has(value)) places.set(value, places.size);
    return places.get(value)!;
  });
  return [new HostArray([...places.keys()], [places.size], x.dtype), HostArray.vector(which)];
}
