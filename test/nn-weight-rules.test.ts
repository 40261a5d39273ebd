// Regularizers in the loss, its gradient and its logs; constraints after updates, on masters and copies, eager and jitted.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { nearestHalf } from './reference/half.ts';
import { MODES, number, numbers } from './step.ts';
import { assertClose } from './tolerances.ts';
import { NEVER_SCALED, quiet } from './warnings.ts';

const test = suite('regularizers and constraints');
quiet(test, NEVER_SCALED);
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

test('norms of weights in float16 are taken in float32: of zeros too, and beyond 65504', async () => {
  const { maxNorm, unitNorm, minMaxNorm } = ht.constraints;
  const of = (values: number[]) => ht.tensor(values, { shape: [2, 2], dtype: 'float16' });
  // The first column is 0; the squares of the second leave float16.
  const weight = of([0, 300, 0, 400]);
  for (const [constraint, expected] of [
    [maxNorm({ maxValue: 5 }), [0, 3, 0, 4]],
    [unitNorm(), [0, 0.6, 0, 0.8]],
    [minMaxNorm({ maxValue: 50 }), [0, 30, 0, 40]],
  ] as const) {
    const got = constraint(weight);
    assert.is(got.dtype, 'float16');
    assertClose(await numbers(got), expected, { op: 'constraint', dtype: 'float16' });
  }
});

for (const { mode, run } of MODES) {
  test(`${mode}: averages are taken before constraints, which leave a skipped step alone, as in Keras`, async () => {
    // Halved at each call, so that one call too many shows.
    const constraint = (w: ht.Tensor) => ht.mul(w, 0.5);
    for (const [frequency, dtype] of [
      [0, 'float32'],
      [2, 'float32'],
      [2, 'float16'],
    ] as const) {
      const weight = ht.variable([4, -8, 16], { constraint, dtype, name: 'w' });
      const free = ht.variable([4, -8, 16], { dtype, name: 'free' });
      const copy = dtype === 'float32' ? weight.read('float16') : weight.values;
      const inner = ht.optimizers.sgd({
        ...{ learningRate: 1, useEma: true, emaMomentum: 0.5, emaOverwriteFrequency: frequency },
      });
      const optimizer = new ht.LossScaleOptimizer(inner, { initialScale: 1, growthSteps: 100 });
      const step = run((gradient) => optimizer.apply([gradient!, gradient!], [weight, free]));
      let [weights, averages] = [
        [4, -8, 16],
        [0, 0, 0],
      ];
      let [scale, iterations] = [1, 0];
      for (let count = 0; count < 5; count++) {
        const gradient = [1, 2, -4];
        const bad = count === 2 ? Number.POSITIVE_INFINITY : 1;
        step(ht.tensor(gradient.map((value) => value * scale * bad)));
        if (count === 2) scale /= 2;
        else {
          const updated = weights.map((w, i) => w - gradient[i]!);
          const momentum = iterations === 0 ? 0 : 0.5;
          averages = averages.map((average, i) => momentum * average + (1 - momentum) * updated[i]!);
          iterations++;
          const replaced = frequency > 0 && iterations % frequency === 0 ? averages : updated;
          weights = replaced.map((w) => w / 2);
        }
        assert.equal(await numbers(weight), weights, `weights after ${count}`);
        assert.equal(await numbers(copy), weights, `copy after ${count}`);
        const { slots } = await optimizer.state();
        assert.equal([...slots.average!.w!], averages, `average after ${count}`);
      }
      assert.is(await optimizer.skippedSteps(), 1);
    }
  });

  test(`${mode}: steps that gather gradients constrain too, as in Keras; a skipped one does not`, async () => {
    const weight = ht.variable([16, -32], { constraint: (w) => ht.mul(w, 0.5) });
    const inner = ht.optimizers.sgd({ learningRate: 1, gradientAccumulationSteps: 2 });
    const optimizer = new ht.LossScaleOptimizer(inner, { initialScale: 1, growthSteps: 100 });
    const step = run((gradient) => optimizer.apply([gradient!], [weight]));
    const seen: number[][] = [];
    for (const gradient of [1, Number.NaN, 1]) {
      step(ht.tensor([gradient, gradient]));
      seen.push(await numbers(weight));
    }
    // The scale is 1/2 at the end: the mean of 1 and 2 is taken off.
    const expected = [
      [8, -16],
      [8, -16],
      [(8 - 1.5) / 2, (-16 - 1.5) / 2],
    ];
    assert.equal(seen, expected);
  });
}

test('a constraint that gives something else is refused; one that gives the weight itself changes nothing', async () => {
  const sgd = () => ht.optimizers.sgd({ learningRate: 1 });
  const same = ht.variable([1, 2], { constraint: (w) => w });
  sgd().apply([ht.ones([2])], [same]);
  assert.equal(await numbers(same), [0, 1]);
  const short = ht.variable([1, 2], { constraint: (w) => ht.slice(w, [0], [1]), name: 'short' });
  assert.throws(() => sgd().apply([ht.ones([2])], [short]), /^short: assigned shape \(1\), it has \(2\)$/);
  const half = ht.variable([1, 2], { constraint: (w) => ht.cast(w, 'float16'), name: 'half' });
  assert.throws(() => sgd().apply([ht.ones([2])], [half]), /^half: assigned float16, it is float32/);
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
