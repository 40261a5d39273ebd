// Cases of all ops that graphs may have, each a graph of one node, and what its inputs are drawn from.
import { type Attr, drawn } from './build.ts';
import type { Arg, GraphCase } from './case-graph.ts';

const x = (...shape: number[]): Arg => ({ shape, dtype: 'float32' });
const positive = (...shape: number[]): Arg => ({ shape, dtype: 'float32', low: 0.25, high: 4 });
const ints = (high: number, ...shape: number[]): Arg => ({ shape, dtype: 'int32', low: 0, high });
const bools = (...shape: number[]): Arg => ({ shape, dtype: 'bool', low: 0, high: 2 });
const c = (...values: number[]): Arg => ({ constant: values, shape: [values.length], dtype: 'int32' });
const one = (value: number, dtype: 'float32' | 'int32' = 'int32'): Arg => ({
  constant: [value],
  shape: [],
  dtype,
});
const table = (...rows: number[][]): Arg => ({
  constant: rows.flat(),
  shape: [rows.length, rows[0]!.length],
  dtype: 'int32',
});
const weight = (name: string, ...shape: number[]): Arg => ({
  constant: drawn(
    name,
    shape.reduce((a, b) => a * b, 1),
    -1,
    1,
  ),
  shape,
  dtype: 'float32',
});

const NAMED: GraphCase[] = [];
const of = (op: string, args: readonly Arg[], attrs: Record<string, Attr> = {}, outputs = 1) => {
  NAMED.push({ op, args, attrs, outputs });
};
const float = (f: number) => ({ f });

for (const op of [
  'Abs',
  'Ceil',
  'Cos',
  'Elu',
  'Erf',
  'Exp',
  'Expm1',
  'Floor',
  'Neg',
  'Relu',
  'Relu6',
  'Round',
  'Selu',
  'Sigmoid',
  'Sign',
  'Sin',
  'Softplus',
  'Square',
  'Tan',
  'Tanh',
  'IsFinite',
  'IsInf',
  'IsNan',
  'OnesLike',
  'ZerosLike',
  'Identity',
  'StopGradient',
  'Snapshot',
])
  of(op, [x(2, 5)]);
for (const op of ['Asinh', 'Atan', 'Cosh', 'Sinh']) of(op, [x(2, 5)]);
const within: Arg = { shape: [2, 5], dtype: 'float32', low: -0.96875, high: 0.96875 };
for (const op of ['Acos', 'Asin', 'Atanh']) of(op, [within]);
of('Acosh', [{ shape: [2, 5], dtype: 'float32', low: 1, high: 4 }]);
for (const op of ['Log', 'Log1p', 'Reciprocal', 'Rsqrt', 'Sqrt']) of(op, [positive(2, 5)]);
for (const op of [
  'Add',
  'AddV2',
  'Atan2',
  'Maximum',
  'Minimum',
  'Mul',
  'Prelu',
  'Sub',
  'SquaredDifference',
  'Equal',
  'NotEqual',
  'Greater',
  'GreaterEqual',
  'Less',
  'LessEqual',
])
  of(op, [x(2, 3, 4), x(3, 1)]);
for (const op of ['Div', 'DivNoNan', 'FloorDiv', 'FloorMod', 'Mod', 'RealDiv'])
  of(op, [x(2, 5), positive(5)]);
of('Pow', [positive(2, 5), one(2, 'float32')]);
for (const op of ['LogicalAnd', 'LogicalOr']) of(op, [bools(2, 5), bools(5)]);
of('LogicalNot', [bools(2, 5)]);
of('AddN', [x(2, 3), x(2, 3), x(2, 3)]);
of('Cast', [x(2, 3)], { DstT: 'DT_INT32', SrcT: 'DT_FLOAT' });
of('Cast', [ints(3, 2, 3)], { DstT: 'DT_BOOL', SrcT: 'DT_INT32' });
of('ClipByValue', [x(2, 5), one(-0.5, 'float32'), one(1, 'float32')]);
of('LeakyRelu', [x(2, 5)], { alpha: float(0.125) });
of('Select', [bools(3, 2), x(3, 2), x(3, 2)]);
of('SelectV2', [bools(3, 1), x(3, 2), x(2)]);

const conv = { strides: [1, 2, 1, 1], dilations: [1, 1, 1, 1], data_format: 'NHWC', T: 'DT_FLOAT' };
of('Conv2D', [x(2, 6, 5, 3), weight('k', 3, 3, 3, 4)], { ...conv, padding: 'SAME', explicit_paddings: [] });
of('Conv2D', [x(1, 6, 5, 3), weight('k', 2, 3, 3, 4)], {
  ...conv,
  padding: 'VALID',
  strides: [1, 1, 1, 1],
  dilations: [1, 2, 2, 1],
});
of('Conv2D', [x(1, 5, 5, 2), weight('k', 3, 3, 2, 3)], {
  ...conv,
  strides: [1, 1, 1, 1],
  padding: 'EXPLICIT',
  explicit_paddings: [0, 0, 1, 0, 2, 1, 0, 0],
});
for (const steps of [
  ['BiasAdd'],
  ['BiasAdd', 'Relu'],
  ['BiasAdd', 'Relu6'],
  ['BiasAdd', 'Elu'],
  ['BiasAdd', 'Sigmoid'],
]) {
  of('_FusedConv2D', [x(1, 4, 4, 3), weight('k', 3, 3, 3, 4), weight('b', 4)], {
    ...conv,
    padding: 'SAME',
    fused_ops: steps,
    num_args: 1,
    epsilon: float(0),
  });
  if (steps.length > 1)
    of('_FusedMatMul', [x(3, 4), weight('m', 4, 2), weight('b', 2)], {
      transpose_a: false,
      transpose_b: false,
      fused_ops: steps,
      num_args: 1,
    });
}
of('_FusedConv2D', [x(1, 4, 4, 3), weight('k', 1, 1, 3, 4), weight('b', 4)], {
  ...conv,
  padding: 'SAME',
  fused_ops: ['BiasAdd', 'LeakyRelu'],
  num_args: 1,
  leakyrelu_alpha: float(0.25),
});
of('_FusedConv2D', [x(1, 4, 4, 3), weight('k', 1, 1, 3, 4), weight('b', 4), weight('p', 4)], {
  ...conv,
  padding: 'SAME',
  fused_ops: ['BiasAdd', 'Prelu'],
  num_args: 2,
});
const deep = { ...conv, strides: [1, 2, 2, 1] };
of('DepthwiseConv2dNative', [x(1, 5, 5, 3), weight('d', 3, 3, 3, 2)], { ...deep, padding: 'SAME' });
of('FusedDepthwiseConv2dNative', [x(1, 5, 5, 3), weight('d', 3, 3, 3, 1), weight('b', 3)], {
  ...deep,
  padding: 'SAME',
  fused_ops: ['BiasAdd', 'Relu6'],
  num_args: 1,
});
of('Conv2DBackpropInput', [c(1, 6, 6, 2), weight('t', 3, 3, 2, 4), x(1, 3, 3, 4)], {
  ...deep,
  padding: 'SAME',
});
of('AvgPool', [x(1, 5, 5, 2)], {
  ksize: [1, 3, 2, 1],
  strides: [1, 2, 2, 1],
  padding: 'SAME',
  data_format: 'NHWC',
});
of('MaxPool', [x(1, 5, 5, 2)], {
  ksize: [1, 2, 2, 1],
  strides: [1, 1, 2, 1],
  padding: 'VALID',
  data_format: 'NHWC',
});
const volumes = { strides: [1, 1, 2, 1, 1], padding: 'SAME', data_format: 'NDHWC', T: 'DT_FLOAT' };
of('Conv3D', [x(2, 3, 4, 3, 2), weight('k', 2, 3, 2, 2, 3)], { ...volumes, dilations: [1, 1, 1, 1, 1] });
of('AvgPool3D', [x(1, 3, 4, 3, 2)], { ...volumes, padding: 'VALID', ksize: [1, 2, 2, 2, 1] });
of('MaxPool3D', [x(1, 3, 4, 3, 2)], { ...volumes, ksize: [1, 2, 3, 2, 1] });
for (const op of ['FusedBatchNorm', 'FusedBatchNormV2', 'FusedBatchNormV3'])
  of(op, [x(2, 3, 3, 4), weight('g', 4), weight('o', 4), weight('m', 4), { ...positive(4) }], {
    is_training: false,
    epsilon: float(0.001),
    data_format: 'NHWC',
  });
of('BiasAdd', [x(2, 3, 3, 4), weight('b', 4)]);
for (const half of [false, true]) {
  of('ResizeBilinear', [x(1, 3, 4, 2), c(5, 6)], { align_corners: false, half_pixel_centers: half });
  of('ResizeNearestNeighbor', [x(1, 3, 4, 2), c(6, 8)], { align_corners: false, half_pixel_centers: half });
}
of('ResizeBilinear', [x(1, 3, 4, 2), c(5, 6)], { align_corners: true, half_pixel_centers: false });
of('ResizeNearestNeighbor', [x(1, 3, 4, 2), c(6, 8)], { align_corners: true, half_pixel_centers: false });
for (const method of ['bilinear', 'nearest'])
  of(
    'CropAndResize',
    [x(2, 4, 5, 3), { shape: [3, 4], dtype: 'float32', low: -0.25, high: 1.25 }, c(0, 1, 0), c(3, 2)],
    {
      method,
      extrapolation_value: float(0.5),
    },
  );
of('CropAndResize', [x(2, 4, 5, 3), weight('boxes', 1, 4), c(1), c(1, 4)], { method: 'bilinear' });
of('LRN', [x(1, 2, 3, 6)], { depth_radius: 2, bias: float(1.5), alpha: float(0.75), beta: float(0.25) });
of('MatMul', [ints(9, 3, 2), ints(9, 4, 2)], { transpose_a: false, transpose_b: true });
of('MatMul', [x(3, 4), weight('m', 2, 4)], { transpose_a: false, transpose_b: true });
of('BatchMatMul', [x(2, 3, 4), x(2, 4, 2)], { adj_x: false, adj_y: false });
of('BatchMatMulV2', [x(2, 4, 3), x(2, 4, 2)], { adj_x: true, adj_y: false });
of('Einsum', [x(2, 3, 4), x(4, 5)], { equation: 'abc,cd->abd', N: 2 });

for (const op of ['Max', 'Mean', 'Min', 'Sum']) {
  of(op, [x(2, 3, 4), c(0, 2)], { keep_dims: false });
  of(op, [x(2, 3, 4), c(-1)], { keep_dims: true });
}
of('Prod', [positive(2, 3), c(1)], { keep_dims: false });
of('EuclideanNorm', [x(2, 3), c(1)], { keep_dims: false });
for (const op of ['All', 'Any']) of(op, [bools(2, 3), c(1)], { keep_dims: false });
for (const op of ['ArgMax', 'ArgMin']) of(op, [x(2, 5), one(1)]);
for (const op of ['Softmax', 'LogSoftmax']) of(op, [x(2, 5)]);

of('BatchToSpaceND', [x(4, 2, 3, 2), c(2, 2), table([0, 1], [1, 0])]);
of('SpaceToBatchND', [x(1, 3, 5, 2), c(2, 2), table([0, 1], [1, 0])]);
of('BroadcastTo', [x(3, 1), c(2, 3, 4)]);
of('ConcatV2', [x(2, 3), x(2, 1), one(-1)], { N: 2 });
of('Concat', [one(0), x(2, 3), x(1, 3)], { N: 2 });
for (const [exclusive, reverse] of [
  [false, true],
  [true, false],
])
  of('Cumprod', [x(2, 3, 2), one(1)], { exclusive: exclusive!, reverse: reverse! });
of('Cumsum', [x(2, 4), one(1)], { exclusive: true, reverse: false });
of('DepthToSpace', [x(1, 2, 3, 8)], { block_size: 2, data_format: 'NHWC' });
of('ExpandDims', [x(2, 3), one(1)]);
of('GatherV2', [x(4, 3), ints(4, 2, 2), one(0)], { batch_dims: 0 });
of('GatherV2', [x(2, 4), c(3, 1), one(-1)], { batch_dims: 0 });
of('GatherV2', [x(2, 4, 3), ints(4, 2, 2), one(1)], { batch_dims: 1 });
of('GatherV2', [x(2, 3, 4, 2), ints(4, 2, 2), one(2)], { batch_dims: 1 });
of('Gather', [x(4, 3), c(3, 0)]);
of('GatherNd', [x(3, 4), table([0, 1], [2, 3])]);
of('LinSpace', [one(-1, 'float32'), one(2.5, 'float32'), one(5)]);
of('LinSpace', [one(3, 'float32'), one(4, 'float32'), one(1)]);
for (const reach of [0, 1]) of('MatrixBandPart', [x(2, 3, 4), one(reach), one(reach)]);
of('MirrorPad', [x(3, 4), table([1, 0], [2, 1])], { mode: 'REFLECT' });
of('MirrorPad', [x(3, 4), table([1, 0], [2, 1])], { mode: 'SYMMETRIC' });
of('Pack', [x(2, 3), x(2, 3)], { axis: 1, N: 2 });
of('Pad', [x(2, 3), table([1, 0], [0, 2])]);
of('PadV2', [x(2, 3), table([1, 0], [0, 2]), one(5, 'float32')]);
of('Reshape', [x(2, 6), c(3, -1)]);
of('ReverseV2', [x(2, 3), c(1)]);
of('Reverse', [x(2, 3), { constant: [0, 1], shape: [2], dtype: 'bool' }]);
of('ScatterNd', [table([0], [2]), x(2, 3), c(4, 3)]);
of('SparseToDense', [table([0, 1], [2, 0]), c(3, 2), x(2), one(5, 'float32')]);
of('SparseToDense', [c(1, 3), c(5), one(7), one(0)]);
of('Slice', [x(4, 5), c(1, 0), c(2, -1)]);
of('Split', [one(1), x(2, 6)], { num_split: 3 }, 3);
of('SplitV', [x(2, 6), c(2, 4), one(1)], { num_split: 2 }, 2);
of('Squeeze', [x(1, 3, 1)], { squeeze_dims: [2] });
of('Squeeze', [x(1, 3, 1)], { squeeze_dims: [] });
of('StridedSlice', [x(4, 5), c(3, 1), c(0, 5), c(-1, 2)], {
  begin_mask: 0,
  end_mask: 1,
  shrink_axis_mask: 0,
});
of('StridedSlice', [x(4, 5), c(0, -1), c(0, 0), c(1, 1)], {
  begin_mask: 1,
  end_mask: 1,
  ellipsis_mask: 0,
  new_axis_mask: 0,
  shrink_axis_mask: 2,
});
of('TensorScatterUpdate', [x(4, 2), table([1], [3]), x(2, 2)]);
of('Tile', [x(2, 3), c(2, 1)]);
of('TopKV2', [x(2, 6), one(3)], { sorted: true }, 2);
of('Transpose', [x(2, 3, 4), c(2, 0, 1)]);
of('Unpack', [x(2, 3)], { axis: 1, num: 3 }, 3);
of('OneHot', [ints(4, 3), one(4), one(1, 'float32'), one(0, 'float32')], { axis: -1, dtype: 'DT_FLOAT' });
of('OneHot', [ints(4, 3), one(4), one(5, 'float32'), one(-1, 'float32')], { axis: -1, dtype: 'DT_FLOAT' });
const none: Arg = { constant: [], shape: [0], dtype: 'float32' };
of('Bincount', [ints(6, 9), one(5), none]);
of('Bincount', [ints(6, 9), one(6), x(9)]);
of('DenseBincount', [ints(4, 2, 5), one(3), none], { binary_output: false });
of('DenseBincount', [ints(4, 2, 5), one(4), none], { binary_output: true });

const boxes: Arg = { shape: [12, 4], dtype: 'float32', low: 0, high: 1 };
const scores: Arg = { shape: [12], dtype: 'float32', low: 0, high: 1 };
const limits = [one(5), one(0.25, 'float32')];
of('NonMaxSuppressionV2', [boxes, scores, ...limits]);
of('NonMaxSuppressionV3', [boxes, scores, ...limits, one(0.5, 'float32')]);
of('NonMaxSuppressionV3', [boxes, scores, ...limits, one(2, 'float32')]);
for (const padded of [false, true])
  of(
    'NonMaxSuppressionV4',
    [boxes, scores, one(9), one(0.125, 'float32'), one(0.25, 'float32')],
    { pad_to_max_output_size: padded },
    2,
  );
for (const sigma of [0, 0.5])
  of(
    'NonMaxSuppressionV5',
    [boxes, scores, one(9), one(1, 'float32'), one(0.125, 'float32'), one(sigma, 'float32')],
    {},
    2,
  );
of('Where', [bools(3, 4)]);
of('Where', [{ constant: [0, 0], shape: [2], dtype: 'bool' }]);
of('Unique', [ints(4, 8)], {}, 2);
of('UniqueV2', [ints(4, 8), one(0)], {}, 2);
of('ListDiff', [ints(6, 8), c(1, 4)], {}, 2);
of('Fill', [c(2, 3), one(1.5, 'float32')], { T: 'DT_FLOAT' });
of('Range', [one(1), one(10), one(4)]);
of('Shape', [x(2, 3, 4)]);
of('Size', [x(2, 3, 4)]);
of('Rank', [x(2, 3, 4)]);

export const GRAPH_CASES: readonly GraphCase[] = NAMED;
