// Models: predict, evaluate, summary, losses and metrics of one's own, dropout in training, seeds and initial weights, memory.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { collected } from './collected.ts';
import { suite } from './harness.ts';
import { randomOf } from './ops/draws.ts';
import { number, numbers } from './step.ts';
import { assertClose } from './tolerances.ts';

const test = suite('models');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ seed: 5 });
});
test.after(() => engine.close());

const QUIET = { verbose: 0 } as const;

function samples(count: number, features: number): number[][] {
  const random = randomOf(`samples ${count}`);
  return Array.from({ length: count }, () => Array.from({ length: features }, () => 2 * random() - 1));
}

function network(dtype: ht.PolicyName = 'float32'): ht.Sequential {
  return ht.sequential([
    ht.layers.dense({ units: 8, activation: 'tanh', inputShape: [3], dtype }),
    ht.layers.dense({ units: 2, dtype }),
  ]);
}

test('predict takes more samples than a batch, in order, and gives what apply gives', async () => {
  for (const dtype of ['float32', 'mixed_float16'] as const) {
    const model = network(dtype);
    const x = samples(70, 3);
    const whole = model.apply(ht.tensor(x));
    for (const batchSize of [70, 32, 1, 1000]) {
      const y = await model.predict(x, { batchSize });
      assert.equal([y.shape, y.dtype], [[70, 2], 'float32']);
      assert.equal(await numbers(y), await numbers(whole), `${dtype}, batches of ${batchSize}`);
    }
    assert.equal(await numbers(await model.predict(ht.tensor(x))), await numbers(whole));
    const flat = { values: Float32Array.from(x.flat()), shape: [70, 3] };
    assert.equal(await numbers(await model.predict(flat)), await numbers(whole));
  }
});

test('predict sees weights that were set, trained or assigned since', async () => {
  const model = ht.sequential([ht.layers.dense({ units: 1, inputShape: [1], kernelInitializer: 'ones' })]);
  const predict = async () => number(await model.predict([[2]]));
  assert.is(await predict(), 2);
  model.setWeights([[3], [1]]);
  assert.is(await predict(), 7);
  model.weights[1]!.assign([0]);
  assert.is(await predict(), 6);
  model.compile({ optimizer: ht.optimizers.sgd({ learningRate: 0.5 }), loss: 'mse' });
  await model.fit([[1]], [[1]], QUIET);
  assert.is(await predict(), 0, 'kernel 3 - 2, bias 0 - 2');
});

test('evaluate is the mean over all samples, whatever the batches', async () => {
  const model = network();
  const [x, y] = [samples(25, 3), samples(25, 2)];
  model.compile({ loss: 'mse', metrics: ['meanSquaredError', 'accuracy'] });
  const predictions = await numbers(model.apply(ht.tensor(x)));
  const loss = y.flat().reduce((sum, label, i) => sum + (predictions[i]! - label) ** 2, 0) / 50;
  for (const batchSize of [25, 10, 4, 1]) {
    const logs = await model.evaluate(x, y, { batchSize });
    assert.equal(Object.keys(logs), ['loss', 'meanSquaredError', 'accuracy']);
    assertClose([logs.loss!, logs.meanSquaredError!], [loss, loss], {
      op: 'evaluate',
      dtype: 'float32',
      terms: 16,
    });
  }
  const before = await model.getWeights();
  await model.evaluate(x, y);
  assert.equal(await model.getWeights(), before);
});

test('labels as integers, bytes, tensors and columns train alike', async () => {
  const x = samples(6, 3);
  const classes = [0, 1, 1, 0, 1, 0];
  const losses: number[] = [];
  for (const labels of [
    classes,
    classes.map((label) => [label]),
    Int32Array.from(classes),
    { values: Uint8Array.from(classes), shape: [6] },
    { values: Float32Array.from(classes), shape: [6, 1] },
    ht.tensor(classes),
    ht.tensor(Uint32Array.from(classes)),
  ]) {
    const model = network();
    model.setWeights((await network().getWeights()).map((values) => values.map((_, i) => Math.sin(i))));
    model.compile({
      optimizer: 'adam',
      loss: { name: 'sparseCategoricalCrossentropy', fromLogits: true },
      metrics: ['accuracy'],
    });
    const { history } = await model.fit(x, labels, { epochs: 2, ...QUIET });
    losses.push(history.loss!.at(-1)!);
  }
  assert.is(new Set(losses).size, 1, losses.join());
});

test("losses and metrics of one's own, of any float dtype", async () => {
  function largest(_: ht.Tensor, predictions: ht.Tensor): ht.Tensor {
    return ht.cast(ht.max(predictions), 'float16');
  }
  const hits = (labels: ht.Tensor, predictions: ht.Tensor) =>
    ht.cast(ht.greater(ht.max(predictions), ht.max(labels)), 'int32');
  const model = ht.sequential([ht.layers.dense({ units: 1, inputShape: [1], kernelInitializer: 'ones' })]);
  const halves = (labels: ht.Tensor, predictions: ht.Tensor) =>
    ht.cast(ht.losses.meanSquaredError(labels, predictions), 'float16');
  model.compile({
    optimizer: ht.optimizers.sgd({ learningRate: 0.25 }),
    loss: halves,
    metrics: [largest, hits, (y) => ht.mean(y)],
  });
  const { history } = await model.fit([[3]], [[1]], QUIET);
  assert.equal(history, { loss: [4], largest: [3], hits: [1], metric: [1] });
  assert.equal(
    (await model.getWeights()).map(([value]) => value),
    [1 - 3, -1],
  );
});

test('dropout acts in fit, and in neither evaluate nor predict', async () => {
  const model = ht.sequential([
    ht.layers.dense({ units: 64, inputShape: [1], kernelInitializer: 'ones' }),
    ht.layers.dropout({ rate: 0.5 }),
    ht.layers.dense({ units: 1, kernelInitializer: 'ones', useBias: false }),
  ]);
  model.compile({ optimizer: ht.optimizers.sgd({ learningRate: 0 }), loss: 'mse' });
  const [x, y] = [
    [[1], [1]],
    [[64], [64]],
  ];
  assert.is((await model.evaluate(x, y)).loss, 0);
  assert.equal(await numbers(await model.predict(x)), [64, 64]);
  const { history } = await model.fit(x, y, { epochs: 3, validationData: [x, y], ...QUIET });
  assert.equal(history.val_loss, [0, 0, 0]);
  // Binomial: the variance of the sum is 64, one draw far from its mean is all but certain.
  assert.is(new Set(history.loss).size, 3, `${history.loss}: another mask each step`);
  assert.ok(history.loss!.every((loss) => loss > 0));
});

test('a seed gives the same weights on every engine, in the order in which layers are built', async () => {
  const weights = async (options: Parameters<typeof ht.open>[0]) => {
    const own = await ht.open(options);
    const values = await network().getWeights();
    own.close();
    return values;
  };
  const first = await weights({ seed: 9 });
  assert.equal(await weights({ seed: 9 }), first);
  assert.equal(await weights({ seed: 9, f16: 'packed' }), first, 'whatever form float16 has');
  assert.not.equal(await weights({ seed: 10 }), first);
  assert.not.equal([...first[0]!.slice(0, 4)], [...first[2]!.slice(0, 4)], 'layers do not repeat each other');
  engine.close();
  engine = await ht.open({ seed: 5 });
});

test('initial weights have the range and the variance that their names promise', async () => {
  const [fanIn, fanOut] = [60, 100];
  const uniform = (variance: number) => ({ variance, limit: Math.sqrt(3 * variance) });
  const normal = (variance: number) => ({ variance, limit: (2 * Math.sqrt(variance)) / 0.8796 });
  const expected = {
    glorotUniform: uniform(2 / (fanIn + fanOut)),
    glorotNormal: normal(2 / (fanIn + fanOut)),
    heUniform: uniform(2 / fanIn),
    heNormal: normal(2 / fanIn),
    lecunUniform: uniform(1 / fanIn),
    lecunNormal: normal(1 / fanIn),
  };
  for (const [name, { variance, limit }] of Object.entries(expected)) {
    const layer = ht.layers.dense({
      units: fanOut,
      kernelInitializer: name as keyof typeof expected,
      inputShape: [fanIn],
    });
    const values = await numbers(ht.sequential([layer]).weights[0]!);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const square = values.reduce((sum, value) => sum + value * value, 0) / values.length;
    assert.ok(Math.abs(mean) < 5 * Math.sqrt(variance / values.length), `${name}: mean ${mean}`);
    assert.ok(Math.abs(square / variance - 1) < 0.08, `${name}: variance ${square}, wanted ${variance}`);
    const top = Math.max(...values.map(Math.abs));
    assert.ok(top <= limit * 1.001 && top > limit * 0.95, `${name}: up to ${top}, limit ${limit}`);
  }
  const plain = ht.layers.dense({ units: 2, kernelInitializer: 'ones', inputShape: [1] });
  assert.equal(await Promise.all(ht.sequential([plain]).weights.map(numbers)), [
    [1, 1],
    [0, 0],
  ]);
});

test('summary shows layers, shapes, dtypes and numbers of weights, before and after the first call', async () => {
  const model = ht.sequential([
    ht.layers.flatten({ name: 'rows' }),
    ht.layers.dense({ units: 100, name: 'hidden', dtype: 'mixed_float16' }),
    ht.layers.dense({ units: 10, name: 'out', trainable: false }),
  ]);
  const shown: string[] = [];
  const before = model.summary((text) => void shown.push(text));
  assert.equal(shown, [before]);
  assert.match(before, /^hidden \(Dense\) +\? +float16 \/ float32 +\?$/m);
  await model.predict(ht.ones([1, 4, 5]));
  const after = model.summary(() => {});
  assert.match(after, /^Layer \(type\) +Output shape +Compute \/ variables +Weights$/m);
  assert.match(after, /^rows \(Flatten\) +\(n, 20\) +float32 \/ float32 +0$/m);
  assert.match(after, /^hidden \(Dense\) +\(n, 100\) +float16 \/ float32 +2,100$/m);
  assert.match(after, /^out \(Dense\) +\(n, 10\) +float32 \/ float32 +1,010$/m);
  assert.match(after, /Weights: 3,110, trainable: 2,100$/);
});

test('training, evaluating and predicting again and again takes no more memory', async () => {
  engine.close();
  engine = await ht.open(); // of which nothing is left to the garbage collector
  const model = network('mixed_float16');
  model.compile({
    optimizer: new ht.LossScaleOptimizer(ht.optimizers.adam()),
    loss: 'mse',
    metrics: ['accuracy'],
  });
  const [x, y] = [samples(50, 3), samples(50, 2)];
  const round = async () => {
    await model.fit(x, y, { epochs: 2, batchSize: 16, validationSplit: 0.2, ...QUIET });
    await model.evaluate(x, y);
    (await model.predict(x)).dispose();
    await collected();
    return engine.memory().bytesInUse;
  };
  const first = await round();
  assert.equal([await round(), await round()], [first, first]);
  model.dispose();
  const empty = engine.memory().bytesInUse;
  assert.ok(empty < first, `${empty} bytes after dispose, ${first} before`);
});
