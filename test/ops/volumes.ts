// Op table: convolutions and pooling of volumes.
import * as ops from '../../src/ops/index.ts';
import {
  avgPool3d,
  conv3d,
  conv3dTranspose,
  maxPool3d,
  type Triple,
  type Windows3d,
} from '../reference/volumes.ts';
import { distinct, uniform } from './draws.ts';
import type { Row, Shapes } from './row.ts';

const near = uniform(-1, 1);

function convolution(
  note: string,
  cases: readonly Shapes[],
  options: Windows3d & { groups?: number } = {},
): Row {
  const { strides = 1, pad = 'valid', ...rest } = options;
  return {
    ...{ op: 'conv3d', note, cases, draws: near },
    run: (x, filter, bias) => ops.conv3d(x!, filter!, strides, pad, { ...rest, ...(bias ? { bias } : {}) }),
    reference: (x, filter, bias) => conv3d(x!, filter!, { ...options, bias }),
    terms: (_x, filter) => filter!.shape.slice(0, 4).reduce((a, b) => a * b, 1),
  };
}

function transposed(note: string, size: Triple, cases: readonly Shapes[], options: Windows3d = {}): Row {
  const { strides = 1, pad = 'valid' } = options;
  return {
    ...{ op: 'conv3dTranspose', note, cases, draws: near },
    run: (x, filter) =>
      ops.conv3dTranspose(x!, filter!, [x!.shape[0]!, ...size, filter!.shape[3]!], strides, pad),
    reference: (x, filter) => conv3dTranspose(x!, filter!, size, options),
    terms: (_x, filter) => filter!.shape.slice(0, 3).reduce((a, b) => a * b, filter!.shape[4]!),
  };
}

export const VOLUMES: readonly Row[] = [
  convolution('1x1x1', [
    [
      [1, 1, 1, 1, 1],
      [1, 1, 1, 1, 1],
    ],
  ]),
  convolution(
    '3x2x3 same, biased, strides of 2, 1 and 2',
    [
      [[2, 5, 3, 4, 2], [3, 2, 3, 2, 3], [3]],
      [[1, 2, 4, 3, 1], [3, 2, 3, 1, 2], [2]],
    ],
    { strides: [2, 1, 2], pad: 'same' },
  ),
  convolution(
    'dilated, in two groups',
    [
      [
        [1, 5, 4, 4, 4],
        [3, 2, 2, 2, 6],
      ],
    ],
    { dilations: [2, 1, 2], groups: 2 },
  ),
  transposed(
    '3x3x3 same, strides of 2',
    [5, 4, 6],
    [
      [
        [2, 3, 2, 3, 2],
        [3, 3, 3, 3, 2],
      ],
    ],
    { strides: 2, pad: 'same' },
  ),
  transposed(
    '2x1x2 valid, strides of 3, 1 and 2: windows with nothing between',
    [8, 2, 4],
    [
      [
        [1, 3, 2, 2, 3],
        [2, 1, 2, 2, 3],
      ],
    ],
    { strides: [3, 1, 2] },
  ),
  ...(['maxPool3d', 'avgPool3d'] as const).map((op): Row => {
    const options = { strides: [2, 1, 2], pad: 'same' } as const;
    const [pool, reference] = op === 'maxPool3d' ? [ops.maxPool3d, maxPool3d] : [ops.avgPool3d, avgPool3d];
    return {
      ...{ op, cases: [[[1, 1, 1, 1, 1]], [[2, 5, 3, 4, 3]]], draws: distinct },
      run: (x) => pool(x!, [2, 3, 2], options.strides, options.pad),
      reference: (x) => reference(x!, [2, 3, 2], options),
      ...(op === 'maxPool3d' ? { exact: true as const } : { terms: () => 12 }),
    };
  }),
];
