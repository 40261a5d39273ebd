// Op table: casts, and ops that put elements in other places.
import * as ops from '../../src/ops/index.ts';
import { DTYPES } from '../../src/values/dtype.ts';
import { castValue } from '../reference/cast.ts';
import { broadcastTo, unary } from '../reference/elementwise.ts';
import { oneHot, pad, reshape, slice, transpose } from '../reference/movement.ts';
import { integers } from './draws.ts';
import type { Row } from './row.ts';

const moved = { exact: true, also: ['int32', 'uint32', 'bool'] } as const;

export const MOVEMENT: readonly Row[] = [
  ...DTYPES.map(
    (dtype): Row => ({
      ...{ op: 'cast', note: `to ${dtype}`, cases: [[[1]], [[7]], [[33]], [[59, 37]]] },
      run: (x) => ops.cast(x!, dtype),
      // Rounding to halves is another test's; here it would have no central difference.
      reference: dtype === 'float32' || dtype === 'float16' ? (x) => x : unary((x) => castValue(x, dtype)),
      result: dtype,
      ...(dtype === 'uint32' ? { draws: integers(0, 9) } : {}),
      ...(dtype === 'float32' || dtype === 'float16' ? {} : { constant: true as const }),
      also: ['int32', 'uint32', 'bool'],
    }),
  ),
  {
    ...{ op: 'reshape', cases: [[[6]], [[2, 3, 35]]], ...moved },
    ...{ run: (x) => ops.reshape(x!, [3, -1]), reference: (x) => reshape(x, [3, x.data.length / 3]) },
  },
  {
    op: 'transpose',
    cases: [[[]], [[7]], [[59, 37]], [[8, 12]], [[2, 3, 4, 5]]],
    reference: (x) => transpose(x),
    ...moved,
  },
  {
    ...{ op: 'transpose', note: 'of three axes', cases: [[[3, 5, 8]], [[3, 5, 7]], [[1, 4, 1]]], ...moved },
    ...{ run: (x) => ops.transpose(x!, [1, 0, 2]), reference: (x) => transpose(x, [1, 0, 2]) },
  },
  {
    ...{ op: 'slice', cases: [[[7, 9]], [[6, 8]], [[3, 4]]], ...moved },
    ...{ run: (x) => ops.slice(x!, [1, 2], [2, -1]), reference: (x) => slice(x, [1, 2], [2, -1]) },
  },
  {
    ...{ op: 'slice', note: 'of whole quads', cases: [[[4, 8]], [[5, 12]]], ...moved },
    ...{ run: (x) => ops.slice(x!, [1, 4], [2, 4]), reference: (x) => slice(x, [1, 4], [2, 4]) },
  },
  {
    ...{ op: 'pad', cases: [[[3, 2]], [[1, 1]], [[59, 37]]], ...moved },
    ...{
      run: (x) =>
        ops.pad(x!, [
          [1, 0],
          [2, 3],
        ]),
      reference: (x) =>
        pad(x, [
          [1, 0],
          [2, 3],
        ]),
    },
  },
  {
    ...{ op: 'pad', note: 'with ones, rank 6', cases: [[[1, 2, 1, 2, 1, 2]]], ...moved },
    run: (x) =>
      ops.pad(
        x!,
        Array.from({ length: 6 }, (_, axis) => [axis % 2, 1] as const),
        1,
      ),
    reference: (x) =>
      pad(
        x,
        Array.from({ length: 6 }, (_, axis) => [axis % 2, 1] as const),
        1,
      ),
  },
  {
    ...{ op: 'broadcastTo', cases: [[[]], [[1]], [[5]], [[2, 1]], [[3, 1, 1]]], ...moved },
    ...{ run: (x) => ops.broadcastTo(x!, [3, 2, 5]), reference: (x) => broadcastTo(x, [3, 2, 5]) },
  },
  {
    ...{ op: 'oneHot', cases: [[[]], [[7]], [[3, 2]]], draws: integers(-1, 5, 'int32') },
    ...{ run: (x) => ops.oneHot(x!, 5), reference: (x) => oneHot(x, 5), result: 'float32', constant: true },
  },
];
