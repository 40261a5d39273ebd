/** The ops of the bench in TensorFlow.js: its own kernels where it has them, else composed as its users do. */
import { EPSILON } from '../ops/row-references.ts';

export interface Tensor {
  readonly shape: readonly number[];
  data(): Promise<Float32Array>;
  dispose(): void;
}

type Forward = (...inputs: Tensor[]) => Tensor;

export interface TfjsOps {
  tidy<T>(fn: () => T): T;
  engine(): { runKernel(name: string, inputs: object, attributes: object): Tensor };
  valueAndGrads(fn: Forward): (inputs: Tensor[], upstream: Tensor) => { value: Tensor; grads: Tensor[] };
  conv2d(x: Tensor, filter: Tensor, strides: number, pad: 'same'): Tensor;
  depthwiseConv2d(x: Tensor, filter: Tensor, strides: number, pad: 'same'): Tensor;
  matMul(a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean): Tensor;
  mul(a: Tensor, b: Tensor | number): Tensor;
  add(a: Tensor, b: Tensor | number): Tensor;
  sub(a: Tensor, b: Tensor): Tensor;
  neg(x: Tensor): Tensor;
  rsqrt(x: Tensor): Tensor;
  softmax(x: Tensor): Tensor;
  logSoftmax(x: Tensor): Tensor;
  sum(x: Tensor, axis: number): Tensor;
  oneHot(indices: Tensor, depth: number): Tensor;
  moments(x: Tensor, axis: number, keepDims: boolean): { mean: Tensor; variance: Tensor };
  unsortedSegmentSum(x: Tensor, ids: Tensor, segments: number): Tensor;
}

const SAME = { strides: [1, 1], pad: 'same', dimRoundingMode: undefined } as const;
const IMAGES = { ...SAME, dataFormat: 'NHWC' } as const;
const OWN = { ...SAME, dilations: [1, 1] } as const;

/** Results in the order of the bench's references; tensors made on the way are the caller's to tidy. */
export type TfjsOp = (tf: TfjsOps, inputs: readonly Tensor[], filterShape: readonly number[]) => Tensor[];

const attention =
  (tf: TfjsOps): Forward =>
  (q, k, v) =>
    tf.matMul(tf.softmax(tf.mul(tf.matMul(q!, k!, false, true), q!.shape.at(-1)! ** -0.5)), v!, false, false);

const normalise =
  (tf: TfjsOps): Forward =>
  (x, gamma, beta) => {
    const { mean, variance } = tf.moments(x!, -1, true);
    return tf.add(tf.mul(tf.mul(tf.sub(x!, mean), tf.rsqrt(tf.add(variance, EPSILON))), gamma!), beta!);
  };

function withGradients(tf: TfjsOps, fn: Forward, inputs: readonly Tensor[], upstream: Tensor): Tensor[] {
  const { value, grads } = tf.valueAndGrads(fn)([...inputs], upstream);
  return [value, ...grads];
}

const CLASSES = 8192;

export const TFJS_OPS: Readonly<Record<string, TfjsOp>> = {
  'conv2d 3x3x64': (tf, [x, filter]) => [tf.conv2d(x!, filter!, 1, 'same')],
  'conv2d 3x3x64 by image': (tf, [dy, filter]) => [
    tf.engine().runKernel('Conv2DBackpropInput', { dy, filter }, { ...IMAGES, inputShape: dy!.shape }),
  ],
  'conv2d 3x3x64 by filter': (tf, [x, dy], filterShape) => [
    tf.engine().runKernel('Conv2DBackpropFilter', { x, dy }, { ...IMAGES, filterShape }),
  ],
  'depthwise 3x3': (tf, [x, filter]) => [tf.depthwiseConv2d(x!, filter!, 1, 'same')],
  'depthwise 3x3 by image': (tf, [dy, filter]) => [
    tf
      .engine()
      .runKernel('DepthwiseConv2dNativeBackpropInput', { dy, filter }, { ...OWN, inputShape: dy!.shape }),
  ],
  'depthwise 3x3 by filter': (tf, [x, dy]) => [
    tf
      .engine()
      .runKernel(
        'DepthwiseConv2dNativeBackpropFilter',
        { x, dy },
        { ...OWN, filterShape: [3, 3, x!.shape[3], 1] },
      ),
  ],
  attention: (tf, [q, k, v]) => [attention(tf)(q!, k!, v!)],
  'attention + gradients': (tf, [q, k, v, dy]) => withGradients(tf, attention(tf), [q!, k!, v!], dy!),
  'layer normalisation': (tf, [x, gamma, beta]) => [normalise(tf)(x!, gamma!, beta!)],
  'layer normalisation + gradients': (tf, [x, gamma, beta, dy]) =>
    withGradients(tf, normalise(tf), [x!, gamma!, beta!], dy!),
  'cross-entropy + gradient': (tf, [logits, labels, dy]) => {
    const hot = tf.oneHot(labels!, CLASSES);
    return withGradients(tf, (x) => tf.neg(tf.sum(tf.mul(hot, tf.logSoftmax(x!)), -1)), [logits!], dy!);
  },
  'embedding gradient': (tf, [dy, ids]) => [tf.unsortedSegmentSum(dy!, ids!, CLASSES)],
};
