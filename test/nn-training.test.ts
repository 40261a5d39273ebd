// What fit takes beside data: weights of samples and classes, and the callbacks of ht.callbacks.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { refuses } from './refusal.ts';
import { assertClose } from './tolerances.ts';

const test = suite('training options');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ seed: 3 });
});
test.after(() => engine.close());

const { layers } = ht;
const QUIET = { verbose: 0, shuffle: false } as const;
const X = [[1], [2], [3], [4]];
const Y = [[2], [2], [2], [2]];

/** y = weight x, of which training changes the weight. */
function scale(options: Partial<ht.CompileOptions> = {}, weight = 1): ht.Sequential {
  const model = ht.sequential([layers.dense({ units: 1, useBias: false, inputShape: [1] })]);
  model.setWeights([[weight]]);
  model.compile({ optimizer: ht.optimizers.sgd({ learningRate: 0.125 }), loss: 'mse', ...options });
  return model;
}

test('sampleWeight weighs losses and gradients, not metrics; classWeight does so by label', async () => {
  const weights = [0.5, 0, 1, 2];
  const errors = [1, 0, 1, 4];
  const loss = errors.reduce((sum, error, i) => sum + error * weights[i]!, 0) / 4;
  const model = scale({ metrics: ['meanSquaredError'] });
  const logs = await model.evaluate(X, Y, { sampleWeight: weights });
  assertClose([logs.loss!, logs.meanSquaredError!], [loss, 1.5], {
    op: 'weighted',
    dtype: 'float32',
    terms: 4,
  });
  const { history } = await model.fit(X, Y, {
    ...QUIET,
    sampleWeight: weights,
    batchSize: 4,
    validationSplit: 0,
  });
  assert.is(history.loss![0], logs.loss);
  const gradient = [-1, 0, 1, 2].reduce(
    (sum, error, i) => sum + (2 * error * X[i]![0]! * weights[i]!) / 4,
    0,
  );
  assertClose((await model.getWeights())[0]!, [1 - 0.125 * gradient], {
    op: 'weight',
    dtype: 'float32',
    terms: 4,
  });

  const classes = [0, 2, 1, 2];
  const x = [
    [1, 0],
    [0, 1],
    [1, 1],
    [0.5, 0],
  ];
  const classifier = () => {
    const own = ht.sequential([layers.dense({ units: 3, inputShape: [2], kernelInitializer: 'ones' })]);
    own.compile({
      optimizer: ht.optimizers.sgd({ learningRate: 0.5 }),
      loss: { name: 'sparseCategoricalCrossentropy', fromLogits: true },
    });
    return own;
  };
  const [byClass, bySample, byRow] = [classifier(), classifier(), classifier()];
  byRow.compile({
    optimizer: ht.optimizers.sgd({ learningRate: 0.5 }),
    loss: { name: 'categoricalCrossentropy', fromLogits: true },
  });
  const first = await byClass.fit(x, classes, { ...QUIET, classWeight: { 0: 3, 2: 0.25 } });
  const second = await bySample.fit(x, classes, { ...QUIET, sampleWeight: [3, 0.25, 1, 0.25] });
  assert.equal([first.history, await byClass.getWeights()], [second.history, await bySample.getWeights()]);
  const rows = classes.map((label) => [0, 1, 2].map((i) => Number(i === label)));
  const third = await byRow.fit(x, rows, { ...QUIET, classWeight: { 0: 3, 2: 0.25 } });
  assertClose(third.history.loss!, first.history.loss!, { op: 'one-hot', dtype: 'float32', terms: 4 });
});

test('weights that do not fit are refused before any work', async () => {
  const model = scale();
  const own = scale({ loss: (y: ht.Tensor, p: ht.Tensor) => ht.losses.meanSquaredError(y, p) });
  const { submits } = engine.made;
  const cases: readonly [() => Promise<unknown>, typeof ht.ArgumentError, RegExp][] = [
    [
      () => model.fit(X, Y, { sampleWeight: [1, 2] }),
      ht.ShapeError,
      /^fit: x has 4 samples, sampleWeight has 2/,
    ],
    [
      () => model.fit(X, Y, { sampleWeight: Y }),
      ht.ShapeError,
      /^fit: sampleWeight is \(4, 1\), samples \(4\); use one weight a sample/,
    ],
    [
      () => model.fit(X, Y, { sampleWeight: [1, 2, Number.NaN, 1] }),
      ht.DataError,
      /^fit: sampleWeight: NaN in sample 2/,
    ],
    [
      () => own.fit(X, Y, { sampleWeight: [1, 1, 1, 1] }),
      ht.ArgumentError,
      /^fit: sampleWeight: the loss 'loss' returns one number for a batch and takes no weights/,
    ],
  ];
  for (const [call, type, message] of cases) await refuses(call, type, message);
  assert.is(engine.made.submits, submits);
});

test('earlyStopping ends training when patience has ended, and can go back to the best weights', async () => {
  const falling = () =>
    scale({
      optimizer: ht.optimizers.sgd({ learningRate: 0.125 }),
      loss: (_: ht.Tensor, p: ht.Tensor) => ht.mean(p),
    });
  // The loss falls for ever.
  const stopping = ht.callbacks.earlyStopping({ monitor: 'loss', patience: 2 });
  assert.is((await falling().fit(X, Y, { ...QUIET, epochs: 6, callbacks: stopping })).epochs, 6);
  assert.is(stopping.stoppedEpoch, undefined);
  // To wait for more is to wait in vain: the first epoch is the best.
  for (const restoreBestWeights of [false, true]) {
    const model = falling();
    const callbacks = ht.callbacks.earlyStopping({
      monitor: 'loss',
      mode: 'max',
      patience: 2,
      restoreBestWeights,
    });
    const after: number[] = [];
    const look = { onEpochEnd: async () => void after.push((await model.getWeights())[0]![0]!) as undefined };
    const { epochs } = await model.fit(X, Y, { ...QUIET, epochs: 9, callbacks: [callbacks, look] });
    assert.equal([epochs, callbacks.stoppedEpoch, callbacks.bestEpoch], [3, 2, 0]);
    assert.is((await model.getWeights())[0]![0], after[restoreBestWeights ? 0 : 2]);
  }
  const small = ht.callbacks.earlyStopping({ monitor: 'loss', minDelta: 100, patience: 1 });
  assert.is((await falling().fit(X, Y, { ...QUIET, epochs: 9, callbacks: small })).epochs, 2);
  const late = ht.callbacks.earlyStopping({ monitor: 'loss', minDelta: 100, startFromEpoch: 4, patience: 1 });
  assert.is((await falling().fit(X, Y, { ...QUIET, epochs: 9, callbacks: late })).epochs, 6);
  const model = scale();
  await refuses(
    () => model.fit(X, Y, { ...QUIET, callbacks: ht.callbacks.earlyStopping() }),
    ht.ArgumentError,
    /^earlyStopping: nothing called 'val_loss' is measured; use 'loss'/,
  );
});

test('learning rates: by a function of the epoch, and smaller where nothing gets better; both stand in the history', async () => {
  const model = scale();
  const seen: number[] = [];
  const halved = ht.callbacks.learningRateScheduler((epoch, rate) => {
    seen.push(epoch);
    return rate / 2;
  });
  const { history } = await model.fit(X, Y, { ...QUIET, epochs: 3, callbacks: halved });
  assert.equal(
    [seen, history.learningRate],
    [
      [0, 1, 2],
      [0.0625, 0.03125, 0.015625],
    ],
  );
  assert.is(model.optimizer.learningRate, 0.015625);

  const still = scale({
    optimizer: ht.optimizers.sgd({ learningRate: 1 }),
    loss: (_: ht.Tensor, p: ht.Tensor) => ht.mul(ht.mean(p), 0),
  });
  const reduce = ht.callbacks.reduceLROnPlateau({
    monitor: 'loss',
    factor: 0.5,
    patience: 2,
    cooldown: 1,
    minLr: 0.2,
  });
  const plateau = await still.fit(X, Y, { ...QUIET, epochs: 10, callbacks: reduce });
  // The first epoch is the best; two without improvement, a reduction, one to cool down.
  assert.equal(plateau.history.learningRate, [1, 1, 1, 0.5, 0.5, 0.25, 0.25, 0.2, 0.2, 0.2]);
});

test('terminateOnNaN ends training at once, and so does stopTraining', async () => {
  const model = scale({ optimizer: ht.optimizers.sgd({ learningRate: 1e30 }) });
  const steps: number[] = [];
  const count = { onBatchEnd: (step: number) => void steps.push(step) };
  const x = Array.from({ length: 400 }, () => [1]);
  const { epochs } = await model.fit(
    x,
    x.map(() => [2]),
    { ...QUIET, epochs: 5, batchSize: 1, callbacks: [ht.callbacks.terminateOnNaN(), count] },
  );
  assert.is(epochs, 1);
  assert.ok(steps.length < 200, `${steps.length} steps`);
  const halted = scale();
  const halt = {
    onEpochEnd: () => {
      halted.stopTraining = true;
      return undefined;
    },
  };
  assert.is((await halted.fit(X, Y, { ...QUIET, epochs: 5, callbacks: halt })).epochs, 1);
  assert.is((await halted.fit(X, Y, { ...QUIET, epochs: 2 })).epochs, 2, 'fit begins anew');
});

test('a callback of its own class is told everything in order', async () => {
  const told: string[] = [];
  class Recorder extends ht.Callback {
    override onTrainBegin(): void {
      told.push('begin');
    }
    override async onEpochBegin(epoch: number): Promise<void> {
      told.push(`epoch ${epoch}`);
    }
    override onBatchEnd(step: number): void {
      told.push(`step ${step}`);
    }
    override onEpochEnd(_: number, logs: Record<string, number>): void {
      logs.mine = 7;
    }
    override onTrainEnd(): void {
      told.push('end');
    }
  }
  const { history } = await scale().fit(X, Y, {
    ...QUIET,
    epochs: 2,
    batchSize: 2,
    callbacks: [new Recorder()],
  });
  assert.equal(told, ['begin', 'epoch 0', 'step 0', 'step 1', 'epoch 1', 'step 2', 'step 3', 'end']);
  assert.equal(history.mine, [7, 7]);
});

test('options of callbacks', async () => {
  const { callbacks } = ht;
  const cases: readonly [() => unknown, RegExp][] = [
    [
      () => callbacks.earlyStopping({ mode: 'up' as never }),
      /^earlyStopping: unknown mode 'up'; use 'auto', 'min' or 'max'/,
    ],
    [
      () => callbacks.earlyStopping({ patience: -1 }),
      /^earlyStopping: patience -1; use a whole number from 0 on/,
    ],
    [() => callbacks.earlyStopping({ patients: 1 } as never), /^earlyStopping: unknown option 'patients'/],
    [
      () => callbacks.reduceLROnPlateau({ factor: 1 }),
      /^reduceLROnPlateau: factor 1; use a number above 0 and below 1/,
    ],
    [
      () => callbacks.learningRateScheduler(0.1 as never),
      /^learningRateScheduler: schedule is 0\.1; use a function/,
    ],
  ];
  for (const [make, message] of cases) await refuses(make, ht.ArgumentError, message);
  const model = scale();
  await refuses(
    () => model.fit(X, Y, { ...QUIET, callbacks: callbacks.learningRateScheduler(() => -1) }),
    ht.ArgumentError,
    /^learningRateScheduler: the schedule gave -1 for epoch 0; return a number from 0 on/,
  );
});
