// BatchNormalization in training and inference, Embedding with its mask, pooling of masked steps: what the layer table does not say.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { moments, normalised } from './reference/normalisations.ts';
import { MODES, numbers } from './step.ts';
import { assertClose } from './tolerances.ts';

const test = suite('layers with statistics or whole numbers');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ seed: 4 });
});
test.after(() => engine.close());

const SHAPE = [6, 5, 3];
const DATA = Array.from({ length: 90 }, (_, i) => Math.round(64 * (Math.sin(7 * i) + (i % 3))) / 64);
const batch = { shape: SHAPE, data: DATA };
const asTensor = () => ht.tensor(Float32Array.from(DATA), { shape: SHAPE });

test('batch normalization: by the batch in training, by what moved otherwise, in every policy', async () => {
  for (const dtype of ['float32', 'mixed_float16', 'float16'] as const) {
    const layer = ht.layers.batchNormalization({ momentum: 0.75, dtype });
    const x = asTensor();
    const statistics = moments(batch, [0, 1]);
    const moving = { mean: [0, 0, 0], variance: [1, 1, 1] };
    const near = {
      op: `batchNormalization ${dtype}`,
      dtype: dtype === 'float32' ? 'float32' : 'float16',
    } as const;
    for (let step = 0; step < 3; step++) {
      const y = layer.apply(x, { training: true });
      assertClose(await numbers(y), normalised(batch, statistics, 1e-3).data, { ...near, terms: 30 });
      for (const key of ['mean', 'variance'] as const)
        moving[key] = moving[key].map((value, c) => 0.75 * value + 0.25 * statistics[key].data[c]!);
      const [, , mean, variance] = layer.weights;
      assert.equal([mean!.dtype, variance!.dtype, mean!.trainable], ['float32', 'float32', false]);
      assertClose(await numbers(mean!), moving.mean, { op: 'moving mean', dtype: 'float32', terms: 30 });
      assertClose(await numbers(variance!), moving.variance, {
        op: 'moving variance',
        dtype: 'float32',
        terms: 30,
      });
    }
    const own = { mean: { shape: [3], data: moving.mean }, variance: { shape: [3], data: moving.variance } };
    assertClose(await numbers(layer.apply(x)), normalised(batch, own, 1e-3).data, { ...near, terms: 30 });
    layer.trainable = false;
    assertClose(await numbers(layer.apply(x, { training: true })), normalised(batch, own, 1e-3).data, {
      ...near,
      terms: 30,
    });
  }
});

test('batch normalization: steps of jit move the statistics as eager ones, bit for bit, a checkpoint but once', async () => {
  const results: number[][] = [];
  for (const { run } of MODES) {
    const layer = ht.layers.batchNormalization();
    layer.build(SHAPE.slice(1), engine);
    const optimizer = ht.optimizers.sgd({ learningRate: 0.5 });
    const step = run((x) =>
      optimizer.minimize(
        () => ht.mean(ht.square(ht.checkpoint((v: ht.Tensor) => layer.apply(v, { training: true }))(x!))),
        layer.trainableVariables,
      ),
    );
    for (let count = 0; count < 4; count++) step(asTensor());
    results.push((await layer.getWeights()).flatMap((values) => [...values]));
  }
  assert.equal(results[0], results[1]);
  const mean = moments(batch, [0, 1]).mean.data;
  const moved = mean.map((value) => value * (1 - 0.99 ** 4));
  assertClose(results[0]!.slice(6, 9), moved, { op: 'moving mean', dtype: 'float32', terms: 30 });
});

test('batch normalization: a batch with an infinity leaves the moving statistics alone', async () => {
  const layer = ht.layers.batchNormalization();
  layer.apply(
    ht.tensor([
      [1, 2],
      [Number.POSITIVE_INFINITY, 4],
    ]),
    { training: true },
  );
  const [, , mean, variance] = await layer.getWeights();
  assertClose([...mean!, ...variance!], [0, 0.03, 1, 0.99 + 0.01], { op: 'moving', dtype: 'float32' });
});

test('fit moves the statistics, evaluate and predict use them', async () => {
  const model = ht.sequential([
    ht.layers.dense({ units: 4, inputShape: [3] }),
    ht.layers.batchNormalization({ momentum: 0.5 }),
    ht.layers.dense({ units: 1 }),
  ]);
  model.compile({ optimizer: ht.optimizers.sgd({ learningRate: 0.01 }), loss: 'mse' });
  const x = ht.tensor(Float32Array.from(DATA), { shape: [30, 3] });
  const y = ht.zeros([30, 1]);
  await model.fit(x, y, { epochs: 2, batchSize: 10, verbose: 0 });
  const before = await model.getWeights();
  assert.ok(
    before[4]!.some((value) => value !== 0),
    'the mean has moved',
  );
  await model.evaluate(x, y);
  await model.predict(x);
  assert.equal(await model.getWeights(), before);
  assert.is(model.trainableVariables.length, 6);
  assert.is(model.weights.length, 8);
});

test('embedding: rows by number, exact beyond what halves count, gradients by row, 0 masked', async () => {
  for (const dtype of ['float32', 'mixed_float16'] as const) {
    const layer = ht.layers.embedding({ inputDim: 3000, outputDim: 2, maskZero: true, dtype });
    const ids = [
      [0, 2999, 2051],
      [2051, 1, 0],
    ];
    const tape = new ht.GradientTape();
    layer.build([3], engine);
    layer.setWeights([Float32Array.from({ length: 6000 }, (_, i) => (i % 512) / 8)]);
    const y = tape.record(() => layer.apply(ht.tensor(ids)));
    const expected = ids.flat().flatMap((id) => [0, 1].map((k) => ((2 * id + k) % 512) / 8));
    assert.equal(await numbers(y), expected);
    assert.is(y.dtype, dtype === 'float32' ? 'float32' : 'float16');
    const gradient = await numbers(tape.gradient(y, layer.weights)[0]!);
    const sums = [0, 1, 2051, 2999].map((id) => gradient[2 * id]);
    assert.equal([sums, gradient.filter((value) => value !== 0).length], [[2, 1, 2, 1], 8]);
    const model = ht.sequential([layer, ht.layers.globalAveragePooling1d()]);
    const mean = (rows: number[]) =>
      [0, 1].map((k) => rows.reduce((s, id) => s + ((2 * id + k) % 512) / 8, 0) / rows.length);
    assert.equal(await numbers(model.apply(ht.tensor(ids))), [...mean([2999, 2051]), ...mean([2051, 1])]);
  }
});

test('orthogonal weights have rows or columns at right angles', async () => {
  for (const [rows, columns] of [
    [3, 7],
    [7, 3],
    [4, 4],
  ] as const) {
    const layer = ht.layers.dense({ units: columns, kernelInitializer: 'orthogonal' });
    layer.build([rows], engine);
    const kernel = layer.weights[0]!.values;
    const product =
      rows <= columns ? ht.matMul(kernel, kernel, false, true) : ht.matMul(kernel, kernel, true);
    const size = Math.min(rows, columns);
    const identity = Array.from({ length: size * size }, (_, i) => Number(i % (size + 1) === 0));
    assertClose(await numbers(product), identity, { op: 'orthogonal', dtype: 'float32', terms: 7 });
  }
});

test('multi-head attention: causal and padding masks hide what they should, also inside a model', async () => {
  const layer = ht.layers.multiHeadAttention({ numHeads: 2, keyDim: 4 });
  const x = ht.randomNormal([2, 5, 6]);
  const y = layer.apply([x, x], { useCausalMask: true });
  const cut = ht.slice(x, [0, 0, 0], [2, 3, 6]);
  const early = layer.apply([cut, cut], { useCausalMask: true });
  const near = { op: 'multiHeadAttention', dtype: 'float32', terms: 30 } as const;
  assertClose(await numbers(ht.slice(y, [0, 0, 0], [2, 3, 6])), await numbers(early), near);

  const keep = ht.tensor([1, 1, 1, 0, 0, 1, 1, 1, 0, 0], { shape: [2, 5], dtype: 'bool' });
  const padded = layer.apply([cut, x], { mask: [null, keep] });
  assertClose(await numbers(padded), await numbers(layer.apply([cut, cut])), near);
  const attentionMask = ht.tensor(Array(15).fill([1, 1, 1, 0, 0]).flat().slice(0, 30), {
    ...{ shape: [2, 3, 5], dtype: 'bool' },
  });
  assertClose(await numbers(layer.apply([cut, x], { attentionMask })), await numbers(padded), near);

  const ids = ht.input({ shape: [5] });
  const embedded = ht.layers.embedding({ inputDim: 9, outputDim: 6, maskZero: true }).apply(ids);
  const pooled = ht.layers
    .globalAveragePooling1d()
    .apply(ht.layers.multiHeadAttention({ numHeads: 2, keyDim: 3 }).apply([embedded, embedded]));
  const model = ht.model({ inputs: ids, outputs: pooled });
  assert.equal(model.apply(ht.tensor([[1, 2, 3, 0, 0]])).shape, [1, 6]);
  assert.throws(() => layer.apply([x]), /1 inputs; use \[query, value\]/);
});
