// Functional models: the same as sequential ones, shared layers, several inputs and outputs, nesting, order of weights, summary.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { randomOf } from './ops/draws.ts';
import { numbers } from './step.ts';
import { assertClose } from './tolerances.ts';

const test = suite('functional models');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ seed: 5 });
});
test.after(() => {
  ht.mixedPrecision.setGlobalPolicy('float32');
  engine.close();
});

const QUIET = { verbose: 0 } as const;
const { layers } = ht;

function samples(name: string, count: number, features: number): number[][] {
  const random = randomOf(name);
  return Array.from({ length: count }, () => Array.from({ length: features }, () => 2 * random() - 1));
}

for (const policy of ['float32', 'mixed_float16'] as const) {
  test(`${policy}: a chain trains, evaluates and predicts as the sequential model does, bit for bit`, async () => {
    ht.mixedPrecision.setGlobalPolicy(policy);
    const [x, y] = [samples('chain', 22, 3), samples('labels', 22, 2)];
    const made = () => [
      layers.dense({ units: 8, activation: 'tanh' }),
      layers.dropout({ rate: 0.25 }),
      layers.dense({ units: 2 }),
    ];
    const results = [];
    for (const kind of ['sequential', 'functional']) {
      const own = await ht.open({ seed: 9 });
      const input = ht.input({ shape: [3] });
      const model =
        kind === 'sequential'
          ? ht.sequential(made())
          : ht.model({
              inputs: input,
              outputs: made().reduce<ht.Symbolic>((x, layer) => layer.apply(x), input),
            });
      model.compile({
        optimizer: ht.optimizers.adam({ learningRate: 0.01 }),
        loss: 'mse',
        metrics: ['accuracy'],
      });
      const { history } = await model.fit(x, y, { epochs: 3, batchSize: 8, validationSplit: 0.25, ...QUIET });
      results.push({
        history,
        weights: await model.getWeights(),
        logs: await model.evaluate(x, y),
        predictions: await numbers(await model.predict(x, { batchSize: 5 })),
      });
      own.close();
    }
    assert.equal(results[1], results[0]);
    ht.mixedPrecision.setGlobalPolicy('float32');
    engine.close();
    engine = await ht.open({ seed: 5 });
  });
}

test('a layer used twice has one set of weights, and the sum of both gradients', async () => {
  const [a, b] = [ht.input({ shape: [3] }), ht.input({ shape: [3] })];
  const shared = layers.dense({ units: 2 });
  const model = ht.model({ inputs: [a, b], outputs: layers.add().apply([shared.apply(a), shared.apply(b)]) });
  assert.is(model.weights.length, 2);
  const [x, z] = [ht.tensor(samples('left', 4, 3)), ht.tensor(samples('right', 4, 3))];
  const tape = new ht.GradientTape();
  const y = tape.record(() => model.apply([x, z]));
  const plain = new ht.GradientTape();
  const w = plain.record(() => ht.add(shared.apply(x), shared.apply(z)));
  assert.equal(await numbers(y), await numbers(w));
  const [got, wanted] = [tape.gradient(y, model.weights), plain.gradient(w, shared.weights)];
  for (const [index, gradient] of got.entries())
    assert.equal(await numbers(gradient), await numbers(wanted[index]!));
});

/** Two inputs, two outputs: `sum` of both through a shared layer, and `side` of the second alone. */
function twoByTwo(): ht.Functional<readonly ht.Tensor[], readonly ht.Tensor[]> {
  const [left, right] = [ht.input({ shape: [3], name: 'left' }), ht.input({ shape: [2], name: 'right' })];
  const hidden = layers.dense({ units: 4, activation: 'tanh', name: 'hidden' }).apply(left);
  const other = layers.dense({ units: 4, name: 'other' }).apply(right);
  const merged = layers.concatenate({ name: 'merged' }).apply([hidden, other]);
  return ht.model({
    inputs: [left, right],
    outputs: [
      layers.dense({ units: 1, name: 'sum' }).apply(merged),
      layers.dense({ units: 3, activation: 'softmax', name: 'side' }).apply(other),
    ],
    name: 'two',
  });
}

test('two inputs and two outputs: losses, weights of losses and metrics by output, data in order or by name', async () => {
  const x = { left: samples('l', 20, 3), right: samples('r', 20, 2) };
  const y = {
    sum: x.left.map(([p, q], i) => [p! + q! * x.right[i]![0]!]),
    side: x.right.map(([p]) => (p! > 0 ? 1 : 2)),
  };
  const plan = (): ht.CompileOptions => ({
    optimizer: ht.optimizers.sgd({ learningRate: 0.25 }),
    loss: { sum: 'mse', side: 'sparseCategoricalCrossentropy' },
    lossWeights: { side: 0.5 },
    metrics: { side: ['accuracy'], sum: 'meanSquaredError' },
  });
  const model = twoByTwo();
  const start = await model.getWeights();
  model.compile(plan());
  assert.equal(
    [model.inputNames, model.outputNames],
    [
      ['left', 'right'],
      ['sum', 'side'],
    ],
  );
  const { history } = await model.fit(x, y, { epochs: 20, batchSize: 8, shuffle: false, ...QUIET });
  assert.equal(Object.keys(history), [
    'loss',
    'sum_loss',
    'side_loss',
    'sum_meanSquaredError',
    'side_accuracy',
  ]);
  for (const epoch of [0, 19]) {
    const total = history.sum_loss![epoch]! + 0.5 * history.side_loss![epoch]!;
    assertClose([history.loss![epoch]!], [total], { op: 'sum of losses', dtype: 'float32', terms: 8 });
  }
  assert.ok(history.loss![19]! < 0.4 * history.loss![0]!, `${history.loss}`);

  // In order, with the losses as lists; by hand with a tape.
  const again = twoByTwo();
  again.setWeights(start);
  again.compile({ ...plan(), loss: ['mse', 'sparseCategoricalCrossentropy'], lossWeights: [1, 0.5] });
  const lists = await again.fit([x.left, x.right], [y.sum, y.side], {
    epochs: 20,
    batchSize: 8,
    shuffle: false,
    ...QUIET,
  });
  assert.equal(lists.history, history);
  assert.equal(await again.evaluate([x.left, x.right], [y.sum, y.side]), await model.evaluate(x, y));

  const byHand = twoByTwo();
  byHand.setWeights(start);
  const tensors = [ht.tensor(x.left.slice(0, 8)), ht.tensor(x.right.slice(0, 8))];
  const { sgd } = ht.optimizers;
  sgd({ learningRate: 0.25 }).minimize(() => {
    const [sum, side] = byHand.apply(tensors) as [ht.Tensor, ht.Tensor];
    const loss = ht.losses.sparseCategoricalCrossentropy(y.side.slice(0, 8), side);
    return ht.add(ht.losses.meanSquaredError(y.sum.slice(0, 8), sum), ht.mul(loss, 0.5));
  }, byHand.trainableVariables);
  const once = twoByTwo();
  once.setWeights(start);
  once.compile(plan());
  await once.fit(tensors, [y.sum.slice(0, 8), y.side.slice(0, 8)], {
    batchSize: 8,
    shuffle: false,
    ...QUIET,
  });
  assert.equal(await once.getWeights(), await byHand.getWeights());

  const [sum, side] = (await model.predict(x, { batchSize: 7 })) as [ht.Tensor, ht.Tensor];
  assert.equal(
    [sum.shape, side.shape],
    [
      [20, 1],
      [20, 3],
    ],
  );
  const whole = model.apply([ht.tensor(x.left), ht.tensor(x.right)]);
  assert.equal(
    [await numbers(sum), await numbers(side)],
    [await numbers(whole[0]!), await numbers(whole[1]!)],
  );
});

test('an output without a loss is not trained; one loss serves all outputs', async () => {
  const x = [samples('l', 6, 3), samples('r', 6, 2)];
  const model = twoByTwo();
  const start = await model.getWeights();
  model.compile({ optimizer: ht.optimizers.sgd({ learningRate: 0.5 }), loss: { sum: 'mse', side: null } });
  const { history } = await model.fit(x, [samples('t', 6, 1), null], QUIET);
  assert.equal(Object.keys(history), ['loss', 'sum_loss']);
  const changed = (await model.getWeights()).map((values, index) =>
    values.some((value, j) => value !== start[index]![j]),
  );
  const names = model.weights.map(({ name }) => name);
  assert.equal(
    names.filter((_, index) => changed[index]),
    names.filter((name) => !name.startsWith('side')),
  );
  model.compile({ loss: 'mse', metrics: ['meanSquaredError'] });
  const logs = await model.evaluate(x, [samples('t', 6, 1), samples('u', 6, 3)]);
  assert.equal(Object.keys(logs), [
    'loss',
    'sum_loss',
    'side_loss',
    'sum_meanSquaredError',
    'side_meanSquaredError',
  ]);
  assert.is(logs.sum_loss, logs.sum_meanSquaredError);
});

test('weights are in the order of Keras: layers by their distance from the outputs', () => {
  const [a, b] = [ht.input({ shape: [3], name: 'a' }), ht.input({ shape: [3], name: 'b' })];
  const dense = (name: string) => layers.dense({ units: 3, useBias: false, name });
  const late = dense('late').apply(b);
  const first = dense('first').apply(a);
  const second = dense('second').apply(first);
  const model = ht.model({ inputs: [a, b], outputs: layers.add({ name: 'end' }).apply([second, late]) });
  assert.equal(
    model.layers.map(({ name }) => name),
    ['a', 'first', 'b', 'second', 'late', 'end'],
  );
  assert.equal(
    model.weights.map(({ name }) => name),
    ['first/kernel', 'second/kernel', 'late/kernel'],
  );
  assert.is(model.getLayer('late').weights[0], model.weights[2]);
  assert.is(model.getLayer(-1).name, 'end');
});

test('models as layers, of sequential and functional ones, and parts of a graph as models', async () => {
  const inner = ht.sequential([layers.dense({ units: 4, activation: 'relu' }), layers.dense({ units: 3 })]);
  const input = ht.input({ shape: [5] });
  const middle = inner.apply(input);
  const encoder = ht.model({ inputs: input, outputs: middle });
  const outer = ht.sequential([encoder, layers.dense({ units: 1 })]);
  const whole = ht.model({ inputs: input, outputs: outer.apply(input) });
  assert.equal(
    whole.weights.map(({ shape }) => shape),
    [[5, 4], [4], [4, 3], [3], [3, 1], [1]],
  );
  const x = ht.tensor(samples('nested', 4, 5));
  assert.equal(
    await numbers(whole.apply(x)),
    await numbers(outer.layers[1]!.apply(inner.apply(x)) as ht.Tensor),
  );
  whole.compile({ optimizer: 'adam', loss: 'mse' });
  const before = await numbers(encoder.apply(x));
  await whole.fit(x, samples('to', 4, 1), QUIET);
  assert.not.equal(await numbers(encoder.apply(x)), before, 'they share their weights');
  const head = ht.input({ shape: [3] });
  const tail = ht.model({ inputs: middle, outputs: layers.dense({ units: 2 }).apply(middle) });
  assert.equal(tail.apply(ht.ones([2, 3])).shape, [2, 2]);
  assert.equal(tail.weights.length, 2, 'what comes before its input is no part of it');
  assert.equal(ht.model({ inputs: head, outputs: tail.apply(head) }).weights, tail.weights);
});

test('a layer that is frozen stays as it is from the next fit on, and moves again once it may', async () => {
  const x = samples('frozen', 8, 3);
  const model = ht.sequential([layers.dense({ units: 4, inputShape: [3] }), layers.dense({ units: 1 })]);
  model.compile({ optimizer: ht.optimizers.adam({ learningRate: 0.1 }), loss: 'mse' });
  const y = x.map(([a]) => [a!]);
  const step = async (): Promise<boolean[]> => {
    const before = await model.getWeights();
    await model.fit(x, y, QUIET);
    const after = await model.getWeights();
    return before.map((values, index) => values.some((value, j) => value !== after[index]![j]));
  };
  assert.equal(await step(), [true, true, true, true]);
  model.layers[0]!.trainable = false;
  assert.equal([model.trainableVariables.length, model.nonTrainableVariables.length], [2, 2]);
  assert.equal(await step(), [false, false, true, true]);
  const tape = new ht.GradientTape();
  const loss = tape.record(() => ht.sum(model.apply(ht.ones([1, 3]))));
  const gradients = tape.gradient(loss, model.weights, { unconnected: 'none' });
  assert.equal(
    gradients.map((gradient) => gradient === null),
    [true, true, false, false],
  );
  model.layers[0]!.trainable = true;
  assert.equal(await step(), [true, true, true, true]);
  model.trainable = false;
  assert.equal(model.trainableVariables, []);
});

test('an input of integers: numbers become int32, others are refused', async () => {
  const input = ht.input({ shape: [2], dtype: 'int32', name: 'words' });
  class Seen extends ht.Layer {
    dtypes: string[] = [];
    outputShape(sample: ht.Shape): ht.Shape {
      return sample;
    }
    protected call(x: ht.Tensor): ht.Tensor {
      this.dtypes.push(x.dtype);
      return ht.cast(x, 'float32');
    }
  }
  const seen = new Seen('seen', {}, []);
  const model = ht.model({ inputs: input, outputs: seen.apply(input) });
  assert.equal(
    await numbers(
      await model.predict([
        [1, 2],
        [3, 2 ** 24 + 1],
      ]),
    ),
    [1, 2, 3, 2 ** 24],
  );
  assert.equal(await numbers(model.apply([[1, 2]])), [1, 2]);
  assert.equal(seen.dtypes, ['int32', 'int32']);
});

test('summary shows shapes, weights and connections', () => {
  const text = twoByTwo().summary(() => {});
  assert.match(text, /^Layer \(type\) +Output shape +Compute \/ variables +Weights +Connected to *$/m);
  assert.match(text, /^left \(InputLayer\) +\(n, 3\) +float32 \/ float32 +0 *$/m);
  assert.match(text, /^merged \(Concatenate\) +\(n, 8\) +float32 \/ float32 +0 +hidden, other$/m);
  assert.match(text, /^side \(Dense\) +\(n, 3\) +float32 \/ float32 +15 +other$/m);
  assert.match(text, /Weights: 52, trainable: 52$/);
});
