// fit, evaluate and predict: against a plain loop, history, validation, order of samples, callbacks, what is printed.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { randomOf } from './ops/draws.ts';
import { assertClose } from './tolerances.ts';

const test = suite('fit');
let engine: ht.Engine;
const original = console.log;
let printed: string[] = [];
test.before(async () => {
  engine = await ht.open({ seed: 11 });
  // What fit prints is looked at, not shown.
  console.log = (...words: unknown[]) => printed.push(words.join(' '));
});
test.after(() => {
  console.log = original;
  ht.mixedPrecision.setGlobalPolicy('float32');
  engine.close();
});

interface Data {
  readonly x: number[][];
  readonly y: number[][];
}

/** Samples of three features; the two targets are a linear function of them. */
function linearData(count: number): Data {
  const random = randomOf('linear');
  const x = Array.from({ length: count }, () => Array.from({ length: 3 }, () => 2 * random() - 1));
  return { x, y: x.map(([a, b, c]) => [a! - 2 * b!, 0.5 * c! + 1]) };
}

function linearModel(options: Partial<Parameters<ht.Sequential['compile']>[0]> = {}): ht.Sequential {
  const model = ht.sequential([ht.layers.dense({ units: 2, inputShape: [3], kernelInitializer: 'zeros' })]);
  model.compile({ optimizer: ht.optimizers.sgd({ learningRate: 0.25 }), loss: 'mse', ...options });
  return model;
}

const QUIET = { verbose: 0 } as const;
/** A metric that shows which sample a batch begins with. */
const firstLabel = (y: ht.Tensor) => ht.slice(ht.reshape(y, [-1]), [0], [1]);

test('training is that of a plain loop, the partial last batch included', async () => {
  const { x, y } = linearData(10);
  const model = linearModel({ metrics: ['meanSquaredError'] });
  const { history, epochs } = await model.fit(x, y, { epochs: 3, batchSize: 4, shuffle: false, ...QUIET });

  const kernel = [
    [0, 0],
    [0, 0],
    [0, 0],
  ];
  const bias = [0, 0];
  const losses: number[] = [];
  for (let epoch = 0; epoch < 3; epoch++) {
    let sum = 0;
    for (const [from, to] of [
      [0, 4],
      [4, 8],
      [8, 10],
    ] as const) {
      const errors = x
        .slice(from, to)
        .map((sample, row) =>
          bias.map(
            (b, unit) =>
              sample.reduce((total, value, i) => total + value * kernel[i]![unit]!, b) -
              y[from + row]![unit]!,
          ),
        );
      sum += errors.flat().reduce((total, error) => total + error * error, 0) / 2;
      const rate = (0.25 * 2) / (2 * (to - from));
      for (let unit = 0; unit < 2; unit++) {
        for (let i = 0; i < 3; i++) {
          kernel[i]![unit]! -=
            rate * errors.reduce((total, error, row) => total + error[unit]! * x[from + row]![i]!, 0);
        }
        bias[unit]! -= rate * errors.reduce((total, error) => total + error[unit]!, 0);
      }
    }
    losses.push(sum / 10);
  }
  const op = { op: 'fit', dtype: 'float32', terms: 16 } as const;
  assertClose(history.loss!, losses, op);
  assert.equal(history.meanSquaredError, history.loss, 'a metric is that of the weights before each update');
  const [gotKernel, gotBias] = await model.getWeights();
  assertClose(gotKernel!, kernel.flat(), op);
  assertClose(gotBias!, bias, op);
  assert.equal([epochs, Object.keys(history)], [3, ['loss', 'meanSquaredError']]);
});

for (const policy of ['float32', 'mixed_float16'] as const) {
  test(`${policy}: learns to tell a circle from what is around it`, async () => {
    ht.mixedPrecision.setGlobalPolicy(policy);
    const random = randomOf('circle');
    const x = Array.from({ length: 256 }, () => [2 * random() - 1, 2 * random() - 1]);
    const labels = Int32Array.from(x, ([a, b]) => (a! * a! + b! * b! < 0.5 ? 1 : 0));
    const model = ht.sequential([
      ht.layers.dense({ units: 32, activation: 'relu' }),
      ht.layers.dense({ units: 2 }),
      ht.layers.activation({ activation: 'softmax', dtype: 'float32' }),
    ]);
    const optimizer = ht.optimizers.adam({ learningRate: 0.02 });
    model.compile({ optimizer, loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
    const { history } = await model.fit(x, labels, { epochs: 25, batchSize: 32, ...QUIET });
    assert.ok(history.loss![0]! > 0.5, `first loss ${history.loss![0]}`);
    assert.ok(history.loss!.at(-1)! < 0.2, `last loss ${history.loss!.at(-1)}`);
    const { accuracy, loss } = await model.evaluate(x, labels);
    assert.ok(accuracy! > 0.93, `accuracy ${accuracy}`);
    assert.ok(Math.abs(loss! - history.loss!.at(-1)!) < 0.05);
    if (policy === 'mixed_float16') {
      assert.equal(Object.keys(history), ['loss', 'accuracy', 'lossScale', 'skippedSteps']);
      assert.equal([history.lossScale!.at(-1), history.skippedSteps!.at(-1)], [2 ** 15, 0]);
    }
    ht.mixedPrecision.setGlobalPolicy('float32');
  });
}

test('a loss scale that starts too high is found in the history: skipped steps, then none', async () => {
  ht.mixedPrecision.setGlobalPolicy('mixed_float16');
  const { x, y } = linearData(64);
  const model = linearModel({
    optimizer: new ht.LossScaleOptimizer(ht.optimizers.sgd({ learningRate: 0.25 }), {
      initialScale: 2 ** 30,
    }),
  });
  const { history } = await model.fit(x, y, { epochs: 6, batchSize: 8, ...QUIET });
  const skipped = history.skippedSteps!;
  assert.ok(skipped[0]! >= 8, `${skipped}`);
  assert.is(skipped.at(-1), skipped.at(-2), 'no more at the end');
  assert.is(history.lossScale!.at(-1), 2 ** (30 - skipped.at(-1)!));
  assert.ok(history.loss!.at(-1)! < 0.1, `${history.loss}`);
  ht.mixedPrecision.setGlobalPolicy('float32');
});

test('validation: the last samples, or others, unseen by training', async () => {
  const { x, y } = linearData(10);
  const options = { batchSize: 4, shuffle: false, ...QUIET } as const;
  const train = { x: x.slice(0, 7), y: y.slice(0, 7) };
  const held = [x.slice(7), y.slice(7)] as const;
  const [split, given, alone] = [linearModel(), linearModel(), linearModel()];
  // As Keras rounds: 0.25 of 10 samples holds back 3.
  const { history } = await split.fit(x, y, { ...options, validationSplit: 0.25 });
  const other = await given.fit(train.x, train.y, { ...options, validationData: held });
  await alone.fit(train.x, train.y, options);
  assert.equal(await split.getWeights(), await alone.getWeights());
  assert.equal(await given.getWeights(), await alone.getWeights());
  assert.equal(history, other.history);
  assert.equal(Object.keys(history), ['loss', 'val_loss']);
  assert.is(history.val_loss![0], (await alone.evaluate(...held, { batchSize: 4 })).loss);
  const both = await linearModel().fit(train.x, train.y, {
    ...options,
    validationData: held,
    validationSplit: 0.5,
  });
  assert.equal(both.history, other.history, 'validationData is used before validationSplit');
  const few = await linearModel().fit(x.slice(0, 2), y.slice(0, 2), { ...options, validationSplit: 0.1 });
  assert.ok(few.history.val_loss, 'at least one sample is held back');
});

test('the order of samples: as given, or by the seed, another one each epoch', async () => {
  const x = Array.from({ length: 12 }, (_, i) => [i, 0, 0]);
  const y = Array.from({ length: 12 }, (_, i) => [i, 0]);
  const order = async (shuffle: boolean, seed: number, fits: number[]): Promise<number[][]> => {
    const own = await ht.open({ seed });
    const model = linearModel({ optimizer: ht.optimizers.sgd({ learningRate: 0 }), metrics: [firstLabel] });
    const seen: number[] = [];
    const callbacks = {
      onBatchEnd: (_: number, logs: Record<string, number>) => void seen.push(logs.firstLabel!),
    };
    for (const epochs of fits) await model.fit(x, y, { epochs, batchSize: 1, shuffle, callbacks, ...QUIET });
    own.close();
    return Array.from({ length: seen.length / 12 }, (_, epoch) => seen.slice(12 * epoch, 12 * (epoch + 1)));
  };
  const sorted = y.map(([label]) => label!);
  assert.equal(await order(false, 1, [2]), [sorted, sorted]);
  const shuffled = await order(true, 1, [3]);
  for (const epoch of shuffled)
    assert.equal(
      [...epoch].sort((a, b) => a - b),
      sorted,
      'each sample once',
    );
  assert.is(new Set([sorted, ...shuffled].map(String)).size, 4);
  assert.equal(await order(true, 1, [3]), shuffled);
  assert.equal(await order(true, 1, [1, 2]), shuffled, 'a second fit goes on');
  assert.not.equal(await order(true, 2, [3]), shuffled);
  engine.close();
  engine = await ht.open({ seed: 11 });
});

test('fit twice continues: the same as fit for as many epochs, bit for bit', async () => {
  const { x, y } = linearData(20);
  const make = () => linearModel({ optimizer: ht.optimizers.adam({ learningRate: 0.01 }) });
  const [once, twice] = [make(), make()];
  const whole = await once.fit(x, y, { epochs: 4, batchSize: 8, ...QUIET });
  const first = await twice.fit(x, y, { epochs: 1, batchSize: 8, ...QUIET });
  const second = await twice.fit(x, y, { epochs: 3, batchSize: 8, ...QUIET });
  assert.equal([...first.history.loss!, ...second.history.loss!], whole.history.loss);
  assert.equal(await twice.getWeights(), await once.getWeights());
});

test('callbacks see every step and epoch, may be async, and stop the training', async () => {
  const { x, y } = linearData(10);
  const events: string[] = [];
  const losses: number[] = [];
  const seen: number[] = [];
  const { history, epochs } = await linearModel().fit(x, y, {
    ...{ epochs: 5, batchSize: 4, ...QUIET },
    callbacks: {
      onBatchEnd: (step, logs) => {
        events.push(`step ${step}`);
        losses.push(logs.loss!);
      },
      onEpochEnd: async (epoch, logs) => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        events.push(`epoch ${epoch}`);
        seen.push(logs.loss!);
        return epoch === 1 ? false : undefined;
      },
    },
  });
  assert.equal(events, ['step 0', 'step 1', 'step 2', 'epoch 0', 'step 3', 'step 4', 'step 5', 'epoch 1']);
  assert.equal([epochs, history.loss], [2, seen]);
  const mean = (losses[0]! * 4 + losses[1]! * 4 + losses[2]! * 2) / 10;
  assert.ok(Math.abs(mean - history.loss![0]!) < 1e-9, 'the loss of an epoch is the mean over its samples');
});

test('a callback that throws ends fit with its error; the model can be trained on', async () => {
  const { x, y } = linearData(10);
  const model = linearModel();
  for (const name of ['onBatchEnd', 'onEpochEnd'] as const) {
    const callbacks = {
      [name]: () => {
        throw new RangeError(`from ${name}`);
      },
    };
    await model.fit(x, y, { callbacks }).then(
      () => assert.unreachable('fit resolved'),
      (error: Error) => assert.is(error.message, `from ${name}`),
    );
  }
  const { history } = await model.fit(x, y, { epochs: 20, ...QUIET });
  assert.ok(history.loss!.at(-1)! < history.loss![0]!);
});

test('one line an epoch, and nothing at verbose 0', async () => {
  const { x, y } = linearData(10);
  const model = linearModel({ metrics: ['accuracy'] });
  printed = [];
  await model.fit(x, y, { epochs: 2, ...QUIET });
  await model.evaluate(x, y);
  await model.predict(x);
  assert.equal(printed, []);
  const { history } = await model.fit(x, y, { epochs: 2, validationSplit: 0.2 });
  const line = (epoch: number) =>
    Object.entries(history)
      .map(([name, values]) => `${name} ${Number(values[epoch]!.toPrecision(4))}`)
      .join('  ');
  assert.equal(printed, [`Epoch 1/2  ${line(0)}`, `Epoch 2/2  ${line(1)}`]);
  assert.match(
    printed[0]!,
    /^Epoch 1\/2 {2}loss [\d.]+ {2}accuracy [\d.]+ {2}val_loss [\d.]+ {2}val_accuracy [\d.]+$/,
  );
});
