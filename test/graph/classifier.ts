// A small classifier as a graph-model, the same by our ops, and the weights and inputs that tests of graphs are made of.
import * as ht from '../../src/node.ts';
import { built, drawn, node, placeholder, type Weight } from './build.ts';

export const floats = (name: string, ...shape: number[]): Weight => {
  return {
    name,
    shape,
    dtype: 'float32',
    values: drawn(
      name,
      shape.reduce((a, b) => a * b, 1),
      -0.5,
      0.5,
    ),
  };
};
export const ints = (name: string, ...values: number[]): Weight => ({
  name,
  shape: [values.length],
  dtype: 'int32',
  values,
});
export const int = (name: string, value: number): Weight => ({
  name,
  shape: [],
  dtype: 'int32',
  values: [value],
});
export const input = (...shape: number[]) =>
  ht.tensor(
    Float32Array.from(
      drawn(
        'input',
        shape.reduce((a, b) => a * b, 1),
      ),
    ),
    { shape },
  );

export const CONV = { strides: [1, 1, 1, 1], dilations: [1, 1, 1, 1], padding: 'SAME', data_format: 'NHWC' };

/** A small classifier: convolutions with what was drawn into them, a shape that is computed, a product. */
export const CLASSIFIER = built(
  [
    placeholder('x', [-1, 8, 8, 3]),
    node('conv', '_FusedConv2D', ['x', 'k', 'b'], { ...CONV, fused_ops: ['BiasAdd', 'Relu6'], num_args: 1 }),
    node('deep', 'FusedDepthwiseConv2dNative', ['conv', 'd', 'e'], {
      ...CONV,
      strides: [1, 2, 2, 1],
      fused_ops: ['BiasAdd', 'Relu'],
      num_args: 1,
    }),
    node('shape', 'Shape', ['deep'], { out_type: 'DT_INT32' }),
    node('batch', 'StridedSlice', ['shape', 'zero', 'one', 'one'], { shrink_axis_mask: 1 }),
    node('flat', 'Pack', ['batch', 'rest'], { axis: 0, N: 2 }),
    node('rows', 'Reshape', ['deep', 'flat']),
    node('logits', '_FusedMatMul', ['rows', 'm', 'c'], { fused_ops: ['BiasAdd'], num_args: 1 }),
    node('probabilities', 'Softmax', ['logits']),
    node('classes', 'ArgMax', ['logits', 'rest']),
  ],
  [
    ...[floats('k', 3, 3, 3, 8), floats('b', 8), floats('d', 3, 3, 8, 1), floats('e', 8)],
    ...[ints('zero', 0), ints('one', 1), int('rest', -1), floats('m', 128, 5), floats('c', 5)],
  ],
  {
    signature: {
      inputs: { images: { name: 'x:0' } },
      outputs: { probabilities: { name: 'probabilities:0' } },
    },
  },
);

/** The same by our ops. */
export function classifier(x: ht.Tensor): ht.Tensor {
  const [k, b, d, e, , , , m, c] = CLASSIFIER.stored.map(({ values, shape }) =>
    shape.length === 0 ? ht.tensor([0]) : ht.tensor(Float32Array.from(values), { shape }),
  ) as ht.Tensor[];
  const first = ht.relu6(ht.conv2d(x, k!, 1, 'same', { bias: b! }));
  const second = ht.depthwiseConv2d(first, d!, 2, 'same', { bias: e!, activation: 'relu' });
  return ht.softmax(ht.matMul(ht.reshape(second, [x.shape[0]!, 128]), m!, false, false, { bias: c! }));
}
