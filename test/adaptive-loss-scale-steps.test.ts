// Adaptive loss scaling from step to step: the same bits where nothing needs scaling, skipped steps, measurements, checkpoints.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { begin, exponentOf, type StepWords } from './reference/adaptive-scale.ts';
import { nearestHalf } from './reference/half.ts';
import { MODES, number, numbers, watchGradient } from './step.ts';

const test = suite('adaptive loss scale, steps');
const { AdaptiveLossScale } = ht.mixedPrecision;
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ policy: 'mixed_float16', seed: 3 });
});
test.after(() => {
  ht.mixedPrecision.setGlobalPolicy('float32');
  engine.close();
});

const wide = { dtype: 'float32' } as const;

/** Two layers in float16 and one in float32. */
function network(seed: number): ht.Sequential {
  let drawn = seed;
  const initial = (shape: readonly number[]) =>
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => {
      drawn = (drawn * 16807) % 2147483647;
      return drawn / 2147483647 - 0.5;
    });
  return ht.sequential([
    ht.layers.dense({ name: 'a', units: 6, activation: 'tanh', inputShape: [4], kernelInitializer: initial }),
    ht.layers.dense({ name: 'b', units: 5, activation: 'relu', kernelInitializer: initial }),
    ht.layers.dense({ name: 'c', units: 2, kernelInitializer: initial, ...wide }),
  ]);
}

const X = Float32Array.from({ length: 32 * 4 }, (_, i) => Math.sin(3 * i));
const Y = Float32Array.from({ length: 32 * 2 }, (_, i) => Math.cos(5 * i));
const samples = () =>
  [
    { values: X, shape: [32, 4] },
    { values: Y, shape: [32, 2] },
  ] as const;

type Compile = Partial<Parameters<ht.Sequential['compile']>[0]>;

/** Weights after eight steps of Adam. */
async function trained(
  options: Compile,
  loss: unknown = 'mse',
): Promise<{ weights: Float32Array[]; history: ht.History }> {
  const model = network(7);
  model.compile({ optimizer: ht.optimizers.adam({ learningRate: 0.01 }), loss: loss as 'mse', ...options });
  const history = await model.fit(...samples(), { epochs: 2, batchSize: 8, shuffle: false, verbose: 0 });
  return { weights: await model.getWeights(), history };
}

/** Mean square times a factor. */
const times = (factor: number) => (y: ht.Tensor, p: ht.Tensor) =>
  ht.mul(ht.mean(ht.square(ht.sub(y, p))), factor);

test('where all scales are 1 the weights are those without scaling, bit for bit', async () => {
  const none = await trained({ autoScaleLoss: false }, times(64));
  const adaptive = await trained({ lossScaling: new AdaptiveLossScale({ underflow: 0.5 }) }, times(64));
  assert.equal(adaptive.history.layerScales, { a: [1, 1], b: [1, 1] });
  assert.equal(adaptive.weights, none.weights);
});

test('under float32 nothing is scaled, and a scaled model is in the log', async () => {
  ht.mixedPrecision.setGlobalPolicy('float32');
  const [none, adaptive] = [
    await trained({}, times(2 ** -30)),
    await trained({ lossScaling: 'adaptive' }, times(2 ** -30)),
  ];
  ht.mixedPrecision.setGlobalPolicy('mixed_float16');
  assert.equal(adaptive.weights, none.weights);
  assert.equal(adaptive.history.layerScales, {});
  const scaled = await trained({ lossScaling: 'adaptive' }, times(2 ** -30));
  const { a, b } = scaled.history.layerScales;
  assert.equal([a!.length, b!.length], [2, 2]);
  assert.ok(b![1]! >= 2 ** 15, `${b}`);
  assert.equal(scaled.history.history.lossScale, [1, 1], 'the loss itself is scaled by 1');
  assert.equal(scaled.history.history.skippedSteps, [0, 0]);
});

test('a global scale beside it changes nothing but the scales', async () => {
  const optimizer = () => ht.optimizers.adam({ learningRate: 0.01 });
  const lossScaling = () => new AdaptiveLossScale({ refreshSteps: 1 });
  const alone = await trained({ optimizer: optimizer(), lossScaling: lossScaling() }, times(2 ** -20));
  const both = await trained(
    {
      optimizer: new ht.LossScaleOptimizer(optimizer(), { initialScale: 2 ** 10 }),
      lossScaling: lossScaling(),
    },
    times(2 ** -20),
  );
  assert.equal(both.weights, alone.weights);
  const [own, other] = [alone, both].map(({ history }) => history.layerScales.b![1]!);
  assert.is(own, other! * 2 ** 10);
});

/** One weight of 1, whose gradient is that of the loss times `factor`, in float16; `spoil` is what its way back is multiplied with. */
class Single extends ht.Layer {
  readonly spoil = ht.variable([1], { dtype: 'float16', trainable: false });
  readonly seen = ht.variable([0], { dtype: 'float16', trainable: false });
  #weight: ht.Variable | undefined;

  constructor(name: string) {
    super('single', { name }, []);
  }

  outputShape(sample: readonly number[]): readonly number[] {
    return sample;
  }

  protected override create(): void {
    this.#weight = this.addWeight('v', [1], 'ones');
  }

  protected call(x: ht.Tensor): ht.Tensor {
    const watched = watchGradient((upstream) => {
      this.seen.assign(ht.reshape(upstream, [1]));
      return ht.mul(upstream, this.spoil.values);
    });
    return watched(ht.mul(x, this.read(this.#weight!)));
  }
}

for (const { mode, run } of MODES) {
  const stepOf = (adaptive: ht.AdaptiveLossScale, layer: Single, optimizer: ht.LossScaleOptimizer) =>
    run((factor) =>
      adaptive.during(() => {
        const loss = () => ht.mul(ht.sum(ht.cast(layer.apply(ht.ones([1, 1])), 'float32')), factor!);
        const { gradients } = optimizer.computeGradients(loss, layer.trainableVariables);
        optimizer.apply(gradients, layer.trainableVariables);
      }, optimizer),
    );
  const optimizerOf = () =>
    new ht.LossScaleOptimizer(ht.optimizers.sgd({ learningRate: 1 }), {
      initialScale: 1,
      minScale: 1,
      maxScale: 1,
    });

  test(`${mode}: scales and retreat are the twin's over 60 steps, overflowing ones among them`, async () => {
    const options = { refreshSteps: 5, growthSteps: 4, underflow: 1e-3 };
    const adaptive = new AdaptiveLossScale(options);
    const [layer, optimizer] = [new Single('one'), optimizerOf()];
    layer.build([1], engine);
    const step = stepOf(adaptive, layer, optimizer);
    let words: StepWords = { steps: 0, refresh: 0, retreat: 0, finite: 0 };
    let [exponent, skips, finite, weight] = [0, 0, true, 1];
    for (let i = 0; i < 60; i++) {
      const spoilt = i % 11 === 6 || (i > 40 && i < 44);
      const factor = 2 ** -((i * 7) % 30) * 1.3;
      layer.spoil.assign([spoilt ? Number.POSITIVE_INFINITY : 1]);
      step(ht.tensor(factor));
      words = begin(words, !finite, options);
      if (words.refresh)
        exponent = exponentOf(
          { gradient: [Math.fround(factor)], ...options, retreat: words.retreat, enters: true },
          exponent,
        );
      finite = !spoilt;
      skips += spoilt ? 1 : 0;
      const { step: got, layers } = await adaptive.state();
      assert.equal(got, words, `step ${i}`);
      assert.is(layers.one!.scale, 2 ** exponent, `step ${i}`);
      const arrived = nearestHalf(Math.fround(factor) * 2 ** exponent);
      assert.is(await number(layer.seen), arrived, `step ${i}`);
      if (finite) weight = Math.fround(weight - Math.fround(arrived * 2 ** -exponent));
      assert.is(await number(layer.weights[0]!), weight, `step ${i}`);
      assert.is(await optimizer.skippedSteps(), skips);
    }
    assert.ok(skips > 6);
  });

  test(`${mode}: what no statistics foresee overflows, is skipped, and fits after some steps`, async () => {
    const adaptive = new AdaptiveLossScale();
    const [layer, optimizer] = [new Single('one'), optimizerOf()];
    layer.build([1], engine);
    layer.spoil.assign([60000]);
    const step = stepOf(adaptive, layer, optimizer);
    // 4 arrives, which needs no scale, and 240000 would leave the layer.
    const steps: number[] = [];
    for (let i = 0; i < 20; i++) {
      step(ht.tensor(4));
      steps.push(await optimizer.skippedSteps());
    }
    const skipped = steps.at(-1)!;
    assert.ok(skipped > 0 && skipped < 8, `${steps}`);
    assert.equal(steps.slice(skipped), Array(20 - skipped).fill(skipped), 'none after that');
    assert.ok((await adaptive.scales()).one! < 1);
    assert.ok((await numbers(layer.weights[0]!)).every(Number.isFinite));
  });

  test(`${mode}: steps leave no memory behind`, async () => {
    const [model, optimizer, adaptive] = [network(3), optimizerOf(), new AdaptiveLossScale()];
    const [x, y] = [ht.tensor(X, { shape: [32, 4] }), ht.tensor(Y, { shape: [32, 2] })];
    const step = run(() => {
      adaptive.during(
        () =>
          optimizer
            .minimize(() => ht.losses.meanSquaredError(y, model.apply(x)), model.trainableVariables)
            .dispose(),
        optimizer,
      );
    });
    for (let i = 0; i < 3; i++) step();
    await adaptive.scales();
    const before = ht.memory().bytesInUse;
    for (let i = 0; i < 5; i++) step();
    await adaptive.scales();
    assert.is(ht.memory().bytesInUse, before);
    adaptive.dispose();
    assert.equal(await adaptive.scales(), {});
    // Programs keep what they were traced with.
    if (mode === 'jit') return;
    assert.ok(ht.memory().bytesInUse < before);
    step();
    assert.is(Object.keys(await adaptive.scales()).length, 2, 'it begins again');
  });
}

test('training goes on from a checkpoint as if nothing had been', async () => {
  const steps = async (model: ht.Sequential, epochs: number) => {
    const { history } = await model.fit(...samples(), { epochs, batchSize: 8, shuffle: false, verbose: 0 });
    return history.loss!;
  };
  const make = () => {
    const model = network(11);
    const lossScaling = new AdaptiveLossScale({ refreshSteps: 3 });
    model.compile({ optimizer: ht.optimizers.adam(), loss: times(2 ** -18), lossScaling });
    return model;
  };
  const [whole, first, second] = [make(), make(), make()];
  const expected = await steps(whole, 5);
  await steps(first, 2);
  second.setWeights(await first.getWeights());
  second.optimizer.loadState(await first.optimizer.state(), second.trainableVariables);
  const state = JSON.parse(JSON.stringify(await first.lossScaling!.state()));
  second.lossScaling!.loadState(state);
  assert.equal(await second.lossScaling!.state(), state, 'before its first step too');
  assert.equal(await steps(second, 3), expected.slice(2));
  assert.equal(await second.getWeights(), await whole.getWeights());
  assert.equal(await second.lossScaling!.state(), await whole.lossScaling!.state());
  second.lossScaling!.loadState(state);
  assert.equal(await second.lossScaling!.state(), state, 'into one that has made steps');
});
