// Options that all optimizers take: averages of weights, gathered gradients, arenas in chunks; configurations and refusals.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { assertThrows } from './assert-throws.ts';
import { suite } from './harness.ts';
import { randomOf } from './ops/draws.ts';
import { nearestHalf } from './reference/half.ts';
import { adam } from './reference/optimizers.ts';
import { MODES, numbers } from './step.ts';
import { assertClose } from './tolerances.ts';
import { NEVER_SCALED, quiet } from './warnings.ts';

const test = suite('optimizer options');
quiet(test, NEVER_SCALED);
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open();
});
test.after(() => engine.close());

const draws = (name: string, size: number, spread = 4) => {
  const random = randomOf(name);
  return Array.from({ length: size }, () => Math.fround(spread * (random() - 0.5)));
};
const close = (got: ArrayLike<number>, expected: readonly number[], op: string, terms = 20) =>
  assertClose(got, expected, { op, dtype: 'float32', terms });

for (const { mode, run } of MODES) {
  test(`${mode}: averages of weights, which replace them every second iteration, and not in a step that is skipped`, async () => {
    const sizes = [1, 7, 130];
    const starts = sizes.map((size) => draws(`ema ${size}`, size));
    const variables = starts.map((own, i) => ht.variable(own, { name: `v${i}` }));
    const copies = variables.map((variable) => variable.read('float16'));
    const inner = ht.optimizers.sgd({
      ...{ learningRate: 0.5, useEma: true, emaMomentum: 0.8, emaOverwriteFrequency: 2 },
    });
    const optimizer = new ht.LossScaleOptimizer(inner, { initialScale: 1, growthSteps: 100 });
    const step = run((...own) => optimizer.apply(own, variables));
    let weights = starts.map((own) => [...own]);
    let averages = weights;
    let scale = 1;
    let iterations = 0;
    for (let count = 0; count < 7; count++) {
      const gradients = sizes.map((size) => draws(`ema ${size} ${count}`, size, 0.5));
      const bad = count === 3 ? Number.NaN : 1;
      step(...gradients.map((own) => ht.tensor(own.map((value) => value * scale * bad))));
      if (count === 3) {
        scale /= 2;
        continue;
      }
      weights = weights.map((own, v) => own.map((weight, i) => weight - 0.5 * gradients[v]![i]!));
      const p = iterations === 0 ? 0 : 0.8;
      averages = averages.map((own, v) => own.map((average, i) => p * average + (1 - p) * weights[v]![i]!));
      iterations++;
      if (iterations % 2 === 0) weights = averages;
      const { slots } = await optimizer.state();
      for (const [v, variable] of variables.entries()) {
        close(await numbers(variable), weights[v]!, `weight after ${count}`);
        close(slots.average![variable.name]!, averages[v]!, `average after ${count}`);
        assert.equal(await numbers(copies[v]!), (await numbers(variable)).map(nearestHalf), 'copy');
      }
    }
    step(...sizes.map((size) => ht.ones([size])));
    const { slots } = await optimizer.state();
    optimizer.finalizeVariableValues(variables);
    for (const [v, variable] of variables.entries()) {
      assert.equal(await numbers(variable), [...slots.average![variable.name]!]);
      assert.equal(await numbers(copies[v]!), (await numbers(variable)).map(nearestHalf), 'copy');
    }
  });

  test(`${mode}: gradients of three finite steps are gathered, clipped together and applied by Adam; statistics are the largest`, async () => {
    const sizes = [7, 130];
    const starts = sizes.map((size) => draws(`gathered ${size}`, size));
    const variables = starts.map((own) => ht.variable(own));
    const statistic = ht.variable([1, 1, 1], { overwriteWithGradient: true });
    const options = { beta1: 0.8, beta2: 0.9, epsilon: 1e-3 };
    const inner = ht.optimizers.adam({
      ...{ learningRate: 0.1, globalClipNorm: 3, weightDecay: 0.5, gradientAccumulationSteps: 3, ...options },
    });
    const optimizer = new ht.LossScaleOptimizer(inner, { initialScale: 8 });
    const step = run((...own) => optimizer.apply(own, [...variables, statistic]));
    let elements = starts.map((own) => own.map((weight) => ({ weight, mean: 0, variance: 0 })));
    let window: number[][][] = [];
    let [scale, updates] = [8, 0];
    for (let count = 0; count < 8; count++) {
      const gradients = sizes.map((size) => draws(`gathered ${size} ${count}`, size));
      const bad = count === 4 ? Infinity : 1;
      step(
        ...gradients.map((own) => ht.tensor(own.map((value) => value * scale * bad))),
        ht.tensor([count, 10 - count, -5]),
      );
      if (count === 4) {
        scale /= 2;
        continue;
      }
      window.push(gradients);
      if (window.length === 3) {
        updates++;
        const means = sizes.map((size, v) =>
          Array.from({ length: size }, (_, i) => window.reduce((sum, all) => sum + all[v]![i]!, 0) / 3),
        );
        const norm = Math.sqrt(means.flat().reduce((sum, value) => sum + value * value, 0));
        elements = elements.map((own, v) =>
          own.map(({ weight, ...slots }, i) => {
            const gradient = (means[v]![i]! * 3) / Math.max(norm, 3);
            const rule = { ...options, step: updates };
            const decayed = { weight: weight * (1 - 0.5 * 0.1), ...slots };
            return adam(decayed, gradient, { inverse: 1, learningRate: 0.1 }, rule);
          }),
        );
        window = [];
      }
      for (const [v, variable] of variables.entries()) {
        const expected = elements[v]!.map(({ weight }) => weight);
        close(await numbers(variable), expected, `weight after ${count}`);
      }
      const largest = updates === 0 ? [1, 1, 1] : updates === 1 ? [2, 10, 0] : [6, 7, 0];
      assert.equal(await numbers(statistic), largest, `statistic after ${count}`);
      assert.is(await optimizer.iterations(), updates);
    }
    assert.is(updates, 2);
  });
}

test('a checkpoint in the middle of a window goes on with what was gathered', async () => {
  const run = async (from: number, to: number, own: ht.Variable[], optimizer: ht.Optimizer) => {
    const step = ht.jit((...gradients) => optimizer.apply(gradients, own));
    for (let count = from; count < to; count++)
      step(ht.tensor(draws(`a ${count}`, 3)), ht.tensor(draws(`b ${count}`, 130)));
  };
  const make = () =>
    ht.optimizers.nadam({
      ...{ learningRate: 0.1, gradientAccumulationSteps: 3, useEma: true, clipNorm: 1 },
    });
  const variables = () => [
    ht.variable([1, 2, 3], { name: 'a' }),
    ht.variable(draws('b', 130), { name: 'b' }),
  ];
  const [whole, wholeOwn] = [make(), variables()];
  await run(0, 10, wholeOwn, whole);
  const [first, firstOwn] = [make(), variables()];
  await run(0, 5, firstOwn, first);
  const saved = structuredClone(await first.state());
  const [second, secondOwn] = [make(), variables()];
  await run(2, 3, secondOwn, second);
  second.loadState(saved, secondOwn);
  for (const [i, variable] of secondOwn.entries()) variable.assign(await numbers(firstOwn[i]!));
  await run(5, 10, secondOwn, second);
  assert.equal(await second.state(), await whole.state());
  assert.equal(await Promise.all(secondOwn.map(numbers)), await Promise.all(wholeOwn.map(numbers)));
});

test('arenas in chunks, and variables that lie in arenas of another optimizer, train to the same bits', async () => {
  const sizes = [1, 130, 7, 300, 128];
  const options = { learningRate: 0.05, globalClipNorm: 2, weightDecay: 0.1, gradientAccumulationSteps: 2 };
  const results: unknown[] = [];
  for (const layout of ['whole', 'chunks', 'other']) {
    const small = await ht.open();
    if (layout === 'chunks') Object.defineProperty(small, 'largestBinding', { value: 2048 });
    const variables = sizes.map((size) => ht.variable(draws(`chunk ${size}`, size), { name: `v${size}` }));
    // One group of all, where the next optimizer has two.
    if (layout === 'other')
      ht.optimizers.sgd().apply(
        sizes.map((size) => ht.zeros([size])),
        variables,
      );
    const optimizer = ht.optimizers.rmsprop({ ...options, useEma: true, centered: true });
    optimizer.excludeFromWeightDecay({ varList: [variables[1]!], varNames: ['v7', 'v128'] });
    const step = ht.jit((...own) => optimizer.apply(own, variables));
    for (let count = 0; count < 4; count++)
      step(...sizes.map((size) => ht.tensor(draws(`chunk ${size} ${count}`, size))));
    const { slots } = await optimizer.state();
    results.push([await Promise.all(variables.map(numbers)), slots]);
    small.close();
  }
  engine = await ht.open();
  assert.equal(results[1], results[0]);
  assert.equal(results[2], results[0]);
});

test('fit ends with the averages in the place of the weights', async () => {
  const model = ht.sequential([ht.layers.dense({ units: 1, inputShape: [2] })]);
  const optimizer = ht.optimizers.adamW({ learningRate: 0.1, useEma: true, emaMomentum: 0.5 });
  model.compile({ optimizer, loss: 'mse' });
  await model.fit(
    ht.tensor([
      [1, 2],
      [3, 4],
      [5, 6],
    ]),
    ht.tensor([[1], [2], [3]]),
    { epochs: 2, batchSize: 1, verbose: 0 },
  );
  const { slots } = await optimizer.state();
  for (const variable of model.weights)
    assert.equal(await numbers(variable), [...slots.average![variable.name]!]);
});

test('every optimizer is found by its name in any case, and made again from its configuration', () => {
  const { optimizers } = ht;
  for (const [name, make] of Object.entries(optimizers) as [string, (options?: object) => ht.Optimizer][]) {
    const model = ht.sequential([ht.layers.dense({ units: 1 })]);
    model.compile({ optimizer: name, loss: 'mse' });
    assert.equal(model.optimizer.constructor.name.toLowerCase(), name.toLowerCase());
    const options = {
      ...{ learningRate: 0.5, weightDecay: 0.25, useEma: true, emaMomentum: 0.5, emaOverwriteFrequency: 3 },
      ...{ gradientAccumulationSteps: 4, lossScaleFactor: 2, clipValue: 1, name: 'mine' },
    };
    const config = make(options).getConfig();
    assert.equal(make(config).getConfig(), config, name);
    for (const [option, value] of Object.entries(options))
      assert.is(config[option], value, `${name}: ${option}`);
    const plain = make().getConfig();
    assert.equal(make(plain).getConfig(), plain, name);
  }
  assert.equal(optimizers.adamW().getConfig().weightDecay, 0.004);
  assert.not.ok('weightDecay' in optimizers.adamW({ weightDecay: 0 }).getConfig());
  assert.not.ok('weightDecay' in optimizers.adam().getConfig());
});

test('a schedule survives a configuration', () => {
  const { schedules, optimizers } = ht;
  const learningRate = schedules.cosineDecay({
    ...{ initialLearningRate: 0.1, decaySteps: 10, warmupTarget: 1, warmupSteps: 4 },
  });
  const muon = optimizers.muon({ learningRate });
  const again = optimizers.muon(JSON.parse(JSON.stringify(muon.getConfig())) as object);
  assert.equal(again.getConfig(), muon.getConfig());
  const unknown = { learningRate: { className: 'decay', config: {} } };
  assertThrows(() => optimizers.sgd(unknown), ht.ArgumentError, /^schedule: unknown name 'decay'; use 'expo/);
  const fast = { learningRate: 'fast' } as object;
  assertThrows(
    () => optimizers.sgd(fast),
    ht.ArgumentError,
    /learningRate 'fast'; use a number from 0 on, or/,
  );
});

for (const { mode, run } of MODES) {
  test(`${mode}: gathered steps move a schedule on one by one, skipped ones do not`, async () => {
    const learningRate = ht.schedules.inverseTimeDecay({
      ...{ initialLearningRate: 1, decaySteps: 1, decayRate: 1 },
    });
    const weight = ht.variable([0]);
    const inner = ht.optimizers.sgd({ learningRate, gradientAccumulationSteps: 2 });
    const optimizer = new ht.LossScaleOptimizer(inner, { initialScale: 4 });
    const step = run((gradient) => optimizer.apply([gradient!], [weight]));
    const seen: number[][] = [];
    for (const gradient of [4, Infinity, 8, 2, 2]) {
      step(ht.tensor([gradient]));
      const { learningRate: rate, iterations, apply } = await optimizer.readState();
      seen.push([Math.round(1 / rate), iterations, apply]);
    }
    const expected = [
      [1, 0, 0],
      [2, 0, 0],
      [2, 1, 1],
      [3, 1, 0],
      [4, 2, 1],
    ];
    assert.equal(seen, expected);
    // The scale is 2 from the third gradient on: the mean of 1 and 4 at rate 1/2, then of 1 and 1 at 1/4.
    assert.equal(await numbers(weight), [-2.5 / 2 - 1 / 4]);
  });
}

test('options that no optimizer can have', () => {
  const { optimizers } = ht;
  const variable = ht.variable([1]);
  const used = optimizers.adamW();
  used.apply([ht.ones([1])], [variable]);
  const cases: readonly [() => unknown, RegExp][] = [
    [() => optimizers.rmsprop({ rho: 1 }), /^RMSprop: rho 1; use a number from 0 to below 1/],
    [() => optimizers.adamW({ weightDecay: -1 }), /^AdamW: weightDecay -1; use a number from 0 on/],
    [() => optimizers.lion({ epsilon: 1 } as never), /^Lion: unknown option 'epsilon'; use 'beta1', 'beta2'/],
    [
      () => optimizers.adam({ useEma: true, emaMomentum: 2 }),
      /^Adam: emaMomentum 2; use a number from 0 to 1/,
    ],
    [
      () => optimizers.adam({ useEma: true, emaOverwriteFrequency: 0.5 }),
      /^Adam: emaOverwriteFrequency 0.5; use a whole/,
    ],
    [
      () => optimizers.adagrad({ gradientAccumulationSteps: 1.5 }),
      /^Adagrad: gradientAccumulationSteps 1.5; use a whole/,
    ],
    [() => optimizers.adagrad({ initialAccumulatorValue: -1 }), /^Adagrad: initialAccumulatorValue -1; use/],
    [() => optimizers.muon({ nsSteps: 0 }), /^Muon: nsSteps 0; use a whole number from 1 on/],
    [
      () => optimizers.muon({ excludeLayers: ['('] }),
      /^Muon: excludeLayers \['\('\]; use a list of regular expressions/,
    ],
    [
      () => used.excludeFromWeightDecay({ varNames: ['bias'] }),
      /^AdamW.excludeFromWeightDecay: it has made steps already/,
    ],
    [() => optimizers.sgd({ nesterov: 1 } as never), /^SGD: nesterov 1; use true or false$/],
    [() => optimizers.sgd({ momentum: '0.5' } as never), /^SGD: momentum '0.5'; use a number$/],
    [() => optimizers.muon({ nesterov: 'no' } as never), /^Muon: nesterov 'no'; use true or false$/],
    [() => optimizers.muon({ excludeEmbeddings: 0 } as never), /^Muon: excludeEmbeddings 0; use true or/],
    [
      () => optimizers.rmsprop({ centered: 'true' } as never),
      /^RMSprop: centered 'true'; use true or false$/,
    ],
    [() => optimizers.adamW({ amsgrad: 1 } as never), /^AdamW: amsgrad 1; use true or false$/],
    [() => optimizers.lion({ useEma: 0.99 } as never), /^Lion: useEma 0.99; use true or false$/],
    [
      () => new ht.LossScaleOptimizer(optimizers.sgd(), { dynamic: 'no' } as never),
      /^LossScaleOptimizer: dynamic 'no'; use true or false$/,
    ],
    [
      () => new ht.LossScaleOptimizer(optimizers.sgd(), { countSkipped: 1 } as never),
      /^loss scale: countSkipped is 1; use true or false$/,
    ],
    [() => optimizers.sgd().excludeFromWeightDecay({ names: [] } as never), /unknown option 'names'/],
  ];
  for (const [make, message] of cases) assertThrows(make, ht.ArgumentError, message);
});
