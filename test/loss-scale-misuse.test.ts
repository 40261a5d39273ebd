// Misuse of loss scaling, told with what to do: unscaled twice or never, losses and epsilons that float16 does not hold.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { assertThrows } from './assert-throws.ts';
import { suite } from './harness.ts';
import { MODES, number, numbers } from './step.ts';
import { warningsOf } from './warnings.ts';

const test = suite('loss scale, misuse');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open();
});
test.after(() => engine.close());

const sgd = (options: object = {}) => ht.optimizers.sgd({ learningRate: 1, ...options });

/** The gradient of the scaled sum of a variable times `factor`. */
function gradientOf(optimizer: ht.LossScaleOptimizer, variable: ht.Variable, factor: ht.Tensor): ht.Tensor {
  const tape = new ht.GradientTape();
  const scaled = tape.record(() => optimizer.scaleLoss(ht.sum(ht.mul(variable.values, factor))));
  return tape.gradient(scaled, [variable])[0]!;
}

for (const { mode, run } of MODES) {
  test(`${mode}: gradients that are unscaled already are not unscaled again`, async () => {
    for (const rules of ['keras3', 'pytorch'] as const) {
      const optimizer = new ht.LossScaleOptimizer(sgd(), { rules, initialScale: 8 });
      const variable = ht.variable([5]);
      const applied = run((factor) => {
        const unscaled = optimizer.getUnscaledGradients([gradientOf(optimizer, variable, factor!)]);
        optimizer.applyGradients(ht.zip(unscaled, [variable]));
      });
      assertThrows(
        () => applied(ht.tensor([1])),
        ht.ArgumentError,
        /SGD.applyGradients: these gradients are divided by the loss scale already, and would be twice; pass/,
      );
      const twice = run((factor) => {
        const unscaled = optimizer.getUnscaledGradients([gradientOf(optimizer, variable, factor!)]);
        return optimizer.getUnscaledGradients(unscaled)[0]!;
      });
      assertThrows(
        () => twice(ht.tensor([1])),
        ht.ArgumentError,
        /LossScaleOptimizer.getUnscaledGradients: these/,
      );
      const again = run((factor) => {
        optimizer.unscaleGradients([gradientOf(optimizer, variable, factor!)]);
        optimizer.unscaleGradients([ht.tensor([8])]);
      });
      assertThrows(
        () => again(ht.tensor([1])),
        ht.ArgumentError,
        /SGD.unscaleGradients: the gradients of this step are unscaled already; apply them before the next ones/,
      );
      assert.equal([await number(variable), await optimizer.iterations()], [5, 0]);
      // The next step, which begins with its loss, is none the worse for it.
      run((factor) => optimizer.minimize(() => ht.sum(ht.mul(variable.values, factor!)), [variable]))(
        ht.tensor([2]),
      );
      assert.is(await number(variable), 3);
    }
  });

  for (const rules of ['keras3', 'tf.keras', 'pytorch'] as const) {
    test(`${mode}, ${rules}: unscaled, clipped by hand, applied; an infinity that clipping hides is skipped all the same`, async () => {
      const optimizer = new ht.LossScaleOptimizer(sgd(), { rules, initialScale: 2 ** 10 });
      const variable = ht.variable([0, 0]);
      const step = run((factor) => {
        const unscaled = optimizer.unscaleGradients([gradientOf(optimizer, variable, factor!), null]);
        assert.is(unscaled[1], null);
        optimizer.applyGradients([[ht.clipByValue(unscaled[0]!, -3, 4), variable]]);
      });
      const told = await warningsOf(async () => {
        step(ht.tensor([-30, 3.5]));
        assert.equal(await numbers(variable), [3, -3.5]);
        step(ht.tensor([1, -Infinity]));
        assert.equal(await numbers(variable), [3, -3.5]);
        step(ht.tensor([1, 1]));
      });
      assert.equal(await numbers(variable), [2, -4.5]);
      assert.equal([await optimizer.skippedSteps(), await optimizer.lossScale(), told], [1, 2 ** 9, []]);
      // Steps without it go on as before.
      run((factor) => optimizer.minimize(() => ht.sum(ht.mul(variable.values, factor!)), [variable]))(
        ht.tensor([2, 0.5]),
      );
      assert.equal(await numbers(variable), [0, -5]);
    });
  }

  test(`${mode}: unscaling and applying in two functions is refused, where replays would not tell`, async () => {
    const optimizer = new ht.LossScaleOptimizer(sgd(), { initialScale: 8 });
    const variable = ht.variable([5]);
    const unscale = ht.jit((g) => optimizer.unscaleGradients([g])[0]!);
    const unscaled = unscale(ht.tensor([8]));
    assertThrows(
      () => run((g) => optimizer.apply([g!], [variable]))(unscaled),
      ht.ArgumentError,
      /unscaled in another jitted function, or outside of this one; unscale and apply in one function/,
    );
    assert.is(await number(variable), 5);
  });
}

test('tf.keras: told of what was never called, once an optimizer', async () => {
  const variable = ht.variable([1]);
  const told = (prepare: (optimizer: ht.LossScaleOptimizer) => unknown) => {
    const optimizer = new ht.LossScaleOptimizer(sgd(), { rules: 'tf.keras', initialScale: 2 });
    return warningsOf(() => {
      prepare(optimizer);
      for (let count = 0; count < 3; count++) optimizer.apply([ht.tensor([1])], [variable]);
    });
  };
  const one = ht.tensor([1]);
  const [nothing, ...more] = await told(() => {});
  assert.match(
    nothing!,
    /applyGradients: getScaledLoss and getUnscaledGradients were never called: under the rules/,
  );
  assert.is(more.length, 0);
  const [scaled] = await told((optimizer) => optimizer.getScaledLoss(one));
  assert.match(
    scaled!,
    /applyGradients: getUnscaledGradients was never called: .*before they are applied; call both/,
  );
  const [unscaled] = await told((optimizer) => optimizer.getUnscaledGradients([one]));
  assert.match(unscaled!, /applyGradients: getScaledLoss was never called/);
  const both = await told((optimizer) => {
    optimizer.getScaledLoss(() => one)();
    optimizer.getUnscaledGradients([one]);
  });
  assert.equal(both, []);
  assert.equal(await told((optimizer) => optimizer.minimize(() => ht.sum(variable.values), [variable])), []);
  assert.equal(await told((optimizer) => optimizer.scale(engine)), [], 'who reads the scale scales by hand');
});

test('Keras 3 and PyTorch: told of gradients that are divided by a scale that no loss was multiplied with', async () => {
  const variable = ht.variable([1]);
  for (const rules of ['keras3', 'pytorch'] as const) {
    const optimizer = new ht.LossScaleOptimizer(sgd(), { rules });
    const told = await warningsOf(() => {
      for (let count = 0; count < 2; count++) optimizer.apply([ht.tensor([1])], [variable]);
    });
    assert.is(told.length, 1);
    assert.match(
      told[0]!,
      /scaleLoss was never called: under the rules '.*' it divides gradients by the loss scale/,
    );
    const right = new ht.LossScaleOptimizer(sgd(), { rules });
    assert.equal(await warningsOf(() => right.minimize(() => ht.sum(variable.values), [variable])), []);
  }
  const none = new ht.LossScaleOptimizer(sgd(), { lossScale: ht.mixedPrecision.noLossScale() });
  assert.equal(await warningsOf(() => none.apply([ht.tensor([1])], [variable])), []);
});

test('a float16 loss: refused under a fixed scale that is infinite there, told of where the scale may become so', async () => {
  const half = ht.tensor(1, { dtype: 'float16' });
  const fixed = (initialScale: number) =>
    new ht.LossScaleOptimizer(sgd(), { rules: 'tf.keras', dynamic: false, initialScale });
  assert.is(await number(fixed(2 ** 15).scaleLoss(half)), 2 ** 15);
  for (const scale of [2 ** 16, 1e30])
    assertThrows(
      () => fixed(scale).scaleLoss(half),
      ht.ArgumentError,
      /SGD.scaleLoss: the loss is float16, where a scale of .* may be infinite; cast the loss to float32 first/,
    );
  assertThrows(
    () => sgd({ lossScaleFactor: 2 ** 17 }).scaleLoss(half),
    ht.ArgumentError,
    /a scale of 131072/,
  );
  assert.is(await number(fixed(2 ** 20).scaleLoss(ht.tensor(1))), 2 ** 20, 'a float32 loss is fine');

  const told = (options: ht.LossScaleOptions, loss = half) => {
    const optimizer = new ht.LossScaleOptimizer(sgd(), options);
    return warningsOf(() => [optimizer.scaleLoss(loss), optimizer.scaleLoss(loss)]);
  };
  const [start, ...once] = await told({ rules: 'pytorch' });
  assert.match(
    start!,
    /where a scale of 65536 is infinite, so that steps are skipped; .* set initialScale to 32768/,
  );
  assert.is(once.length, 0);
  assert.match((await told({}))[0]!, /where a scale above 65504 is infinite, .* or set maxScale to 32768/);
  assert.equal(await told({ maxScale: 2 ** 15 }), []);
  assert.equal(await told({ rules: 'pytorch' }, ht.tensor(1)), []);
});

test('epsilons that are too small for float16 slots are told of, with a value to use', async () => {
  const { optimizers } = ht;
  const gradient = ht.tensor([1]);
  const told = (optimizer: ht.Optimizer | ht.LossScaleOptimizer, dtype: 'float16' | 'float32') => {
    const variable = ht.variable([1], { dtype, name: 'w' });
    return warningsOf(() => {
      for (let count = 0; count < 2; count++) optimizer.apply([gradient], [variable]);
    });
  };
  for (const name of ['adam', 'adamW', 'nadam', 'rmsprop', 'adagrad', 'adadelta', 'muon'] as const) {
    const make = (options?: object) => (optimizers[name] as (options?: object) => ht.Optimizer)(options);
    assert.equal(await told(make(), 'float16'), [], 'slots are float32');
    const [text, ...more] = await told(make({ slotDType: 'float16' }), 'float16');
    assert.match(
      text!,
      /: epsilon 1e-7 is too small for float16 variables such as w: .* use epsilon 1e-3, or slotDType 'float32'/i,
    );
    assert.is(more.length, 0);
  }
  const slotDType = 'float16';
  assert.equal(await told(optimizers.adam({ slotDType, epsilon: 1e-8 }), 'float32'), []);
  assert.equal(await told(optimizers.adam({ slotDType, epsilon: 1e-3 }), 'float16'), []);
  for (const name of ['sgd', 'adamax', 'lion'] as const)
    assert.equal(await told(optimizers[name]({ slotDType }), 'float16'), [], name);
  const wrapped = new ht.LossScaleOptimizer(optimizers.adam({ slotDType }), {
    lossScale: ht.mixedPrecision.noLossScale(),
  });
  assert.is((await told(wrapped, 'float16')).length, 1);
});

test('a loss scale as an object: none, static and dynamic, and their configurations', async () => {
  const { noLossScale, staticLossScale, dynamicLossScale, NO_LOSS_SCALE } = ht.mixedPrecision;
  assert.equal(noLossScale(), NO_LOSS_SCALE);
  const variable = ht.variable([4]);
  for (const [lossScale, scale] of [
    [noLossScale(), 1],
    [staticLossScale(32), 32],
    [staticLossScale(32, 'tf.keras'), 32],
    [dynamicLossScale({ initialScale: 16, growthSteps: 5 }, 'pytorch'), 16],
    [dynamicLossScale({ initialScale: 2 ** -3 }, 'tf.keras'), 2 ** -3],
  ] as const) {
    const optimizer = new ht.LossScaleOptimizer(sgd(), { lossScale });
    variable.assign([4]);
    optimizer.minimize(() => ht.sum(variable.values), [variable]);
    assert.equal(
      [await number(variable), await optimizer.lossScale(), optimizer.dynamic],
      [...[3, scale], lossScale.kind === 'dynamic'],
    );
    const copy = ht.LossScaleOptimizer.fromConfig(JSON.parse(JSON.stringify(optimizer.getConfig())));
    assert.equal(copy.getConfig(), optimizer.getConfig());
    assert.equal(copy.innerOptimizer.lossScaling, lossScale);
  }
  for (const [lossScale, message] of [
    [{}, /LossScaleOptimizer: lossScale is Object; use noLossScale\(\)/],
    [{ kind: 'adaptive' }, /lossScale is Object/],
    [null, /lossScale is null/],
    [{ ...dynamicLossScale(), growthSteps: 0 }, /growthSteps is 0/],
  ] as const)
    assertThrows(
      () => new ht.LossScaleOptimizer(sgd(), { lossScale: lossScale as ht.LossScale }),
      ht.ArgumentError,
      message,
    );
});
