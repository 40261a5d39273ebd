// Keras 3's own tests of its LossScaleOptimizer (L1 to L10 of the reference list), eagerly and inside jit.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { MODES, number, numbers } from './step.ts';
import { NEVER_SCALED, quiet } from './warnings.ts';

const test = suite('loss scale, Keras 3');
quiet(test, NEVER_SCALED);
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open();
});
test.after(() => {
  ht.mixedPrecision.setGlobalPolicy('float32');
  engine.close();
});

const SCALE = 2 ** 15;
const START = [1, 2, 3, 4];
const GRADIENT = [1, 6, 7, 2];
const half = { learningRate: 0.5 };
const scaled = (values: readonly number[]) => ht.tensor(values.map((value) => value * SCALE));

for (const { mode, run } of MODES) {
  /** Steps of an optimizer on one variable, by gradients. */
  function stepOf(optimizer: ht.LossScaleOptimizer | ht.Optimizer, variable: ht.Variable) {
    return run((gradient) => optimizer.apply([gradient!], [variable]));
  }

  test(`L1 ${mode}: a finite step divides the scaled gradients by the scale`, async () => {
    const variable = ht.variable(START);
    stepOf(new ht.LossScaleOptimizer(ht.optimizers.sgd(half)), variable)(scaled(GRADIENT));
    assert.equal(await numbers(variable), [0.5, -1, -0.5, 3]);
  });

  test(`L2 ${mode}: the loss scale factor of the inner optimizer is overruled`, async () => {
    const variable = ht.variable(START);
    const inner = ht.optimizers.sgd({ ...half, lossScaleFactor: 100 });
    const optimizer = new ht.LossScaleOptimizer(inner);
    stepOf(optimizer, variable)(scaled(GRADIENT));
    assert.equal(await numbers(variable), [0.5, -1, -0.5, 3]);
    assert.is(await number(optimizer.scaleLoss(ht.tensor([1]))), SCALE);
  });

  test(`L2 ${mode}: without a wrapper the factor scales the loss and is divided out`, async () => {
    const variable = ht.variable(START);
    const optimizer = ht.optimizers.sgd({ ...half, lossScaleFactor: 128 });
    stepOf(optimizer, variable)(ht.tensor(GRADIENT.map((value) => value * 128)));
    assert.equal(await numbers(variable), [0.5, -1, -0.5, 3]);
    assert.is(await number(optimizer.scaleLoss(ht.tensor([3]))), 384);
  });

  test(`L3 ${mode}: a step with infinities changes nothing and halves the scale`, async () => {
    const variable = ht.variable(START);
    const optimizer = new ht.LossScaleOptimizer(ht.optimizers.sgd(half));
    stepOf(optimizer, variable)(ht.tensor([Infinity, Infinity, Infinity, Infinity]));
    assert.equal(await numbers(variable), START);
    assert.is(await optimizer.lossScale(), SCALE / 2);
    assert.is(await optimizer.skippedSteps(), 1);
  });

  test(`L4 ${mode}: a variable that its gradient overwrites takes it as it is, unless the step is skipped`, async () => {
    const variable = ht.variable(START, { overwriteWithGradient: true });
    const other = ht.variable([1]);
    const optimizer = new ht.LossScaleOptimizer(ht.optimizers.sgd({ ...half, clipNorm: 1 }));
    const step = run((gradient, second) => optimizer.apply([gradient!, second!], [variable, other]));
    step(ht.tensor(GRADIENT), ht.tensor([0]));
    assert.equal(await numbers(variable), GRADIENT);
    step(ht.tensor([9, 9, 9, 9]), ht.tensor([Number.NaN]));
    assert.equal(await numbers(variable), GRADIENT);
  });

  test(`L5 ${mode}: four overflows take the scale from 400 to 25`, async () => {
    const variable = ht.variable(START);
    const optimizer = new ht.LossScaleOptimizer(ht.optimizers.sgd(half), { initialScale: 400 });
    const step = stepOf(optimizer, variable);
    for (let count = 0; count < 4; count++) step(ht.tensor(START.map(() => Infinity)));
    assert.is(await number(optimizer.scaleLoss(ht.tensor([1]))), 25);
  });

  test(`L6 ${mode}: eight finite steps with growth every two take the scale from 2 to 32`, async () => {
    const variable = ht.variable(START);
    const optimizer = new ht.LossScaleOptimizer(ht.optimizers.sgd(half), { initialScale: 2, growthSteps: 2 });
    const step = stepOf(optimizer, variable);
    for (let count = 0; count < 8; count++) step(ht.tensor(GRADIENT));
    assert.is(await number(optimizer.scaleLoss(ht.tensor([1]))), 32);
    assert.is(optimizer.growthSteps, 2);
  });

  test(`L7 ${mode}: three finite steps count 1, 2, 3, and a skipped one does not`, async () => {
    const variable = ht.variable(START);
    const optimizer = new ht.LossScaleOptimizer(ht.optimizers.sgd(half));
    const step = stepOf(optimizer, variable);
    assert.is(await optimizer.iterations(), 0);
    for (const expected of [1, 2, 3]) {
      step(ht.tensor(GRADIENT));
      assert.is(await optimizer.iterations(), expected);
    }
    step(ht.tensor(START.map(() => Number.NaN)));
    assert.is(await optimizer.iterations(), 3);
  });

  test(`L9 ${mode}: fifteen sigmoids make a gradient that only a scaled loss brings through float16`, async () => {
    const [unscaled, withScale] = [
      ht.optimizers.sgd({ learningRate: 1e9 }),
      ht.optimizers.sgd({ learningRate: 1e9 }),
    ];
    const first = async (optimizer: ht.Optimizer | ht.LossScaleOptimizer) => {
      const model = sigmoids();
      const step = run((x, y) =>
        optimizer.minimize(() => ht.losses.meanSquaredError(y!, model.apply(x!)), model.trainableVariables),
      );
      step(ht.ones([1, 1]), ht.ones([1, 1]));
      return number(model.trainableVariables[0]!);
    };
    assert.is(await first(unscaled), 1);
    const moved = await first(new ht.LossScaleOptimizer(withScale));
    assert.ok(Math.abs(moved - 1.109) < 0.02, `the first kernel is ${moved}`);
  });
}

function sigmoids(): ht.Sequential {
  return ht.sequential(
    Array.from({ length: 15 }, () => {
      const one = { units: 1, useBias: false, inputShape: [1] } as const;
      return ht.layers.dense({
        ...one,
        activation: 'sigmoid',
        kernelInitializer: 'ones',
        dtype: 'mixed_float16',
      });
    }),
  );
}

test('L8: what the wrapper is given wrongly is refused by name', () => {
  const cases: readonly [options: object, message: RegExp][] = [
    [{ clipNorm: 1 }, /LossScaleOptimizer: clipNorm belongs to the inner optimizer/],
    [{ globalClipNorm: 1 }, /globalClipNorm belongs to the inner optimizer/],
    [{ clipValue: 1 }, /clipValue belongs to the inner optimizer/],
    [{ learningRate: 1 }, /learningRate belongs to the inner optimizer/],
    [{ weightDecay: 1 }, /weightDecay belongs to the inner optimizer/],
    [{ useEma: true }, /useEma belongs to the inner optimizer/],
    [{ gradientAccumulationSteps: 2 }, /gradientAccumulationSteps belongs to the inner optimizer/],
    [{ lossScaleFactor: 2 }, /lossScaleFactor belongs to the inner optimizer/],
    [{ dynamic: false }, /dynamic false is not in the rules 'keras3'.*lossScaleFactor/],
    [{ foo: true, bar: 1 }, /unknown option 'foo'; use 'rules', 'dynamic'/],
    [{ rules: 'keras' }, /unknown rules 'keras'; use 'keras3', 'tf.keras' or 'pytorch'/],
    [{ rules: 'tf.keras', dynamic: false }, /dynamic false needs initialScale/],
    [
      { rules: 'tf.keras', dynamic: false, initialScale: 2, growthSteps: 3 },
      /growthSteps with dynamic false/,
    ],
    [{ initialScale: 0 }, /initialScale is 0; use a number above 0/],
    [{ initialScale: -2 }, /initialScale is -2/],
    [{ initialScale: Number.NaN }, /initialScale is NaN/],
    [{ initialScale: Infinity }, /initialScale is Infinity/],
    [{ initialScale: 2 ** 128 }, /initialScale is .*2\^127/],
    [{ initialScale: 1e-40 }, /initialScale is 1e-40; .*2\^-126/],
    [
      { initialScale: 2 ** 16, maxScale: 2 ** 15 },
      /initialScale is 65536; use a number up to maxScale, 32768/,
    ],
    [{ growthSteps: 0 }, /growthSteps is 0; use a whole number from 1 on/],
    [{ growthSteps: 1.5 }, /growthSteps is 1.5/],
    [{ growthSteps: 2 ** 32 }, /growthSteps is 4294967296/],
    [{ growthFactor: 1 }, /growthFactor is 1; use a number above 1/],
    [{ growthFactor: Infinity }, /growthFactor is Infinity/],
    [{ backoffFactor: 1 }, /backoffFactor is 1; use a number between 0 and 1/],
    [{ backoffFactor: 0 }, /backoffFactor is 0/],
    [{ minScale: -1 }, /minScale is -1; use a number from 0 to maxScale/],
    [{ minScale: 2, maxScale: 1, initialScale: 1 }, /minScale is 2/],
  ];
  for (const [options, message] of cases) {
    const inner = ht.optimizers.sgd();
    const build = () => new ht.LossScaleOptimizer(inner, options);
    assert.throws(build, (error: Error) => error instanceof ht.ArgumentError && message.test(error.message));
    // A refused wrapping leaves the inner optimizer free for another one.
    assert.ok(new ht.LossScaleOptimizer(inner));
  }
});

test('L8: what cannot be wrapped is refused', async () => {
  const refuses = (inner: unknown, message: RegExp) =>
    assert.throws(
      () => new ht.LossScaleOptimizer(inner as ht.Optimizer),
      (error: Error) => error instanceof ht.ArgumentError && message.test(error.message),
    );
  const inner = ht.optimizers.sgd();
  const wrapper = new ht.LossScaleOptimizer(inner);
  refuses(wrapper, /is a LossScaleOptimizer itself/);
  refuses(inner, /SGD is wrapped already/);
  refuses('sgd', /the inner optimizer is 'sgd'; use one of ht.optimizers/);
  refuses(undefined, /the inner optimizer is undefined/);
  const used = ht.optimizers.adam();
  used.apply([ht.tensor([1])], [ht.variable([1])]);
  refuses(used, /Adam: it has made steps already/);
});

test('L10: compile wraps the optimizer of a model under mixed_float16, and no other', () => {
  const compiled = (
    policy: ht.PolicyName,
    options: { autoScaleLoss?: boolean } = {},
    optimizer = ht.optimizers.sgd(),
  ) => {
    ht.mixedPrecision.setGlobalPolicy(policy);
    const model = ht.sequential([ht.layers.dense({ units: 1, inputShape: [1] })]);
    model.compile({ optimizer, loss: 'mse', ...options });
    return model.optimizer;
  };
  assert.instance(compiled('mixed_float16'), ht.LossScaleOptimizer);
  assert.not.instance(compiled('mixed_float16', { autoScaleLoss: false }), ht.LossScaleOptimizer);
  assert.not.instance(compiled('float32'), ht.LossScaleOptimizer);
  assert.not.instance(compiled('float16'), ht.LossScaleOptimizer);
  const own = new ht.LossScaleOptimizer(ht.optimizers.sgd());
  ht.mixedPrecision.setGlobalPolicy('mixed_float16');
  const model = ht.sequential([ht.layers.dense({ units: 1 })]);
  model.compile({ optimizer: own, loss: 'mse' });
  assert.is(model.optimizer, own, 'one that is wrapped already is left as it is');
  ht.mixedPrecision.setGlobalPolicy('float32');
  const layersOnly = ht.sequential([ht.layers.dense({ units: 1, dtype: 'mixed_float16' })]);
  layersOnly.compile({ optimizer: 'sgd', loss: 'mse' });
  assert.not.instance(layersOnly.optimizer, ht.LossScaleOptimizer, "the model's own policy decides");
});
