/** Ops of a graph on images: convolutions, pooling, normalisation by channel, resizing; and products of matrices. */

import type { Tensor } from '../../../autograd/tensor.ts';
import { add } from '../../../ops/add.ts';
import { addN } from '../../../ops/add-n.ts';
import { batchNormalization } from '../../../ops/batch-normalization.ts';
import { cast } from '../../../ops/cast.ts';
import { conv2d } from '../../../ops/conv2d.ts';
import { conv2dTranspose } from '../../../ops/conv2d-transpose.ts';
import { depthwiseConv2d } from '../../../ops/depthwise-conv2d.ts';
import { div } from '../../../ops/div.ts';
import { einsum } from '../../../ops/einsum.ts';
import { matMul } from '../../../ops/mat-mul.ts';
import { mul } from '../../../ops/mul.ts';
import { pad } from '../../../ops/pad.ts';
import { avgPool, maxPool } from '../../../ops/pool.ts';
import { pow } from '../../../ops/pow.ts';
import { reshape } from '../../../ops/reshape.ts';
import { resizeBilinear, resizeNearestNeighbor } from '../../../ops/resize.ts';
import { slice } from '../../../ops/slice.ts';
import { square } from '../../../ops/square.ts';
import { expandDims } from '../../../ops/squeeze.ts';
import { sum } from '../../../ops/sum.ts';
import { transpose } from '../../../ops/transpose.ts';
import { isFloat } from '../../../values/dtype.ts';
import { FormatError } from '../../../values/errors.ts';
import type { ExplicitPadding, Padding, Pair } from '../../../values/window.ts';
import type { OpCall, OpTable } from '../op-call.ts';
import { cropAndResize } from './crop-and-resize.ts';
import { fused } from './fused.ts';

export const IMAGES: OpTable = {
  Conv2D: (n) => onImages(n, n.tensor(0), (x, sides) => convolved(n, x, sides, {})),
  _FusedConv2D: (n) =>
    onImages(n, n.tensor(0), (x, sides) => fused(n, 2, (epilogue) => convolved(n, x, sides, epilogue))),
  DepthwiseConv2dNative: (n) => onImages(n, n.tensor(0), (x, sides) => byChannel(n, x, sides, {})),
  FusedDepthwiseConv2dNative: (n) =>
    onImages(n, n.tensor(0), (x, sides) => fused(n, 2, (epilogue) => byChannel(n, x, sides, epilogue))),
  Conv2DBackpropInput: (n) =>
    onImages(n, n.tensor(2), (x, { strides, pad, dilations, order }) => {
      const given = n.ints(0);
      // Some graphs leave the batch open, or name height and width alone.
      const sizes = given.length === 4 ? order.map((axis) => given[axis]!).slice(1, 3) : given;
      const shape = [x.shape[0]!, ...sizes, n.shape(1)[2]!];
      return conv2dTranspose(x, n.tensor(1), shape, strides, pad, { dilations });
    }),

  AvgPool: (n) => onImages(n, n.tensor(0), (x, { size, strides, pad }) => avgPool(x, size(), strides, pad)),
  MaxPool: (n) => onImages(n, n.tensor(0), (x, { size, strides, pad }) => maxPool(x, size(), strides, pad)),

  LRN: (n) => normalisedLocally(n),
  FusedBatchNorm: (n) => normalised(n),
  FusedBatchNormV2: (n) => normalised(n),
  FusedBatchNormV3: (n) => normalised(n),
  BiasAdd: (n) => {
    const [x, bias] = [n.tensor(0), n.tensor(1)];
    const first = n.attributes.string('data_format', 'NHWC') === 'NCHW';
    const rest = new Array<number>(Math.max(0, x.rank - 2)).fill(1);
    return add(x, first ? reshape(bias, [bias.size, ...rest]) : bias);
  },

  CropAndResize: (n) =>
    cropAndResize({
      ...{ images: n.tensor(0), boxes: n.tensor(1), which: cast(n.tensor(2), 'int32') },
      size: n.ints(3) as unknown as Pair,
      method: n.attributes.string('method', 'bilinear', ['bilinear', 'nearest']) as 'bilinear' | 'nearest',
      outside: n.attributes.float('extrapolation_value', 0),
    }),
  ResizeBilinear: (n) => resizeBilinear(cast(n.tensor(0), 'float32'), ...sampling(n)),
  ResizeNearestNeighbor: (n) => resizeNearestNeighbor(n.tensor(0), ...sampling(n)),

  MatMul: (n) => product(n, 'transpose_a', 'transpose_b'),
  _FusedMatMul: (n) =>
    fused(n, 2, (epilogue) =>
      matMul(n.tensor(0), n.tensor(1), ...transposed(n, 'transpose_a', 'transpose_b'), epilogue),
    ),
  BatchMatMul: (n) => product(n, 'adj_x', 'adj_y'),
  BatchMatMulV2: (n) => product(n, 'adj_x', 'adj_y'),
  Einsum: (n) => einsum(n.attributes.string('equation'), ...n.tensors()),
};

/** What slides over images, as our ops take it. */
interface Sides {
  readonly strides: Pair;
  readonly dilations: Pair;
  readonly pad: Padding;
  /** Of a window, height and width. */
  size(): Pair;
  /** Axes as the graph has them, in the order batch, height, width, channels. */
  readonly order: readonly number[];
}

const LAST = [0, 1, 2, 3];
const FIRST = [0, 2, 3, 1];

/** `fn` on images with their channels last; where the graph has them first, they are moved there and back. */
function onImages(n: OpCall, x: Tensor, fn: (x: Tensor, sides: Sides) => Tensor): Tensor {
  const { attributes } = n;
  const format = attributes.string('data_format', 'NHWC', ['NHWC', 'NCHW']);
  const order = format === 'NCHW' ? FIRST : LAST;
  const pair = (name: string, fallback?: readonly number[]): Pair => {
    const all = attributes.ints(name, fallback, 4);
    const [batch, height, width, channels] = order.map((axis) => all[axis]!);
    if (batch !== 1 || channels !== 1)
      throw new FormatError(`attribute '${name}' is [${all.join(', ')}]; use 1 for batch and channels`);
    return [height!, width!];
  };
  const sides: Sides = {
    strides: pair('strides'),
    dilations: pair('dilations', [1, 1, 1, 1]),
    pad: paddingOf(n, order),
    size: () => pair('ksize'),
    order,
  };
  if (order === LAST) return fn(x, sides);
  return transpose(fn(transpose(x, FIRST), sides), [0, 3, 1, 2]);
}

function paddingOf({ attributes }: OpCall, order: readonly number[]): Padding {
  const padding = attributes.string('padding', undefined, ['SAME', 'VALID', 'EXPLICIT']);
  if (padding !== 'EXPLICIT') return padding === 'SAME' ? 'same' : 'valid';
  const flat = attributes.ints('explicit_paddings', undefined, 8);
  return order.map((axis) => [flat[axis * 2]!, flat[axis * 2 + 1]!]) as unknown as ExplicitPadding;
}

function convolved(n: OpCall, x: Tensor, { strides, pad, dilations }: Sides, epilogue: object): Tensor {
  const own = n.shape(1)[2]!;
  const groups = own > 0 && x.shape[3]! % own === 0 ? x.shape[3]! / own : 1;
  return conv2d(x, n.tensor(1), strides, pad, { dilations, groups, ...epilogue });
}

function byChannel(n: OpCall, x: Tensor, { strides, pad, dilations }: Sides, epilogue: object): Tensor {
  return depthwiseConv2d(x, n.tensor(1), strides, pad, { dilations, ...epilogue });
}

function normalised(n: OpCall): Tensor {
  const { attributes } = n;
  if (attributes.bool('is_training', true))
    throw new FormatError('it normalises by its batch, as in training; export the model for inference');
  const axis = attributes.string('data_format', 'NHWC', ['NHWC', 'NCHW']) === 'NCHW' ? 1 : -1;
  const [x, gamma, beta, mean, variance] = [0, 1, 2, 3, 4].map((index) => n.tensor(index));
  return batchNormalization(x!, {
    ...{ gamma, beta, mean, variance, axis },
    epsilon: attributes.float('epsilon', 1e-4),
  });
}

/** x / (bias + alpha sum x^2)^beta, the sum over so many channels to both sides: `tf.nn.lrn`. */
function normalisedLocally(n: OpCall): Tensor {
  const [x, { attributes }] = [n.tensor(0), n];
  const radius = attributes.int('depth_radius', 5);
  if (x.rank !== 4 || radius < 0) throw new FormatError(`rank ${x.rank}, radius ${radius}; use 4, 0 or more`);
  const reach = Math.min(radius, x.shape[3]! - 1);
  const padded = pad(square(x), [
    [0, 0],
    [0, 0],
    [0, 0],
    [reach, reach],
  ]);
  const windows = Array.from({ length: 2 * reach + 1 }, (_, i) => slice(padded, [0, 0, 0, i], x.shape));
  const sums = mul(addN(windows), attributes.float('alpha', 1));
  return div(x, pow(add(sums, attributes.float('bias', 1)), attributes.float('beta', 0.5)));
}

function sampling(n: OpCall): [Pair, boolean, boolean] {
  const size = n.ints(1);
  return [
    size as unknown as Pair,
    n.attributes.bool('align_corners'),
    n.attributes.bool('half_pixel_centers'),
  ];
}

/** Of integers, which index arithmetic has, the elements' products are summed as they are. */
function product(n: OpCall, first: string, second: string): Tensor {
  const [a, b] = [n.tensor(0), n.tensor(1)];
  const [turnA, turnB] = transposed(n, first, second);
  if (isFloat(a.dtype) || a.rank < 2 || b.rank < 2) return matMul(a, b, turnA, turnB);
  const rows = expandDims(turnA ? swapped(a) : a, -1);
  const columns = expandDims(turnB ? swapped(b) : b, -3);
  return sum(mul(rows, columns), -2);
}

function swapped(x: Tensor): Tensor {
  const axes = x.shape.map((_, axis) => axis);
  return transpose(x, [...axes.slice(0, -2), x.rank - 1, x.rank - 2]);
}

function transposed({ attributes }: OpCall, a: string, b: string): [boolean, boolean] {
  return [attributes.bool(a), attributes.bool(b)];
}
