// Op table: pooling and resizing of images.
import * as ops from '../../src/ops/index.ts';
import {
  avgPool,
  maxPool,
  type Pair,
  resizeBilinear,
  resizeNearestNeighbor,
  type Sampling,
  type Windows,
} from '../reference/convolutions.ts';
import { maxOf, meanOf, reduce } from '../reference/reduce.ts';
import { distinct } from './draws.ts';
import type { Row, Shapes } from './row.ts';

const IMAGES: readonly Shapes[] = [[[1, 1, 1, 1]], [[2, 3, 5, 4]], [[1, 6, 4, 3]], [[2, 7, 9, 7]]];
const WINDOWS: readonly (readonly [note: string, filter: Pair, options: Windows])[] = [
  ['2x2 same, strides of 2', [2, 2], { strides: 2, pad: 'same' }],
  ['3x2 same, strides of 1 and 3', [3, 2], { strides: [1, 3], pad: 'same' }],
];
const OVERLAPPING: readonly Shapes[] = [[[1, 4, 5, 4]], [[2, 5, 4, 3]]];

const SAMPLINGS: readonly (readonly [note: string, sampling: Sampling])[] = [
  ['from the corner', {}],
  ['corners aligned', { alignCorners: true }],
  ['by middles', { halfPixelCenters: true }],
];
/** Larger, smaller, and one of each; a single row. */
const SIZES: readonly Pair[] = [
  [7, 9],
  [2, 3],
  [1, 11],
];

function resized(
  op: 'resizeNearestNeighbor' | 'resizeBilinear',
  note: string,
  sampling: Sampling,
  size: Pair,
): Row {
  const { alignCorners, halfPixelCenters } = sampling;
  const nearest = op === 'resizeNearestNeighbor';
  const [resize, reference] = nearest
    ? [ops.resizeNearestNeighbor, resizeNearestNeighbor]
    : [ops.resizeBilinear, resizeBilinear];
  return {
    ...{ op, note: `${note}, to ${size.join('x')}`, cases: [[[2, 3, 4, 3]], [[1, 5, 4, 8]], [[1, 1, 2, 4]]] },
    run: (x) => resize(x!, size, alignCorners, halfPixelCenters),
    reference: (x) => reference(x!, size, sampling),
    ...(nearest ? { exact: true as const } : { terms: () => 4 }),
  };
}

export const POOLING: readonly Row[] = [
  ...WINDOWS.flatMap(([note, filter, options]): Row[] => {
    const { strides = 1, pad = 'valid' } = options;
    return [
      {
        ...{ op: 'maxPool', note, cases: IMAGES, draws: distinct, exact: true },
        run: (x) => ops.maxPool(x!, filter, strides, pad as 'same'),
        reference: (x) => maxPool(x!, filter, options),
      },
      {
        ...{ op: 'avgPool', note, cases: IMAGES, terms: () => filter[0] * filter[1] },
        run: (x) => ops.avgPool(x!, filter, strides, pad as 'same'),
        reference: (x) => avgPool(x!, filter, options),
      },
    ];
  }),
  {
    ...{
      op: 'maxPool',
      note: '3, strides of 1, padded by 2',
      cases: OVERLAPPING,
      draws: distinct,
      exact: true,
    },
    run: (x) => ops.maxPool(x!, 3, 1, 2),
    reference: (x) => maxPool(x!, [3, 3], { strides: 1, pad: 2 }),
  },
  {
    ...{ op: 'avgPool', note: '3, strides of 2, padded by 2', cases: OVERLAPPING, terms: () => 9 },
    run: (x) => ops.avgPool(x!, 3, 2, 2),
    reference: (x) => avgPool(x!, [3, 3], { strides: 2, pad: 2 }),
  },
  {
    ...{ op: 'maxPool', note: 'of one image', cases: [[[5, 6, 3]]], draws: distinct, exact: true },
    run: (x) => ops.maxPool(x!, 2),
    reference: (x) => {
      const { shape, data } = maxPool({ ...x!, shape: [1, ...x!.shape] }, [2, 2], { strides: 2 });
      return { shape: shape.slice(1), data };
    },
  },
  {
    ...{ op: 'globalMaxPool', cases: IMAGES, draws: distinct, exact: true },
    reference: (x) => reduce(maxOf, x!, [1, 2]),
  },
  {
    ...{ op: 'globalAveragePool', cases: IMAGES },
    run: (x) => ops.globalAveragePool(x!, true),
    reference: (x) => reduce(meanOf, x!, [1, 2], true),
  },
  ...SIZES.flatMap((size) =>
    SAMPLINGS.flatMap(([note, sampling]) => [
      resized('resizeNearestNeighbor', note, sampling, size),
      resized('resizeBilinear', note, sampling, size),
    ]),
  ),
];
