// Regularizers and constraints of every layer that has weights, and regularizers of what layers give.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { number, numbers } from './step.ts';
import { assertClose } from './tolerances.ts';

const test = suite('regularizers of layers');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ seed: 3 });
});
test.after(() => engine.close());

const KERNEL = [0.5, -2, 1.5, 0.25, -0.75, 1];
const near = (op: string) => ({ op, dtype: 'float32', terms: 6 }) as const;

test('every kind of weight takes them, under the name of the weight', async () => {
  const rule = (name: string) => ({
    [`${name}Regularizer`]: ht.regularizers.l1({ l1: 1 }),
    [`${name}Constraint`]: 'nonNeg',
  });
  const kinds: [ht.Layer<never, never, never>, readonly number[] | readonly number[][], number][] = [
    [ht.layers.conv2d({ filters: 2, kernelSize: 2, ...rule('kernel'), ...rule('bias') }), [4, 4, 3], 2],
    [ht.layers.conv2dTranspose({ filters: 2, kernelSize: 2, ...rule('kernel') }), [4, 4, 3], 1],
    [ht.layers.depthwiseConv2d({ kernelSize: 2, ...rule('depthwise'), ...rule('bias') }), [4, 4, 3], 2],
    [
      ht.layers.separableConv2d({ filters: 2, kernelSize: 2, ...rule('depthwise'), ...rule('pointwise') }),
      [4, 4, 3],
      2,
    ],
    [ht.layers.lstm({ units: 2, ...rule('kernel'), ...rule('recurrent'), ...rule('bias') }), [4, 3], 3],
    [ht.layers.gru({ units: 2, ...rule('recurrent') }), [4, 3], 1],
    [ht.layers.simpleRNN({ units: 2, ...rule('bias') }), [4, 3], 1],
    [ht.layers.bidirectional({ layer: ht.layers.lstm({ units: 2, ...rule('kernel') }) }), [4, 3], 2],
    [ht.layers.embedding({ inputDim: 5, outputDim: 3, ...rule('embeddings') }), [4], 1],
    [ht.layers.batchNormalization({ ...rule('gamma'), ...rule('beta') }), [4, 3], 2],
    [ht.layers.layerNormalization({ ...rule('gamma') }), [4, 3], 1],
    [ht.layers.prelu({ ...rule('alpha') }), [4, 3], 1],
    [
      ht.layers.multiHeadAttention({ numHeads: 2, keyDim: 3, ...rule('kernel'), ...rule('bias') }),
      [
        [4, 3],
        [4, 3],
      ],
      8,
    ],
  ] as never;
  for (const [layer, sample, count] of kinds) {
    (layer as ht.Layer).build(sample as readonly number[], engine);
    const { losses, weights } = layer;
    assert.is(losses.length, count, layer.name);
    const ruled = weights.filter(({ constraint }) => constraint);
    assert.is(ruled.length, count, layer.name);
    let total = 0;
    for (const weight of ruled)
      total += (await numbers(weight)).reduce((sum, value) => sum + Math.abs(value), 0);
    let added = 0;
    for (const loss of losses) added += await number(loss);
    assertClose([added], [total], { ...near('l1'), terms: 100 });
    layer.dispose();
  }
});

test("activity regularizers add the mean over the samples, in fit, in steps of one's own, and inside other layers", async () => {
  const l2 = ht.regularizers.l2({ l2: 0.5 });
  const x = ht.tensor([1, -2, 3, 0.5, 1, -1], { shape: [2, 3] });
  for (const dtype of ['float32', 'mixed_float16'] as const) {
    const inner = ht.layers.dense({ units: 2, useBias: false, dtype, activityRegularizer: l2 });
    const model = ht.sequential([inner, ht.layers.activation({ activation: 'linear', dtype })]);
    model.compile({ optimizer: ht.optimizers.sgd({ learningRate: 1 }), loss: 'mse' });
    model.build([3], engine);
    model.setWeights([KERNEL]);
    assert.is(model.losses.length, 0, 'before a call there is none');
    const y = await numbers(model.apply(x));
    const penalty = y.reduce((sum, value) => sum + 0.5 * value * value, 0) / 2;
    assert.is(model.losses.length, 1);
    assertClose([await number(model.losses[0]!)], [penalty], { ...near('activity'), dtype: 'float16' });
    // The results are the labels: what is left of the loss is the penalty, whose gradient by y is y / 2.
    const labels = ht.tensor(y, { shape: [2, 2] });
    const close = { ...near('fit'), dtype: 'float16' } as const;
    assertClose([(await model.evaluate(x, labels)).loss!], [penalty], close);
    const { history } = await model.fit(x, labels, { batchSize: 2, verbose: 0 });
    assertClose([history.loss![0]!], [penalty], close);
    const data = await numbers(x);
    const gradient = KERNEL.map((_, i) => {
      const [row, column] = [Math.floor(i / 2), i % 2];
      return [0, 1].reduce((sum, n) => sum + (data[3 * n + row]! * y[2 * n + column]!) / 2, 0);
    });
    assertClose(
      [...(await model.getWeights())[0]!],
      KERNEL.map((w, i) => w - gradient[i]!),
      close,
    );
    assert.is(model.losses.length, 0, 'those of a traced step are gone');
    model.dispose();
  }
  const wrapped = ht.layers.timeDistributed({
    layer: ht.layers.dense({ units: 2, activityRegularizer: 'l1' }),
  });
  wrapped.apply(ht.ones([2, 4, 3]));
  assert.is(wrapped.losses.length, 1);
});
