// Gradients gathered over steps, in both conventions: each micro-batch through the scaler (Keras 3), one scale over the window (PyTorch).
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { randomOf } from './ops/draws.ts';
import { MODES, number, numbers } from './step.ts';
import { NEVER_SCALED, quiet } from './warnings.ts';

const test = suite('loss scale, accumulation');
quiet(test, NEVER_SCALED);
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open();
});
test.after(() => engine.close());

const sgd = (options: object = {}) =>
  ht.optimizers.sgd({ learningRate: 1, gradientAccumulationSteps: 3, ...options });

/** After each gradient, an exponent of two below 2^-4 or an overflow: weight, scale, counter, iterations, skipped steps. */
async function path(
  optimizer: ht.LossScaleOptimizer,
  run: (typeof MODES)[number]['run'],
  gradients: readonly number[],
): Promise<number[][]> {
  const variable = ht.variable([0]);
  const step = run((factor) =>
    optimizer.minimize(() => ht.sum(ht.mul(variable.values, factor!)), [variable]),
  );
  const seen: number[][] = [];
  for (const gradient of gradients) {
    step(ht.tensor([gradient]));
    const { scale, growthCounter, iterations, skipped } = await optimizer.readState();
    seen.push([await number(variable), scale, growthCounter, iterations, skipped]);
  }
  return seen;
}

for (const { mode, run } of MODES) {
  test(`${mode}: under Keras's rules a micro-batch that overflows is left out of the window, and halves the scale`, async () => {
    const optimizer = new ht.LossScaleOptimizer(sgd(), { initialScale: 8, growthSteps: 4 });
    assert.equal(await path(optimizer, run, [3, Infinity, 6, 9, 3, Number.NaN, 3, 3]), [
      [0, 8, 1, 0, 0],
      [0, 4, 0, 0, 1],
      [0, 4, 1, 0, 1],
      [-6, 4, 2, 1, 1],
      [-6, 4, 3, 1, 1],
      [-6, 2, 0, 1, 2],
      [-6, 2, 1, 1, 2],
      [-9, 2, 2, 2, 2],
    ]);
  });

  test(`${mode}: under PyTorch's rules the scale stays over the window, and one overflow skips all of it`, async () => {
    const optimizer = new ht.LossScaleOptimizer(sgd(), { rules: 'pytorch', initialScale: 8, growthSteps: 2 });
    assert.equal(
      await path(optimizer, run, [3, 6, 9, 3, Infinity, 6, Number.NaN, 3, 3, 3, 3, 3, 6, 6, 6, 1]),
      [
        [0, 8, 0, 0, 0],
        [0, 8, 0, 0, 0],
        [-6, 8, 1, 1, 0],
        [-6, 8, 1, 1, 0],
        [-6, 8, 1, 1, 0],
        [-6, 4, 0, 1, 1],
        [-6, 4, 0, 1, 1],
        [-6, 4, 0, 1, 1],
        [-6, 2, 0, 1, 2],
        [-6, 2, 0, 1, 2],
        [-6, 2, 0, 1, 2],
        [-9, 2, 1, 2, 2],
        [-9, 2, 1, 2, 2],
        [-9, 2, 1, 2, 2],
        [-15, 4, 0, 3, 2],
        [-15, 4, 0, 3, 2],
      ],
    );
  });

  test(`${mode}: both conventions go with every rule set`, async () => {
    for (const rules of ['keras3', 'tf.keras', 'pytorch'] as const) {
      const made = (accumulation: ht.Accumulation) =>
        new ht.LossScaleOptimizer(sgd(), { rules, accumulation, initialScale: 8 });
      // A skipped window is an iteration where skipped steps are.
      const counted = rules === 'tf.keras' ? 1 : 0;
      const whole = await path(made('window'), run, [3, Infinity, 6]);
      assert.equal(whole.at(-1), [0, 4, 0, counted, 1], rules);
      const each = await path(made('microBatch'), run, [3, Infinity, 6, 9]);
      assert.equal(each.at(-1), [-6, 4, 2, 1, 1], rules);
    }
  });

  for (const accumulation of ['microBatch', 'window'] as const) {
    test(`${mode}, ${accumulation}: two steps in one function, the gradients of both computed first`, async () => {
      for (const [factors, expected] of [
        [
          [4, 6],
          [-16, -40, 0],
        ],
        [
          [4, Infinity],
          [-16, -16, 1],
        ],
        // The second gradient was scaled with the scale of the first step, twice that of its own.
        [
          [Infinity, 6],
          [0, -48, 1],
        ],
        [
          [Infinity, Number.NaN],
          [0, 0, 2],
        ],
      ] as const) {
        const variable = ht.variable(new Float32Array(64), { shape: [8, 8] });
        const inner = ht.optimizers.sgd({ learningRate: 1 });
        const optimizer = new ht.LossScaleOptimizer(inner, { accumulation, initialScale: 8 });
        const step = run((...xs) => {
          const gradients = xs.map((x) => {
            const tape = new ht.GradientTape();
            const loss = tape.record(() => optimizer.scaleLoss(ht.sum(ht.matMul(x, variable.values))));
            return tape.gradient(loss, [variable])[0]!;
          });
          optimizer.apply([gradients[0]!], [variable]);
          const between = ht.mul(variable.values, 1);
          optimizer.apply([gradients[1]!], [variable]);
          return between;
        });
        const between = step(...factors.map((factor) => ht.full([4, 8], factor)));
        const got = [await number(between), await number(variable), await optimizer.skippedSteps()];
        assert.equal(got, expected, `${factors}`);
        assert.equal(new Set(await numbers(variable)).size, 1);
      }
    });

    test(`${mode}, ${accumulation}: window 1 is a step as ever`, async () => {
      const one = { gradientAccumulationSteps: 1 };
      const optimizer = new ht.LossScaleOptimizer(sgd(one), {
        accumulation,
        initialScale: 8,
        growthSteps: 2,
      });
      assert.equal(await path(optimizer, run, [1, Infinity, 2, 4]), [
        [-1, 8, 1, 1, 0],
        [-1, 4, 0, 1, 1],
        [-3, 4, 1, 2, 1],
        [-7, 8, 0, 3, 1],
      ]);
    });
  }

  test(`${mode}: a window that begins with an overflow takes nothing over from the one before`, async () => {
    const optimizer = new ht.LossScaleOptimizer(sgd(), { rules: 'pytorch', initialScale: 8 });
    const values = (await path(optimizer, run, [3, 3, 3, Infinity, 300, 300, 6, 6, 6])).map(
      ([value]) => value,
    );
    assert.equal(values, [0, 0, -3, -3, -3, -3, -3, -3, -9]);
  });

  test(`${mode}: in a window with one scale constraints wait for its update; a skipped window does not constrain`, async () => {
    const weight = ht.variable([16], { constraint: (w) => ht.mul(w, 0.5) });
    const inner = ht.optimizers.sgd({ learningRate: 1, gradientAccumulationSteps: 2 });
    const optimizer = new ht.LossScaleOptimizer(inner, { rules: 'pytorch', initialScale: 1 });
    const step = run((gradient) => optimizer.apply([gradient!], [weight]));
    const seen: number[] = [];
    for (const gradient of [2, 2, 2, Infinity, 1, 1]) {
      step(ht.tensor([gradient]));
      seen.push(await number(weight));
    }
    // The scale is 1/2 in the last window, which makes 2 of each 1.
    assert.equal(seen, [16, 7, 7, 7, 7, 2.5]);
  });

  test(`${mode}: a schedule counts the steps of windows that apply, and begins a skipped one anew`, async () => {
    const learningRate = ht.schedules.inverseTimeDecay({
      ...{ initialLearningRate: 1, decaySteps: 1, decayRate: 1 },
    });
    const inner = ht.optimizers.sgd({ learningRate, gradientAccumulationSteps: 2 });
    const optimizer = new ht.LossScaleOptimizer(inner, { rules: 'pytorch', initialScale: 4 });
    const variable = ht.variable([0]);
    const step = run((gradient) => optimizer.apply([gradient!], [variable]));
    const rates: number[] = [];
    for (const gradient of [4, 4, Infinity, 1, 2, 2, 2]) {
      step(ht.tensor([gradient]));
      rates.push(Math.round(1 / (await optimizer.readState()).learningRate));
    }
    assert.equal(rates, [1, 2, 3, 4, 3, 4, 5]);
  });

  test(`${mode}: clipping, statistics and float16 variables in a window with one scale`, async () => {
    const inner = ht.optimizers.sgd({ learningRate: 1, gradientAccumulationSteps: 2, globalClipNorm: 5 });
    const optimizer = new ht.LossScaleOptimizer(inner, { rules: 'pytorch', initialScale: 2 });
    const own = [ht.variable([0]), ht.variable([0], { dtype: 'float16' })];
    const statistic = ht.variable([0], { overwriteWithGradient: true });
    const step = run((a, b, c) => optimizer.apply([a!, b!, c!], [...own, statistic]));
    const tensors = (a: number, b: number, c: number) =>
      [ht.tensor([a]), ht.tensor([b], { dtype: 'float16' }), ht.tensor([c])] as const;
    step(...tensors(12, 16, 3));
    step(...tensors(12, 16, 7));
    const near = async (expected: readonly number[]) => {
      const got = [...(await numbers(own[0]!)), ...(await numbers(own[1]!)), ...(await numbers(statistic))];
      for (const [i, value] of got.entries()) assert.ok(Math.abs(value - expected[i]!) < 1e-2, `${got}`);
    };
    await near([-3, -4, 7]);
    step(...tensors(12, 16, 9));
    step(...tensors(12, Infinity, 8));
    await near([-3, -4, 7]);
  });
}

for (const accumulation of ['microBatch', 'window'] as const) {
  for (const rules of ['keras3', 'tf.keras', 'pytorch'] as const) {
    test(`${accumulation}, ${rules}: a checkpoint at any place of a window goes on bit for bit, hysteresis too`, async () => {
      const gradientsOf = (count: number) => {
        const random = randomOf(`${accumulation} ${count}`);
        const value = () => 8 * (random() - 0.5);
        return [ht.tensor([value(), value()]), ht.tensor([random() < 0.25 ? Infinity : value()])];
      };
      const made = () => {
        const inner = ht.optimizers.adam({ learningRate: 0.1, gradientAccumulationSteps: 3, clipNorm: 1 });
        const options = { initialScale: 16, growthSteps: 2, hysteresis: 2, consecutiveHysteresis: false };
        const optimizer = new ht.LossScaleOptimizer(inner, { rules, accumulation, ...options });
        const own = [ht.variable([1, 2], { name: 'a' }), ht.variable([3], { name: 'b' })];
        const step = ht.jit((...gradients) => optimizer.apply(gradients, own));
        const train = (from: number, to: number) => {
          for (let count = from; count < to; count++) step(...gradientsOf(count));
        };
        return { optimizer, own, train };
      };
      const whole = made();
      whole.train(0, 20);
      for (const cut of [4, 5, 9, 12]) {
        const first = made();
        first.train(0, cut);
        const saved = JSON.parse(JSON.stringify((await first.optimizer.state()).scale));
        const { slots } = structuredClone(await first.optimizer.state());
        const second = made();
        second.train(7, 12);
        second.optimizer.loadState({ scale: saved, slots }, second.own);
        for (const [i, variable] of second.own.entries()) variable.assign(await numbers(first.own[i]!));
        second.train(cut, 20);
        assert.equal(await second.optimizer.state(), await whole.optimizer.state(), `cut at ${cut}`);
        assert.equal(await Promise.all(second.own.map(numbers)), await Promise.all(whole.own.map(numbers)));
      }
    });
  }
}

test('a checkpoint from before there was hysteresis starts with its tolerance whole', async () => {
  const own = [ht.variable([1], { name: 'own' })];
  const make = () =>
    new ht.LossScaleOptimizer(ht.optimizers.sgd(), { initialScale: 16, hysteresis: 2, growthSteps: 9 });
  const optimizer = make();
  optimizer.apply([ht.tensor([Infinity])], own);
  const { endured, inARow, ...old } = (await optimizer.readState()) as Record<string, number>;
  assert.equal([endured, inARow], [1, 1]);
  optimizer.loadState({ scale: old, slots: {} }, own);
  optimizer.apply([ht.tensor([Infinity])], own);
  assert.is(await optimizer.lossScale(), 16);
  optimizer.apply([ht.tensor([Infinity])], own);
  assert.is(await optimizer.lossScale(), 8);
});

test('what is no way to accumulate, or no hysteresis, is refused', () => {
  for (const [options, message] of [
    [{ accumulation: 'step' }, /loss scale: accumulation is 'step'; use 'microBatch' or 'window'/],
    [{ hysteresis: 0 }, /hysteresis is 0; use a whole number from 1 on/],
    [{ hysteresis: 1.5 }, /hysteresis is 1.5/],
    [{ consecutiveHysteresis: 1 }, /consecutiveHysteresis is 1; use true or false/],
    [{ rules: 'pytorch', dynamic: false, initialScale: 2, hysteresis: 2 }, /hysteresis with dynamic false/],
    [{ minScale: 4, initialScale: 2 }, /minScale is 4; use a number up to initialScale, 2/],
    [{ growthFactor: 1 + 1e-9 }, /growthFactor is 1.000000001; use a number above 1/],
    [{ backoffFactor: 1 - 1e-9 }, /backoffFactor is 0.999999999; use a number between 0 and 1/],
  ] as const)
    assert.throws(
      () => new ht.LossScaleOptimizer(ht.optimizers.sgd(), options as object),
      (error: Error) => error instanceof ht.ArgumentError && message.test(error.message),
      `${message}`,
    );
});

test('a configuration makes the same optimizer in every rule set, every number given', () => {
  const options: ht.LossScaleOptions = {
    ...{
      initialScale: 64,
      growthSteps: 3,
      growthFactor: 4,
      backoffFactor: 0.25,
      minScale: 2,
      maxScale: 2 ** 20,
    },
    ...{ hysteresis: 3, consecutiveHysteresis: true, countSkipped: true, name: 'mine' },
  };
  for (const rules of ['keras3', 'tf.keras', 'pytorch'] as const)
    for (const accumulation of ['microBatch', 'window'] as const) {
      const made = new ht.LossScaleOptimizer(sgd(), { rules, accumulation, ...options });
      const config = JSON.parse(JSON.stringify(made.getConfig()));
      const copy = ht.LossScaleOptimizer.fromConfig(config);
      assert.equal(copy.getConfig(), made.getConfig());
      const rule = copy.innerOptimizer.lossScaling;
      assert.equal(rule, made.innerOptimizer.lossScaling);
      for (const [name, value] of Object.entries({ ...options, accumulation, name: undefined }))
        if (value !== undefined) assert.is(rule[name as keyof ht.LossScale], value, name);
      assert.is(rule.scaledGradients, rules !== 'tf.keras');
    }
});
