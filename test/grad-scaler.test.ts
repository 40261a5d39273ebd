// GradScaler: PyTorch's calls, several losses and optimizers under one scale, each step skipped by its own gradients.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { assertThrows } from './assert-throws.ts';
import { suite } from './harness.ts';
import { randomOf } from './ops/draws.ts';
import * as reference from './reference/loss-scale.ts';
import { gradientOf, sgd } from './scaled-gradient.ts';
import { MODES, number, numbers } from './step.ts';

const test = suite('GradScaler');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open();
});
test.after(() => engine.close());

const { GradScaler } = ht.mixedPrecision;
for (const { mode, run } of MODES) {
  test(`${mode}: a step is skipped by its own gradients, and the scale moves by those of all`, async () => {
    const scaler = new GradScaler({ initialScale: 8, growthSteps: 2 });
    const [a, b] = [ht.variable([0]), ht.variable([0])];
    const [first, second] = [sgd(), sgd({ momentum: 0.5 })];
    const step = run((x, y) => {
      scaler.step(first, [[gradientOf(scaler, a, x!), a]]);
      scaler.step(second, [[gradientOf(scaler, b, y!), b]]);
      scaler.update();
    });
    const seen: number[][] = [];
    for (const [x, y] of [
      [1, 2],
      [Infinity, 2],
      [1, Number.NaN],
      [1, 2],
      [3, 4],
    ]) {
      step(ht.tensor([x!]), ht.tensor([y!]));
      const { scale, growthCounter } = await scaler.readState();
      seen.push([await number(a), await number(b), scale, growthCounter]);
    }
    assert.equal(seen, [
      [-1, -2, 8, 1],
      [-1, -5, 4, 0],
      [-2, -5, 2, 0],
      [-3, -8.5, 2, 1],
      [-6, -14.25, 4, 0],
    ]);
    assert.equal(
      [await scaler.skippedSteps(), await first.iterations(), await second.iterations()],
      [2, 4, 4],
    );
    const { skipped, scale } = await first.readState();
    assert.equal(
      [skipped, scale],
      [1, 2],
      'an optimizer knows its own skipped steps and the scale of its last one',
    );
  });

  test(`${mode}: two losses by two optimizers, each of both, as in PyTorch's example of several models`, async () => {
    const scaler = new GradScaler({ initialScale: 2 ** 10 });
    const [w0, w1] = [ht.variable([[1, 2]]), ht.variable([[3], [4]])];
    const [o0, o1] = [sgd({ learningRate: 0.25 }), ht.optimizers.adam({ learningRate: 0.5 })];
    const step = run((x) => {
      const tape = new ht.GradientTape({ persistent: true });
      const [l0, l1] = tape.record(() => {
        const y0 = ht.matMul(x!, w0.values);
        const y1 = ht.matMul(y0, w1.values);
        const both = (p: number, q: number) => ht.add(ht.mul(ht.sum(y0), p), ht.mul(ht.sum(y1), q));
        return [scaler.scale(both(2, 3)), scaler.scale(both(3, -2))] as const;
      });
      const [g0, g1] = [tape.gradient(l0, [w0, w1]), tape.gradient(l1, [w0, w1])];
      tape.dispose();
      const sums = g0.map((g, i) => ht.add(g, g1[i]!));
      const unscaled = scaler.unscale(o0, [sums[0]!]);
      scaler.step(o0, ht.zip(unscaled, [w0]));
      scaler.step(o1, ht.zip([sums[1]!], [w1]));
      scaler.update();
      return unscaled[0]!;
    });
    // d/dw0 of 5 y0 + y1 is x (5 + w1'), d/dw1 is w0' x.
    assert.equal(await numbers(step(ht.tensor([[2]]))), [16, 18]);
    assert.equal(await numbers(w0), [1 - 4, 2 - 4.5]);
    const moved = await numbers(w1);
    for (const [i, value] of [2.5, 3.5].entries()) assert.ok(Math.abs(moved[i]! - value) < 1e-5, `${moved}`);
    assert.equal([await scaler.lossScale(), (await scaler.readState()).growthCounter], [2 ** 10, 1]);
  });

  test(`${mode}: clipping by hand between unscale and step sees true sizes, and cannot hide an infinity`, async () => {
    for (const clip of [
      (g: ht.Tensor) => ht.mul(g, ht.div(5, ht.maximum(5, ht.norm(g)))),
      (g: ht.Tensor) => ht.clipByValue(g, -3, 4),
    ]) {
      const scaler = new GradScaler({ initialScale: 2 ** 12 });
      const variable = ht.variable([0, 0]);
      const optimizer = sgd();
      const step = run((factor) => {
        const [g] = scaler.unscale(optimizer, [gradientOf(scaler, variable, factor!)]);
        scaler.step(optimizer, [[clip(g!), variable]]);
        scaler.update();
      });
      step(ht.tensor([-30, 40]));
      assert.equal(await numbers(variable), [3, -4]);
      step(ht.tensor([1, Infinity]));
      assert.equal([...(await numbers(variable)), await scaler.lossScale()], [3, -4, 2 ** 11]);
      step(ht.tensor([1, 1]));
      assert.equal(await numbers(variable), [2, -5], 'the flag is gone with its step');
    }
  });

  test(`${mode}: gathered gradients keep the scale and one decision until the window ends`, async () => {
    const scaler = new GradScaler({ initialScale: 8, growthSteps: 1 });
    const variable = ht.variable([0]);
    const optimizer = sgd({ gradientAccumulationSteps: 2 });
    const step = run((factor) => {
      scaler.step(optimizer, [[gradientOf(scaler, variable, factor!), variable]]);
      scaler.update();
    });
    const seen: number[][] = [];
    for (const factor of [2, 4, 2, Infinity, Infinity, 2, 2, 6]) {
      step(ht.tensor([factor]));
      seen.push([await number(variable), await scaler.lossScale(), await scaler.skippedSteps()]);
    }
    assert.equal(seen, [
      [0, 8, 0],
      [-3, 16, 0],
      [-3, 16, 0],
      [-3, 8, 1],
      [-3, 8, 1],
      [-3, 4, 2],
      [-3, 4, 2],
      [-7, 8, 2],
    ]);
  });

  test(`${mode}: a disabled scaler does nothing but step; an infinity gets through`, async () => {
    for (const scaler of [
      new GradScaler({ enabled: false }),
      new GradScaler({ lossScale: ht.mixedPrecision.noLossScale() }),
    ]) {
      const variable = ht.variable([0]);
      const optimizer = sgd();
      const step = run((factor) => {
        const [g] = scaler.unscale(optimizer, [gradientOf(scaler, variable, factor!)]);
        scaler.step(optimizer, [[g!, variable]]);
        scaler.update();
        return g!;
      });
      assert.equal([await number(step(ht.tensor([3]))), await number(variable)], [3, -3]);
      step(ht.tensor([Infinity]));
      assert.equal([await number(variable), await scaler.lossScale(), scaler.enabled], [-Infinity, 1, false]);
    }
  });

  test(`${mode}: float16 gradients are unscaled in float32, where they do not vanish`, async () => {
    const scaler = new GradScaler();
    const variable = ht.variable([1], { dtype: 'float16' });
    const optimizer = sgd({ learningRate: 2 ** 20 });
    const step = run((g) => {
      const [unscaled] = scaler.unscale(optimizer, [g!]);
      scaler.step(optimizer, [[unscaled!, variable]]);
      return unscaled!;
    });
    const unscaled = step(ht.tensor([2 ** -5], { dtype: 'float16' }));
    assert.equal(
      [unscaled.dtype, await number(unscaled), await number(variable)],
      ['float32', 2 ** -21, 0.5],
    );
  });
}

test('the path of the scale under random overflows of three optimizers is that of the twin', async () => {
  const random = randomOf('three optimizers');
  const options = {
    initialScale: 2 ** 10,
    growthSteps: 3,
    hysteresis: 2,
    growthFactor: 1.7,
    backoffFactor: 0.6,
  };
  const scaler = new GradScaler(options);
  const own = [0, 1, 2].map(() => ({ variable: ht.variable([0]), optimizer: sgd() }));
  const step = ht.jit((...factors) => {
    for (const [i, { variable, optimizer }] of own.entries())
      scaler.step(optimizer, [[gradientOf(scaler, variable, factors[i]!), variable]]);
    scaler.update();
  });
  const rule = { ...reference.RULES.pytorch, ...options };
  let state = reference.start(rule);
  for (let count = 0; count < 120; count++) {
    const bad = own.map(() => random() < 0.12);
    step(...bad.map((one) => ht.tensor([one ? Number.NaN : 1])));
    state = reference.step(state, !bad.includes(true), rule);
    const { scale, growthCounter, endured, skipped } = await scaler.readState();
    assert.equal(
      [scale, growthCounter, endured, skipped],
      [state.scale, state.growthCounter, state.endured, state.skipped],
    );
  }
  for (const { variable } of own) assert.ok(Number.isFinite(await number(variable)));
});

test('checkpoints: the scaler and its optimizers go on where they were', async () => {
  const made = () => {
    const scaler = new GradScaler({ initialScale: 16, growthSteps: 2, hysteresis: 2 });
    const optimizer = ht.optimizers.adam({ learningRate: 0.1 });
    const variable = ht.variable([1], { name: 'w' });
    const step = ht.jit((factor) => {
      scaler.step(optimizer, [[gradientOf(scaler, variable, factor), variable]]);
      scaler.update();
    });
    const train = (from: number, to: number) => {
      for (let count = from; count < to; count++) step(ht.tensor([count % 3 === 1 ? Infinity : count]));
    };
    return { scaler, optimizer, variable, train };
  };
  const whole = made();
  whole.train(0, 12);
  for (const late of [false, true]) {
    const first = made();
    first.train(0, 5);
    const [scale, own] = [await first.scaler.state(), await first.optimizer.state()];
    const second = made();
    if (late) second.train(3, 8);
    second.scaler.loadState(JSON.parse(JSON.stringify(scale)));
    second.optimizer.loadState(own, [second.variable]);
    second.variable.assign(await numbers(first.variable));
    assert.equal(await second.scaler.state(), scale);
    second.train(5, 12);
    assert.equal(await second.scaler.state(), await whole.scaler.state());
    assert.equal(await numbers(second.variable), await numbers(whole.variable));
  }
});

test('a configuration makes the same scaler', () => {
  const { staticLossScale, dynamicLossScale } = ht.mixedPrecision;
  for (const options of [
    {},
    { enabled: false },
    { rules: 'keras3', initialScale: 4, growthSteps: 7, hysteresis: 3, name: 'mine' },
    { rules: 'tf.keras', dynamic: false, initialScale: 128 },
    { lossScale: staticLossScale(64) },
    { lossScale: dynamicLossScale({ growthFactor: 3 }, 'tf.keras') },
  ] as ht.GradScalerOptions[]) {
    const config = new GradScaler(options).getConfig();
    const copy = GradScaler.fromConfig(JSON.parse(JSON.stringify(config)));
    assert.equal(copy.getConfig(), config);
    assert.equal(copy.lossScaling, new GradScaler(options).lossScaling);
  }
  assert.equal(new GradScaler().lossScaling.initialScale, 2 ** 16);
});

test('update with a number sets the scale and forgets what was met', async () => {
  const scaler = new GradScaler({ initialScale: 8, growthSteps: 1 });
  const variable = ht.variable([0]);
  const optimizer = sgd();
  scaler.update(4);
  assert.is(await scaler.lossScale(), 4, 'before the first loss');
  scaler.step(optimizer, [[gradientOf(scaler, variable, ht.tensor([Infinity])), variable]]);
  scaler.update(32);
  assert.is(await scaler.lossScale(), 32);
  scaler.step(optimizer, [[gradientOf(scaler, variable, ht.tensor([1])), variable]]);
  scaler.update();
  assert.equal([await number(variable), await scaler.lossScale()], [-1, 64]);
  for (const wrong of [0, -1, Number.NaN, Infinity])
    assertThrows(
      () => scaler.update(wrong),
      ht.ArgumentError,
      /GradScaler.update: scale is .*; use a number/,
    );
  assertThrows(
    () => ht.jit(() => scaler.update(2))(),
    ht.ArgumentError,
    /a scale is set inside a jitted function; set it outside/,
  );
});
