/** The ops of the bench in jax-js, jitted: gradients by `vjp`; images are channels first, as it wants them. */
import { EPSILON } from '../ops/row-references.ts';

/** An operation consumes its arrays; `ref` keeps one for further use. */
export interface Value {
  readonly ref: Value;
  readonly shape: readonly number[];
  readonly dtype: string;
  add(other: Value | number): Value;
  sub(other: Value | number): Value;
  mul(other: Value | number): Value;
  div(other: Value | number): Value;
  sum(): Value;
  data(): Promise<ArrayBufferView<ArrayBuffer>>;
  blockUntilReady(): Promise<Value>;
  dispose(): void;
}

type Forward = (...inputs: Value[]) => Value;
interface ConvOptions {
  readonly featureGroupCount?: number;
}

export interface JaxOps {
  vjp(fn: Forward, inputs: Value[]): [Value, (upstream: Value) => Value[]];
  readonly lax: {
    convGeneralDilated(x: Value, filter: Value, strides: number[], pad: 'SAME', options?: ConvOptions): Value;
  };
  readonly numpy: {
    matmul(a: Value, b: Value): Value;
    matrixTranspose(a: Value): Value;
    mean(x: Value, axis: number, options: { keepdims: boolean }): Value;
    sum(x: Value, axis: number): Value;
    sqrt(x: Value): Value;
    take(table: Value, indices: Value, axis: number): Value;
    zeros(shape: readonly number[], options: { dtype: string }): Value;
  };
  readonly nn: {
    softmax(x: Value, axis: number): Value;
    logSoftmax(x: Value, axis: number): Value;
    oneHot(x: Value, classes: number): Value;
  };
}

/** How an input or a result lies there: images (n, channels, height, width), filters (out, in, height, width), depthwise ones (channels, 1, height, width). */
export type Lie = 'image' | 'filter' | 'own filter' | 'plain';

export interface JaxOp {
  readonly inputs: readonly Lie[];
  readonly results: readonly Lie[];
  run(jax: JaxOps, inputs: readonly Value[]): Value[];
}

function withGradients(jax: JaxOps, fn: Forward, inputs: readonly Value[], upstream: Value): Value[] {
  const [y, back] = jax.vjp(fn, [...inputs]);
  return [y, ...back(upstream)];
}

/** The gradient of a linear function, which is the same wherever it is taken: at zeros of this shape. */
function gradientAlone(jax: JaxOps, fn: Forward, shape: readonly number[], upstream: Value): Value[] {
  const [y, back] = jax.vjp(fn, [jax.numpy.zeros(shape, { dtype: upstream.dtype })]);
  y.dispose();
  return back(upstream);
}

const conv =
  (jax: JaxOps, featureGroupCount = 1): Forward =>
  (x, filter) =>
    jax.lax.convGeneralDilated(x!, filter!, [1, 1], 'SAME', { featureGroupCount });

const attention =
  ({ nn, numpy }: JaxOps): Forward =>
  (q, k, v) =>
    numpy.matmul(nn.softmax(numpy.matmul(q!, numpy.matrixTranspose(k!)).mul(64 ** -0.5), -1), v!);

const normalise =
  ({ numpy }: JaxOps): Forward =>
  (x, gamma, beta) => {
    const centred = x!.ref.sub(numpy.mean(x!, -1, { keepdims: true }));
    const variance = numpy.mean(centred.ref.mul(centred.ref), -1, { keepdims: true });
    return centred
      .div(numpy.sqrt(variance.add(EPSILON)))
      .mul(gamma!)
      .add(beta!);
  };

const CLASSES = 8192;
const CHANNELS = 64;

export const JAX_OPS: Readonly<Record<string, JaxOp>> = {
  'conv2d 3x3x64': {
    ...{ inputs: ['image', 'filter'], results: ['image'] },
    run: (jax, [x, filter]) => [conv(jax)(x!, filter!)],
  },
  'conv2d 3x3x64 by image': {
    ...{ inputs: ['image', 'filter'], results: ['image'] },
    run: (jax, [dy, filter]) => gradientAlone(jax, (x) => conv(jax)(x!, filter!), dy!.shape, dy!),
  },
  'conv2d 3x3x64 by filter': {
    ...{ inputs: ['image', 'image'], results: ['filter'] },
    run: (jax, [x, dy]) =>
      gradientAlone(jax, (filter) => conv(jax)(x!, filter!), [CHANNELS, CHANNELS, 3, 3], dy!),
  },
  'depthwise 3x3 by image': {
    ...{ inputs: ['image', 'own filter'], results: ['image'] },
    run: (jax, [dy, filter]) => gradientAlone(jax, (x) => conv(jax, CHANNELS)(x!, filter!), dy!.shape, dy!),
  },
  'depthwise 3x3 by filter': {
    ...{ inputs: ['image', 'image'], results: ['own filter'] },
    run: (jax, [x, dy]) =>
      gradientAlone(jax, (filter) => conv(jax, CHANNELS)(x!, filter!), [CHANNELS, 1, 3, 3], dy!),
  },
  'embedding gradient': {
    ...{ inputs: ['plain', 'plain'], results: ['plain'] },
    run: (jax, [dy, ids]) =>
      gradientAlone(jax, (table) => jax.numpy.take(table!, ids!, 0), [CLASSES, dy!.shape[1]!], dy!),
  },
  'depthwise 3x3': {
    ...{ inputs: ['image', 'own filter'], results: ['image'] },
    run: (jax, [x, filter]) => [conv(jax, CHANNELS)(x!, filter!)],
  },
  attention: {
    ...{ inputs: ['plain', 'plain', 'plain'], results: ['plain'] },
    run: (jax, [q, k, v]) => [attention(jax)(q!, k!, v!)],
  },
  'attention + gradients': {
    ...{ inputs: ['plain', 'plain', 'plain', 'plain'], results: ['plain', 'plain', 'plain', 'plain'] },
    run: (jax, [q, k, v, dy]) => withGradients(jax, attention(jax), [q!, k!, v!], dy!),
  },
  'layer normalisation': {
    ...{ inputs: ['plain', 'plain', 'plain'], results: ['plain'] },
    run: (jax, [x, gamma, beta]) => [normalise(jax)(x!, gamma!, beta!)],
  },
  'layer normalisation + gradients': {
    ...{ inputs: ['plain', 'plain', 'plain', 'plain'], results: ['plain', 'plain', 'plain', 'plain'] },
    run: (jax, [x, gamma, beta, dy]) => withGradients(jax, normalise(jax), [x!, gamma!, beta!], dy!),
  },
  'cross-entropy + gradient': {
    ...{ inputs: ['plain', 'plain', 'plain'], results: ['plain', 'plain'] },
    run: (jax, [logits, labels, dy]) => {
      const hot = jax.nn.oneHot(labels!, CLASSES);
      const loss: Forward = (x) => jax.numpy.sum(jax.nn.logSoftmax(x!, -1).mul(hot), -1).mul(-1);
      return withGradients(jax, loss, [logits!], dy!);
    },
  },
};
