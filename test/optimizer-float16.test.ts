// Training without float32 masters: every rule of an optimizer with float16 variables, rounded stochastically and compensated.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { assertThrows } from './assert-throws.ts';
import { suite } from './harness.ts';
import { randomOf } from './ops/draws.ts';
import { compensatedValue, roundingWords, stochasticHalf } from './reference/float16-weights.ts';
import { halfUlp, halfValue, nearestHalf } from './reference/half.ts';
import { MODES, number, numbers } from './step.ts';

const test = suite('float16 weights');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ seed: 5 });
});
test.after(() => engine.close());

const { optimizers } = ht;
const RULES: Readonly<Record<string, (options: ht.OptimizerOptions) => ht.Optimizer>> = {
  SGD: (o) => optimizers.sgd(o),
  'SGD with momentum': (o) => optimizers.sgd({ ...o, momentum: 0.9, nesterov: true }),
  RMSprop: (o) => optimizers.rmsprop({ ...o, momentum: 0.5, centered: true }),
  Adam: (o) => optimizers.adam({ ...o, amsgrad: true }),
  AdamW: (o) => optimizers.adamW(o),
  Adamax: (o) => optimizers.adamax(o),
  Nadam: (o) => optimizers.nadam(o),
  Adagrad: (o) => optimizers.adagrad(o),
  Adadelta: (o) => optimizers.adadelta(o),
  Lion: (o) => optimizers.lion(o),
  Muon: (o) => optimizers.muon(o),
};

const SHAPES = [[3], [12, 20], [130]] as const;
const STEPS = 30;

/** Trains variables of `dtype` with the same gradients whatever they are, as small steps as a half cannot make. */
async function train(
  name: string,
  dtype: 'float32' | 'float16',
  options: ht.OptimizerOptions,
  { run } = MODES[1]!,
): Promise<{ weights: number[]; slots: Record<string, Record<string, Float32Array>> }> {
  const random = randomOf(name);
  const draw = (shape: readonly number[], spread: number) =>
    Array.from({ length: shape.reduce((product, size) => product * size, 1) }, () =>
      nearestHalf(spread * (2 * random() - 1)),
    );
  const own = SHAPES.map((shape, i) =>
    ht.variable(Float64Array.from(draw(shape, 1)), { shape, dtype, name: `${i}` }),
  );
  const optimizer = RULES[name]!({ learningRate: 2e-5, ...options });
  const step = run((...gradients) => optimizer.apply(gradients, own));
  for (let turn = 0; turn < STEPS; turn++)
    step(
      ...SHAPES.map((shape) => ht.tensor(Float64Array.from(draw(shape, 0.5)), { shape, dtype: 'float16' })),
    );
  const weights = (await Promise.all(own.map(numbers))).flat();
  const { slots } = await optimizer.state();
  optimizer.dispose();
  for (const variable of own) variable.dispose();
  return { weights, slots };
}

for (const name of Object.keys(RULES)) {
  test(`${name}: compensated weights go where float32 ones go; slots are float32, and the same`, async () => {
    const wanted = await train(name, 'float32', {});
    const got = await train(name, 'float16', { float16Weights: 'kahan' });
    const { compensation, ...slots } = got.slots;
    assert.equal(Object.keys(slots).sort(), Object.keys(wanted.slots).sort());
    for (const [slot, values] of Object.entries(wanted.slots)) {
      for (const [variable, numbers] of Object.entries(values)) {
        for (const [i, value] of numbers.entries())
          assert.ok(
            Math.abs(slots[slot]![variable]![i]! - value) <= 1e-5 * (1e-3 + Math.abs(value)),
            `${slot} ${variable} ${i}: ${slots[slot]![variable]![i]}, ${value}`,
          );
      }
    }
    const lows = SHAPES.flatMap((_, i) => [...compensation![i]!]);
    const values = got.weights.map((high, i) => compensatedValue({ high, low: lows[i]! }));
    const worst = Math.max(...values.map((value, i) => Math.abs(value - wanted.weights[i]!)));
    assert.ok(worst < STEPS * 2 ** -23, `${worst}`);
    assert.equal(got.weights, values.map(nearestHalf));
  });
}

for (const name of ['SGD', 'Adam', 'Muon']) {
  test(`${name}: stochastic rounding is the same eager and jitted, and right on average`, async () => {
    const wanted = await train(name, 'float32', {});
    const results: number[][] = [];
    for (const mode of MODES)
      results.push((await train(name, 'float16', { float16Weights: 'stochastic' }, mode)).weights);
    assert.equal(results[0], results[1]);
    // Errors over the deviation of so many roundings: each is at most half a step off on average.
    const errors = results[0]!.map(
      (value, i) => (value - wanted.weights[i]!) / (halfUlp(value) * Math.sqrt(STEPS / 4)),
    );
    const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
    assert.ok(Math.abs(mean) < 4 / Math.sqrt(errors.length), `mean error ${mean}`);
    assert.ok(Math.max(...errors.map(Math.abs)) < 5, `${errors}`);
  });
}

test('an update too small for a half is lost by rounding to nearest, and by no other way', async () => {
  const [count, steps, rate] = [4096, 64, 2 ** -14];
  const end = 1 - steps * rate;
  const results: number[][] = [];
  for (const float16Weights of ['nearest', 'stochastic', 'kahan'] as const) {
    const weights = ht.variable(new Float32Array(count).fill(1), { dtype: 'float16' });
    const optimizer = ht.optimizers.sgd({ learningRate: rate, float16Weights });
    for (let step = 0; step < steps; step++) optimizer.apply([ht.ones([count], 'float16')], [weights]);
    results.push(await numbers(weights));
  }
  const [nearest, stochastic, kahan] = results;
  assert.ok(nearest!.every((value) => value === 1));
  assert.ok(kahan!.every((value) => value === nearestHalf(end)));
  const mean = stochastic!.reduce((sum, value) => sum + value, 0) / count;
  // Below 1 a step of a half is 2^-11, so each rounding has a deviation of at most 2^-12.
  assert.ok(Math.abs(mean - end) < (4 * 2 ** -12 * Math.sqrt(steps)) / Math.sqrt(count), `${mean}, ${end}`);
});

for (const float16Weights of ['stochastic', 'kahan'] as const) {
  test(`${float16Weights}: with loss scaling, averages and gathered gradients; a skipped step changes no bit`, async () => {
    const start = [1, -0.5, 0.25, 3];
    const weights = ht.variable(start, { dtype: 'float16', name: 'w' });
    const inner = ht.optimizers.sgd({
      ...{ learningRate: 2 ** -12, momentum: 0.5, float16Weights },
      ...{ useEma: true, emaMomentum: 0.5, gradientAccumulationSteps: 2 },
    });
    const optimizer = new ht.LossScaleOptimizer(inner, { initialScale: 1024, growthSteps: 1000 });
    optimizer.scaleLoss(ht.tensor(1));
    const apply = (values: number[], scale: number) =>
      optimizer.apply(
        [
          ht.tensor(
            values.map((value) => value * scale),
            { dtype: 'float16' },
          ),
        ],
        [weights],
      );
    // A scaled gradient whose true size float16 does not hold.
    const tiny = 2 ** -26;
    for (let turn = 0; turn < 4; turn++) apply([1, -1, tiny, 2], 1024);
    const before = [await numbers(weights), await inner.state()] as const;
    apply([Number.POSITIVE_INFINITY, 1, 1, 1], 1024);
    const after = [await numbers(weights), await inner.state()] as const;
    assert.equal(after[0], before[0]);
    assert.equal(after[1].slots, before[1].slots);
    assert.equal([await optimizer.lossScale(), await optimizer.skippedSteps()], [512, 1]);
    const { momentum, average } = after[1].slots;
    assert.is(momentum!.w![2], -1.5 * tiny * 2 ** -12, 'slots hold what float16 does not');
    const [mean] = average!.w!;
    assert.ok(Math.abs(mean! - 1) < 2 ** -9, `${mean}`);
    if (float16Weights === 'kahan')
      assert.not.equal(mean, nearestHalf(mean!), 'the average is of whole weights');
    inner.finalizeVariableValues([weights]);
    assert.equal(await numbers(weights), [...average!.w!].map(nearestHalf));
    inner.dispose();
  });

  test(`${float16Weights}: a run goes on from its checkpoint bit for bit, in whatever order it is restored`, async () => {
    const gradients = Array.from({ length: 6 }, (_, k) =>
      ht.tensor([Math.sin(k), Math.cos(k), k / 4], { dtype: 'float16' }),
    );
    const make = () => ht.optimizers.adam({ learningRate: 1e-4, float16Weights });
    const variable = () => ht.variable([1, 2, 3], { dtype: 'float16', name: 'w' });
    const [whole, one] = [variable(), make()];
    for (const gradient of gradients) one.apply([gradient], [whole]);
    const [half, before] = [variable(), make()];
    for (const gradient of gradients.slice(0, 3)) before.apply([gradient], [half]);
    const [saved, state] = [await numbers(half), await before.state()];
    for (const weightsFirst of [true, false]) {
      const [again, after] = [variable(), make()];
      // A step that the checkpoint knows nothing of.
      after.apply([gradients[5]!], [again]);
      if (weightsFirst) again.assign(ht.tensor(saved, { dtype: 'float16' }));
      after.loadState(state, [again]);
      if (!weightsFirst) again.assign(ht.tensor(saved, { dtype: 'float16' }));
      for (const gradient of gradients.slice(3)) after.apply([gradient], [again]);
      assert.equal(await numbers(again), await numbers(whole), `weights first: ${weightsFirst}`);
      assert.equal((await after.state()).slots, (await one.state()).slots);
    }
  });
}

test('a constraint that holds takes nothing off the compensation, and one that does not is obeyed', async () => {
  const constraint = ht.constraints.nonNeg();
  const weights = ht.variable([1, 2 ** -10], { dtype: 'float16', constraint });
  const optimizer = ht.optimizers.sgd({ learningRate: 2 ** -14, float16Weights: 'kahan' });
  for (let step = 0; step < 64; step++) optimizer.apply([ht.ones([2], 'float16')], [weights]);
  assert.equal(await numbers(weights), [1 - 64 * 2 ** -14, 0]);
});

test('assigned weights are what was assigned, whatever the compensation held', async () => {
  const weights = ht.variable([1000], { dtype: 'float16' });
  const optimizer = ht.optimizers.sgd({ learningRate: 1, float16Weights: 'kahan' });
  optimizer.apply([ht.tensor([0.2])], [weights]);
  weights.assign(ht.tensor([0.001], { dtype: 'float16' }));
  optimizer.apply([ht.tensor([0])], [weights]);
  assert.is(await number(weights), nearestHalf(0.001));
});

test('float32 variables and statistics know nothing of it', async () => {
  const make = (float16Weights: 'nearest' | 'kahan' | 'stochastic') => {
    const own = [
      ht.variable([1.1, 2.2]),
      ht.variable([1, 2], { dtype: 'float16', overwriteWithGradient: true }),
    ];
    const optimizer = ht.optimizers.adam({ float16Weights });
    for (let step = 0; step < 3; step++)
      optimizer.apply([ht.tensor([0.3, -0.1]), ht.tensor([0.1, 0.3], { dtype: 'float16' })], own);
    return Promise.all([...own.map(numbers), optimizer.state().then(({ slots }) => slots)]);
  };
  const strip = ([a, b, slots]: Awaited<ReturnType<typeof make>>) => [a, b, Object.keys(slots as object)];
  const plain = strip(await make('nearest'));
  assert.equal(strip(await make('kahan')), plain);
  assert.equal(strip(await make('stochastic')), plain);
});

test('its option is checked, kept in configurations, and not one of the LossScaleOptimizer', () => {
  assertThrows(
    () => ht.optimizers.adam({ float16Weights: 'up' as never }),
    ht.ArgumentError,
    /^Adam: float16Weights 'up'; use 'nearest', 'stochastic' or 'kahan'$/,
  );
  assertThrows(
    () => ht.optimizers.adam({ slotDType: 'bfloat16' as never }),
    ht.ArgumentError,
    /^Adam: slotDType 'bfloat16'; use 'float32' or 'float16'$/,
  );
  const config = ht.optimizers.adam({ float16Weights: 'kahan', slotDType: 'float16' }).getConfig();
  assert.equal([config.float16Weights, config.slotDType], ['kahan', 'float16']);
  assert.equal(ht.optimizers.adam(config).getConfig(), config);
  assert.not('float16Weights' in ht.optimizers.adam().getConfig());
  assertThrows(
    () => new ht.LossScaleOptimizer(ht.optimizers.adam(), { float16Weights: 'kahan' } as never),
    ht.ArgumentError,
    /^LossScaleOptimizer: float16Weights belongs to the inner optimizer; set it there$/,
  );
});

test('random numbers are those of the seed, the iteration, the place and the part of the step', async () => {
  const seen: number[][] = [];
  for (const options of [{ seed: 9 }, { seed: 9, f16: 'packed' }, { seed: 10 }] as const) {
    const own = await ht.open(options);
    const [plain, decaying] = ['a', 'b'].map((name) =>
      ht.variable(new Float32Array(10).fill(1), { engine: own, dtype: 'float16', name }),
    );
    const optimizer = ht.optimizers.sgd({
      learningRate: 2 ** -13,
      weightDecay: 1,
      float16Weights: 'stochastic',
    });
    optimizer.excludeFromWeightDecay({ varNames: ['a'] });
    const gradient = ht.ones([10], 'float16', { engine: own });
    const weights = [Array(10).fill(1), Array(10).fill(1)] as number[][];
    for (let iteration = 1; iteration <= 6; iteration++) {
      optimizer.apply([gradient, gradient], [plain!, decaying!]);
      for (const [part, values] of weights.entries()) {
        const words = roundingWords(options.seed, iteration, 2 * part, 10);
        weights[part] = values.map((value, i) => {
          const decayed = part === 1 ? value * (1 - 2 ** -13) : value;
          return halfValue(stochasticHalf(Math.fround(decayed - 2 ** -13), words[i]!));
        });
      }
    }
    seen.push([...(await numbers(plain!)), ...(await numbers(decaying!))]);
    assert.equal(seen.at(-1), weights.flat());
    own.close();
  }
  assert.equal(seen[0], seen[1]);
  assert.not.equal(seen[0], seen[2]);
});

test('memory: two bytes a weight, two more for the compensation, four a slot', async () => {
  const bytes = async (
    dtype: 'float32' | 'float16',
    options: ht.Float16Options & { epsilon?: number } = {},
  ) => {
    const own = await ht.open();
    const weights = ht.variable(new Float32Array(16_384), { engine: own, dtype });
    if (dtype === 'float32') weights.read('float16');
    const optimizer = ht.optimizers.adam(options);
    optimizer.apply([ht.zeros([16_384], 'float16', { engine: own })], [weights]);
    const { weights: masters, 'f16 copies': copies, 'optimizer slots': slots } = own.memory().byKind;
    own.close();
    return [masters, copies, slots].map((count) => Math.floor((count ?? 0) / 16_384));
  };
  assert.equal(await bytes('float32'), [4, 2, 8]);
  assert.equal(await bytes('float16'), [2, 0, 8]);
  assert.equal(await bytes('float16', { float16Weights: 'stochastic' }), [2, 0, 8]);
  assert.equal(await bytes('float16', { float16Weights: 'kahan' }), [2, 0, 10]);
  assert.equal(await bytes('float16', { slotDType: 'float16', epsilon: 1e-3 }), [2, 0, 4]);
  assert.equal(await bytes('float32', { slotDType: 'float16' }), [4, 2, 8], 'of float16 variables only');
});
