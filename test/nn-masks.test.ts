// Masks: which layers make them, hand them on and end them, what they do to losses; noise shapes; layers inside layers.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { number, numbers } from './step.ts';
import { assertClose } from './tolerances.ts';

const test = suite('masks and noise');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ seed: 3 });
});
test.after(() => engine.close());

const { layers } = ht;
/** Two samples of three steps: the second step of the first, and the last of the second, are all 0. */
const STEPS = [
  [
    [1, 2],
    [0, 0],
    [3, 0],
  ],
  [
    [4, 1],
    [5, 6],
    [0, 0],
  ],
];
const MASK = [1, 0, 1, 1, 1, 0];

/** Tells which mask came with its input. */
class Probe extends ht.Layer {
  seen: (ht.Tensor | null)[] = [];
  override readonly supportsMasking: boolean;

  constructor(supportsMasking = true) {
    super('probe', {}, []);
    this.supportsMasking = supportsMasking;
  }

  outputShape(sample: ht.Shape): ht.Shape {
    return sample;
  }

  protected call(x: ht.Tensor, { mask }: ht.CallOptions): ht.Tensor {
    this.seen.push(mask ? ht.keep(ht.cast(mask, 'float32')) : null);
    return x;
  }
}

async function lastMask(probe: Probe): Promise<number[] | null> {
  const mask = probe.seen.at(-1)!;
  return mask && numbers(mask);
}

test('masking makes a mask, elementwise layers and dense hand it on, others end it', async () => {
  const [first, second, third] = [new Probe(), new Probe(false), new Probe()];
  const model = ht.sequential([
    layers.masking({ inputShape: [3, 2] }),
    layers.dense({ units: 4, activation: 'relu' }),
    layers.dropout({ rate: 0.5 }),
    layers.timeDistributed({ layer: layers.dense({ units: 2 }) }),
    first,
    second,
    third,
  ]);
  model.apply(STEPS);
  assert.equal(await lastMask(first), MASK);
  assert.equal(await lastMask(second), MASK);
  assert.is(await lastMask(third), null);
  model.apply(STEPS, { mask: ht.ones([2, 3], 'bool') });
  assert.equal(await lastMask(first), MASK, 'masking makes its own');
  const alone = new Probe();
  alone.apply(STEPS, {
    mask: ht.tensor([
      [true, false, true],
      [false, true, true],
    ]),
  });
  assert.equal(await lastMask(alone), [1, 0, 1, 0, 1, 1]);
  alone.apply(STEPS);
  assert.is(await lastMask(alone), null);
});

test('merged inputs: what counts in any of them counts, and all where one has no mask', async () => {
  const [a, b] = [ht.input({ shape: [3, 2] }), ht.input({ shape: [3, 2] })];
  const [maskedA, maskedB] = [layers.masking().apply(a), layers.masking({ maskValue: 5 }).apply(b)];
  const fives = [
    [
      [5, 5],
      [5, 5],
      [1, 1],
    ],
    [
      [5, 5],
      [1, 5],
      [5, 5],
    ],
  ];
  const cases: readonly [ht.Symbolic, number[] | null][] = [
    [layers.add().apply([maskedA, maskedB]), [1, 0, 1, 1, 1, 0]],
    [layers.maximum().apply([maskedA, b]), null],
    [layers.concatenate().apply([maskedB, maskedB]), [0, 0, 1, 0, 1, 0]],
    [layers.concatenate({ axis: 1 }).apply([maskedA, maskedB]), [1, 0, 1, 0, 0, 1, 1, 1, 0, 0, 1, 0]],
    [layers.concatenate({ axis: 1 }).apply([maskedA, b]), [1, 0, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1]],
    [layers.concatenate({ axis: 1 }).apply([a, b]), null],
  ];
  for (const [merged, expected] of cases) {
    const probe = new Probe();
    ht.model({ inputs: [a, b], outputs: probe.apply(merged) }).apply([ht.tensor(STEPS), ht.tensor(fives)]);
    assert.equal(await lastMask(probe), expected);
  }
});

test('softmax leaves out what a mask of its shape leaves out', async () => {
  const x = [[1, 2, 3]];
  const mask = ht.tensor([[true, false, true]]);
  for (const dtype of ['float32', 'mixed_float16'] as const) {
    const y = await numbers(layers.softmax({ dtype }).apply(x, { mask }));
    const [p, q] = [1 / (1 + Math.exp(2)), 1 / (1 + Math.exp(-2))];
    assertClose(y, [p, 0, q], { op: 'softmax', dtype: dtype === 'float32' ? 'float32' : 'float16' });
  }
});

test('a loss is the mean over the steps that count, times the weights of samples', async () => {
  const model = ht.sequential([
    layers.masking({ inputShape: [3, 2] }),
    layers.dense({ units: 1, kernelInitializer: 'ones' }),
  ]);
  model.compile({ loss: 'mse' });
  const labels = STEPS.map((steps) => steps.map(() => [1]));
  const errors = [4, 1, 4, 16, 100, 1];
  const mean = (weights: readonly number[]) =>
    errors.reduce((sum, error, i) => sum + error * MASK[i]! * weights[Math.floor(i / 3)]!, 0) / 4;
  const { loss } = await model.evaluate(STEPS, labels);
  assertClose([loss!], [mean([1, 1])], { op: 'masked loss', dtype: 'float32', terms: 6 });
  const weighted = await model.evaluate(STEPS, labels, { sampleWeight: [0.5, 2] });
  assertClose([weighted.loss!], [mean([0.5, 2])], { op: 'masked loss', dtype: 'float32', terms: 6 });
});

test('noise: dropped together along shared axes, normal with the moments asked for, nothing outside training', async () => {
  const x = ht.ones([20, 8, 6, 10]);
  const drop = layers.spatialDropout2d({ rate: 0.5 });
  const y = await numbers(drop.apply(x, { training: true }));
  const first = (sample: number, channel: number) => y[sample * 480 + channel]!;
  for (const [index, value] of y.entries()) assert.is(value, first(Math.floor(index / 480), index % 10));
  const dropped = Array.from({ length: 200 }, (_, i) => first(Math.floor(i / 10), i % 10)).filter(
    (v) => v === 0,
  );
  assert.ok(Math.abs(dropped.length - 100) < 6 * Math.sqrt(50), `${dropped.length} of 200 channels`);
  assert.is(new Set(y).size, 2);
  const steps = await numbers(
    layers.spatialDropout1d({ rate: 0.5 }).apply(ht.ones([9, 5, 7]), { training: true }),
  );
  for (const [index, value] of steps.entries())
    assert.is(value, steps[Math.floor(index / 35) * 35 + (index % 7)]);
  const shaped = layers.dropout({ rate: 0.5, noiseShape: [null, 1] });
  const rows = (await shaped.apply(ht.ones([50, 4]), { training: true }).array()) as number[][];
  for (const row of rows) assert.is(new Set(row).size, 1);

  for (const dtype of ['float32', 'mixed_float16'] as const) {
    const cases = [
      { layer: layers.gaussianNoise({ stddev: 0.5, dtype }), mean: 3, deviation: 0.5 },
      { layer: layers.gaussianDropout({ rate: 0.2, dtype }), mean: 3, deviation: 1.5 },
    ];
    for (const { layer, mean, deviation } of cases) {
      const values = await numbers(layer.apply(ht.full([100, 100], 3), { training: true }));
      const average = values.reduce((sum, value) => sum + value, 0) / 1e4;
      const variance = values.reduce((sum, value) => sum + (value - average) ** 2, 0) / 1e4;
      assert.ok(Math.abs(average - mean) < 5 * (deviation / 100), `${layer.name}: mean ${average}`);
      assert.ok(Math.abs(Math.sqrt(variance) / deviation - 1) < 0.05, `${layer.name}: variance ${variance}`);
      assert.equal(await numbers(layer.apply(ht.full([2], 3))), [3, 3]);
    }
  }
});

test('timeDistributed applies a layer to each step, and shows its weights as its own', async () => {
  const inner = layers.dense({ units: 3 });
  const layer = layers.timeDistributed({ layer: inner });
  assert.equal(layer.outputShape([4, 2]), [4, 3]);
  const x = ht.randomNormal([5, 4, 2]);
  assert.equal(
    await numbers(layer.apply(x)),
    await numbers(inner.apply(x)),
    'dense works on the last axis anyway',
  );
  assert.equal(layer.weights, inner.weights);
  const flat = layers.timeDistributed({ layer: layers.flatten() });
  assert.equal(flat.apply(ht.ones([2, 3, 4, 5])).shape, [2, 3, 20]);
  const pooled = layers.timeDistributed({
    layer: ht.sequential([layers.dense({ units: 2 }), layers.flatten()]) as never,
  });
  assert.equal(pooled.apply(ht.ones([2, 3, 4, 5])).shape, [2, 3, 8]);
  layer.trainable = false;
  assert.equal(inner.trainableVariables, []);
  layer.dispose();
  assert.not(inner.built);
});

test('weights that training does not change come last, and are no gradient of anything', async () => {
  class Shifted extends ht.Layer {
    #mean: ht.Variable | undefined;
    #scale: ht.Variable | undefined;
    constructor() {
      super('shifted', {}, []);
    }
    outputShape(sample: ht.Shape): ht.Shape {
      return sample;
    }
    protected override create(sample: ht.Shape): void {
      this.#mean = this.addWeight('mean', sample, 'zeros', { trainable: false, dtype: 'float32' });
      this.#scale = this.addWeight('scale', sample, 'ones');
    }
    protected call(x: ht.Tensor, { training }: ht.CallOptions): ht.Tensor {
      if (training) this.#mean!.assign(ht.mean(ht.cast(ht.stopGradient(x), 'float32'), 0));
      return ht.mul(ht.sub(x, ht.cast(this.#mean!, x.dtype)), this.read(this.#scale!));
    }
  }
  const layer = new Shifted();
  const model = ht.sequential([layer, layers.dense({ units: 1 })]);
  model.compile({ optimizer: 'adam', loss: 'mse' });
  await model.fit(
    [
      [1, 2],
      [3, 6],
    ],
    [[1], [2]],
    { verbose: 0 },
  );
  assert.equal(
    layer.weights.map(({ name }) => name),
    ['shifted/scale', 'shifted/mean'],
  );
  assert.equal([layer.trainableVariables.length, layer.nonTrainableVariables.length], [1, 1]);
  assert.equal((await layer.getWeights())[1], Float32Array.of(2, 4));
  assert.is(model.trainableVariables.length, 3);
  layer.trainable = false;
  layer.trainable = true;
  assert.equal([layer.trainableVariables.length, layer.nonTrainableVariables.length], [1, 1]);
  assert.is(await number((await model.predict([[2, 4]])) as ht.Tensor), (await model.getWeights())[3]![0]);
});
