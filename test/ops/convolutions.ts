// Op table: convolutions of every stride, dilation, padding and kind of channels, transposed, depthwise and along one axis.
import * as ops from '../../src/ops/index.ts';
import {
  type ConvOptions,
  conv2d,
  conv2dTranspose,
  depthwiseConv2d,
  type Windows,
} from '../reference/convolutions.ts';
import { steps, uniform } from './draws.ts';
import type { Row, Shapes } from './row.ts';

const near = uniform(-1, 1);
/** Top, bottom, left and right all differ. */
const SIDES = [
  [0, 0],
  [2, 0],
  [1, 3],
  [0, 0],
] as const;

function convolution(note: string, cases: readonly Shapes[], options: ConvOptions = {}): Row {
  const { strides = 1, pad = 'valid', bias: _, ...rest } = options;
  return {
    ...{ op: 'conv2d', note, cases, draws: rest.activation?.startsWith('relu') ? steps(-1, 1) : near },
    run: (x, filter, bias) =>
      ops.conv2d(x!, filter!, strides, pad as 'same', { ...rest, ...(bias ? { bias } : {}) }),
    reference: (x, filter, bias) => conv2d(x!, filter!, { ...options, bias }),
    terms: (_x, filter) => filter!.shape[0]! * filter!.shape[1]! * filter!.shape[2]!,
  };
}

function depthwise(note: string, cases: readonly Shapes[], options: ConvOptions = {}): Row {
  const { strides = 1, pad = 'valid', bias: _, ...rest } = options;
  return {
    ...{ op: 'depthwiseConv2d', note, cases, draws: near },
    run: (x, filter, bias) =>
      ops.depthwiseConv2d(x!, filter!, strides, pad as 'same', { ...rest, ...(bias ? { bias } : {}) }),
    reference: (x, filter, bias) => depthwiseConv2d(x!, filter!, { ...options, bias }),
    terms: (_x, filter) => filter!.shape[0]! * filter!.shape[1]!,
  };
}

function transposed(
  note: string,
  [height, width]: readonly [number, number],
  cases: readonly Shapes[],
  options: Windows = {},
): Row {
  const { strides = 1, pad = 'valid', ...rest } = options;
  return {
    ...{ op: 'conv2dTranspose', note, cases, draws: near },
    run: (x, filter) =>
      ops.conv2dTranspose(
        x!,
        filter!,
        [x!.shape[0]!, height, width, filter!.shape[2]!],
        strides,
        pad as 'same',
        rest,
      ),
    reference: (x, filter) => conv2dTranspose(x!, filter!, [height, width], options),
    terms: (_x, filter) => filter!.shape[0]! * filter!.shape[1]! * filter!.shape[3]!,
  };
}

/** Sizes are such that few pipelines are compiled: products of at most 8 rows, or of more than 16 and no whole quads of them. */
export const CONVOLUTIONS: readonly Row[] = [
  convolution('1x1', [
    [
      [1, 1, 1, 1],
      [1, 1, 1, 1],
    ],
    [
      [1, 2, 3, 7],
      [1, 1, 7, 3],
    ],
  ]),
  convolution(
    '3x3 same',
    [
      [
        [2, 5, 7, 1],
        [3, 3, 1, 4],
      ],
      [
        [1, 5, 5, 4],
        [3, 3, 4, 3],
      ],
      [
        [1, 9, 5, 16],
        [3, 3, 16, 8],
      ],
    ],
    { pad: 'same' },
  ),
  convolution('5x2 valid', [
    [
      [1, 7, 8, 1],
      [5, 2, 1, 2],
    ],
    [
      [2, 9, 6, 7],
      [5, 2, 7, 7],
    ],
  ]),
  convolution(
    'strides of 2, same',
    [
      [
        [1, 9, 10, 1],
        [3, 3, 1, 4],
      ],
      [
        [1, 9, 10, 4],
        [3, 3, 4, 7],
      ],
    ],
    { strides: 2, pad: 'same' },
  ),
  convolution(
    '1x1, strides of 2 and 3',
    [
      [
        [1, 5, 4, 7],
        [1, 1, 7, 3],
      ],
    ],
    { strides: [2, 3] },
  ),
  convolution(
    'dilated, same',
    [
      [
        [1, 7, 6, 4],
        [3, 3, 4, 1],
      ],
    ],
    { dilations: 2, pad: 'same' },
  ),
  convolution(
    'sides padded apart, strides of 1 and 2, dilated across',
    [
      [
        [1, 5, 7, 2],
        [3, 2, 2, 4],
      ],
    ],
    { pad: SIDES, strides: [1, 2], dilations: [1, 2] },
  ),
  convolution(
    'in 2 groups + bias, relu6',
    [
      [[1, 3, 7, 4], [2, 3, 2, 4], [4]],
      [[1, 5, 5, 16], [3, 3, 8, 8], [8]],
    ],
    { groups: 2, pad: 'same', activation: 'relu6' },
  ),
  convolution(
    'in 3 groups, strides of 2',
    [
      [
        [1, 10, 10, 9],
        [2, 2, 3, 3],
      ],
    ],
    { groups: 3, strides: 2 },
  ),
  convolution('+ bias, tanh, padded by 1', [[[1, 2, 3, 4], [3, 3, 4, 3], [3]]], {
    pad: 1,
    activation: 'tanh',
  }),
  transposed(
    '3x3 same, strides of 2',
    [9, 10],
    [
      [
        [1, 5, 5, 2],
        [3, 3, 1, 2],
      ],
    ],
    { strides: 2, pad: 'same' },
  ),
  transposed(
    '4x2 valid',
    [8, 6],
    [
      [
        [1, 5, 5, 3],
        [4, 2, 16, 3],
      ],
    ],
  ),
  {
    ...{ op: 'conv1d', note: 'dilated, padded before', draws: near },
    cases: [
      [
        [3, 9, 3],
        [3, 3, 4],
      ],
      [
        [7, 4],
        [2, 4, 1],
      ],
    ],
    run: (x, filter) => ops.conv1d(x!, filter!, 1, [2, 0], { dilation: 2 }),
    reference: (x, filter) => {
      const y = conv2d(
        { ...x!, shape: [...(x!.shape.length === 2 ? [1] : x!.shape.slice(0, 1)), 1, ...x!.shape.slice(-2)] },
        { ...filter!, shape: [1, ...filter!.shape] },
        {
          dilations: [1, 2],
          pad: [
            [0, 0],
            [0, 0],
            [2, 0],
            [0, 0],
          ],
        },
      );
      return { ...y, shape: [...x!.shape.slice(0, -2), ...y.shape.slice(-2)] };
    },
    terms: (_x, filter) => filter!.shape[0]! * filter!.shape[1]!,
  },
  depthwise(
    '3x3 same',
    [
      [
        [1, 4, 5, 4],
        [3, 3, 4, 1],
      ],
      [
        [2, 3, 19, 7],
        [3, 3, 7, 1],
      ],
    ],
    { pad: 'same' },
  ),
  depthwise(
    '5x2, strides of 2, 3 filters a channel',
    [
      [
        [1, 7, 5, 3],
        [5, 2, 3, 3],
      ],
    ],
    { strides: 2 },
  ),
  depthwise('dilated, sides padded apart, + bias, tanh', [[[1, 5, 6, 5], [2, 3, 5, 1], [5]]], {
    pad: SIDES,
    dilations: 2,
    activation: 'tanh',
  }),
];
