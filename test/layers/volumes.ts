// Layer table: layers of volumes.
import { distinct } from '../ops/draws.ts';
import { pad, slice } from '../reference/movement.ts';
import { maxOf, meanOf, reduce } from '../reference/reduce.ts';
import { avgPool3d, conv3d, conv3dTranspose, maxPool3d } from '../reference/volumes.ts';
import { picked } from './places.ts';
import { type LayerRow, rows } from './row.ts';
import { plusBias } from './windows.ts';

const volume = [[2, 3, 4, 2, 3]];

export const VOLUMES: readonly LayerRow[] = [
  {
    layer: 'conv3d',
    options: { filters: 3, kernelSize: [2, 3, 2], strides: [2, 1, 1], padding: 'same' },
    ...{ inputs: [[2, 3, 4, 3, 2]], terms: 24 },
    reference: (x, kernel, bias) => conv3d(x!, kernel!, { strides: [2, 1, 1], pad: 'same', bias }),
  },
  {
    layer: 'conv3d',
    options: { filters: 4, kernelSize: 2, groups: 2, dilationRate: [1, 2, 1], useBias: false },
    ...{ inputs: [[1, 3, 4, 3, 4]], terms: 16 },
    reference: (x, kernel) => conv3d(x!, kernel!, { groups: 2, dilations: [1, 2, 1] }),
  },
  {
    layer: 'conv3dTranspose',
    options: { filters: 3, kernelSize: 3, strides: 2, padding: 'same' },
    ...{ inputs: [[1, 2, 3, 2, 2]], terms: 16 },
    reference: (x, kernel, bias) =>
      plusBias(conv3dTranspose(x!, kernel!, [4, 6, 4], { strides: 2, pad: 'same' }), bias!),
  },
  ...rows(
    'maxPooling3d',
    { poolSize: [2, 3, 2], strides: [1, 2, 2] },
    (x) => maxPool3d(x!, [2, 3, 2], { strides: [1, 2, 2] }),
    [[1, 3, 5, 4, 3]],
  ).map((row) => ({ ...row, draws: distinct })),
  ...rows(
    'averagePooling3d',
    { padding: 'same' },
    (x) => avgPool3d(x!, [2, 2, 2], { strides: 2, pad: 'same' }),
    [[1, 3, 4, 3, 2]],
  ),
  ...rows('globalAveragePooling3d', {}, (x) => reduce(meanOf, x!, [1, 2, 3]), volume),
  ...rows('globalMaxPooling3d', { keepDims: true }, (x) => reduce(maxOf, x!, [1, 2, 3], true), volume).map(
    (row) => ({ ...row, draws: distinct }),
  ),
  ...rows(
    'zeroPadding3d',
    { padding: [1, [0, 2], 1] },
    (x) =>
      pad(x!, [
        [0, 0],
        [1, 1],
        [0, 2],
        [1, 1],
        [0, 0],
      ]),
    volume,
  ),
  ...rows(
    'cropping3D',
    { cropping: [1, [0, 2], 0] },
    (x) => slice(x!, [0, 1, 0, 0, 0], [2, 1, 2, 2, 3]),
    volume,
  ),
  ...rows(
    'upSampling3d',
    { size: [2, 1, 3] },
    (x) => picked(x!, [2, 6, 4, 6, 3], ([i, j, k, l, m]) => [i!, j! >> 1, k!, Math.floor(l! / 3), m!]),
    volume,
  ),
];
