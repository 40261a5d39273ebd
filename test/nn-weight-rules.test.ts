// Regularizers in the loss, its gradient and its logs; constraints after updates, on masters and copies, eager and jitted.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { nearestHalf } from './reference/half.ts';
import { MODES, number, numbers } from './step.ts';
import { assertClose } from './tolerances.ts';

const test = suite('regularizers and constraints');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ seed: 3 });
});
test.after(() => engine.close());

const KERNEL = [0.5, -2, 1.5, 0.25, -0.75, 1];
const near = (op: string) => ({ op, dtype: 'float32', terms: 6 }) as const;

test('the sums of magnitudes and squares, by name and by number', async () => {
  const weight = ht.tensor(KERNEL, { shape: [3, 2] });
  const magnitudes = 6;
  const { l1, l2, l1l2 } = ht.regularizers;
  assertClose([await number(l1({ l1: 0.5 })(weight))], [0.5 * magnitudes], near('l1'));
  const sum = KERNEL.reduce((total, value) => total + value * value, 0);
  assertClose([await number(l2()(weight))], [0.01 * sum], near('l2'));
  assertClose([await number(l1l2({ l1: 1, l2: 2 })(weight))], [magnitudes + 2 * sum], near('l1l2'));
  assert.is(await number(l1l2()(weight)), 0);
});

test("they are part of the loss and of its gradient, in fit, evaluate and steps of one's own", async () => {
  for (const dtype of ['float32', 'mixed_float16'] as const) {
    const layer = ht.layers.dense({
      ...{ units: 2, dtype, inputShape: [3], kernelRegularizer: ht.regularizers.l1l2({ l1: 0.5, l2: 0.25 }) },
      ...{ biasRegularizer: 'l2', useBias: true },
    });
    const model = ht.sequential([layer]);
    model.compile({ optimizer: ht.optimizers.sgd({ learningRate: 1 }), loss: 'mse' });
    model.build([3], engine);
    model.setWeights([KERNEL, [1, -1]]);
    const sum = KERNEL.reduce((total, value) => total + value * value, 0);
    const penalty = 0.5 * 6 + 0.25 * sum + 0.01 * 2;
    // Inputs of 0 and labels of the bias: without regularizers there is neither loss nor gradient.
    const x = ht.zeros([4, 3]);
    const y = ht.tensor([1, -1, 1, -1, 1, -1, 1, -1], { shape: [4, 2] });
    assertClose([(await model.evaluate(x, y)).loss!], [penalty], near('evaluate'));
    assert.is(model.losses.length, 2);
    const { history } = await model.fit(x, y, { epochs: 1, batchSize: 4, verbose: 0 });
    assertClose([history.loss![0]!], [penalty], near('fit'));
    const [kernel, bias] = await model.getWeights();
    assertClose(
      [...kernel!],
      KERNEL.map((w) => w - 0.5 * Math.sign(w) - 0.5 * w),
      near('kernel'),
    );
    assertClose([...bias!], [0.98, -0.98], near('bias'));
    if (dtype === 'mixed_float16')
      assert.equal(await numbers(model.weights[0]!.read('float16')), [...kernel!].map(nearestHalf));
    model.dispose();
  }
});

test('constraints hold after every step, masters and copies alike', async () => {
  const { constraints } = ht;
  const norm = (values: number[]) => Math.hypot(...values);
  const columns = (w: number[]) => [0, 1].map((c) => [0, 1, 2].map((r) => w[2 * r + c]!));
  const toNorms = (w: number[], wanted: (n: number) => number) => {
    const factors = columns(w).map((column) => wanted(norm(column)) / (norm(column) + 1e-7));
    return w.map((value, i) => value * factors[i % 2]!);
  };
  const cases: [ht.Constraint, (w: number[]) => number[]][] = [
    [constraints.nonNeg(), (w) => w.map((value) => Math.max(value, 0))],
    [constraints.maxNorm({ maxValue: 1.5 }), (w) => toNorms(w, (n) => Math.min(n, 1.5))],
    [constraints.unitNorm(), (w) => toNorms(w, () => 1)],
    [
      constraints.minMaxNorm({ minValue: 1, maxValue: 2, rate: 0.5 }),
      (w) => toNorms(w, (n) => 0.5 * Math.min(Math.max(n, 1), 2) + 0.5 * n),
    ],
  ];
  for (const [constraint, reference] of cases) {
    const results: number[][] = [];
    for (const { run } of MODES) {
      const layer = ht.layers.dense({
        ...{ units: 2, useBias: false, dtype: 'mixed_float16', kernelConstraint: constraint },
      });
      layer.build([3], engine);
      layer.setWeights([KERNEL]);
      const copy = layer.weights[0]!.read('float16');
      const optimizer = ht.optimizers.sgd({ learningRate: 1 });
      const step = run((gradient) => optimizer.apply([gradient!], layer.weights));
      let expected = [...KERNEL];
      for (let count = 0; count < 3; count++) {
        const gradient = KERNEL.map((_, i) => 0.25 * Math.cos(i + count));
        step(ht.tensor(gradient, { shape: [3, 2] }));
        expected = reference(expected.map((value, i) => value - gradient[i]!));
      }
      const got = await numbers(layer.weights[0]!);
      assertClose(got, expected, { ...near('constraint'), pass: 'gradient' });
      assert.equal(await numbers(copy), got.map(nearestHalf));
      results.push(got);
    }
    assert.equal(results[0], results[1]);
  }
});

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

test('what they refuse', () => {
  assert.throws(
    () => ht.layers.dense({ units: 1, kernelRegularizer: 'l3' as never, name: 'd' }),
    /^d: unknown regularizer 'l3'; use 'l1', 'l2' or 'l1l2', or a function$/,
  );
  assert.throws(
    () => ht.layers.conv2d({ filters: 1, kernelSize: 1, kernelConstraint: 'big' as never, name: 'c' }),
    /^c: unknown constraint 'big'; use 'maxNorm', 'nonNeg', /,
  );
  assert.throws(() => ht.regularizers.l1({ l1: -1 }), /^l1: l1 -1; use a number from 0 on$/);
});
