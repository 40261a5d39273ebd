// Bad options, losses and models given to fit, evaluate, predict and compile: the class, the message, and nothing changed.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { refuses, refusesUnchanged } from './refusal.ts';

const test = suite('refused training');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ seed: 5 });
});
test.after(() => engine.close());

const { ArgumentError, DisposedError, ShapeError } = ht;
const X = [
  [1, 2],
  [3, 4],
  [5, 6],
];
const CLASSES = [0, 1, 2];
const ROWS = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
];
const QUIET = { verbose: 0 } as const;

function classifier(
  loss: Parameters<ht.Sequential['compile']>[0]['loss'] = 'sparseCategoricalCrossentropy',
): ht.Sequential {
  const model = ht.sequential([ht.layers.dense({ units: 3, activation: 'softmax', inputShape: [2] })]);
  model.compile({ optimizer: ht.optimizers.adam({ learningRate: 0.1 }), loss, metrics: ['accuracy'] });
  return model;
}

type Case = readonly [given: unknown, type: typeof ht.ArgumentError, message: RegExp];

test('options of fit, evaluate and predict', async () => {
  const model = classifier();
  const cases: readonly Case[] = [
    [{ epoch: 3 }, ArgumentError, /^fit: unknown option 'epoch'; use 'epochs', 'batchSize'/],
    [{ epochs: 0 }, ArgumentError, /^fit: epochs 0; use a whole number from 1 on/],
    [{ epochs: 1.5 }, ArgumentError, /^fit: epochs 1\.5/],
    [{ epochs: '3' }, ArgumentError, /^fit: epochs '3'/],
    [{ batchSize: 0 }, ArgumentError, /^fit: batchSize 0; use a whole number from 1 on/],
    [{ batchSize: -8 }, ArgumentError, /^fit: batchSize -8/],
    [{ batchSize: Number.NaN }, ArgumentError, /^fit: batchSize NaN/],
    [{ validationSplit: 1 }, ArgumentError, /^fit: validationSplit 1; use a number from 0 to below 1/],
    [{ validationSplit: -0.1 }, ArgumentError, /^fit: validationSplit -0\.1/],
    [
      { validationSplit: 0.9 },
      ArgumentError,
      /^fit: validationSplit 0\.9 of 3 samples leaves none to train on/,
    ],
    [
      { callbacks: { onTrainBegin: () => {} } },
      ArgumentError,
      /^fit: callbacks: unknown option 'onTrainBegin'; use 'onBatchEnd' or 'onEpochEnd'/,
    ],
    [null, ArgumentError, /^fit: options are null/],
  ];
  for (const [options, type, message] of cases) {
    await refusesUnchanged(model, () => model.fit(X, CLASSES, options as object), type, message);
  }
  for (const batchSize of [0, 2.5, '4', Infinity]) {
    const options = { batchSize } as { batchSize: number };
    await refusesUnchanged(
      model,
      () => model.evaluate(X, CLASSES, options),
      ArgumentError,
      /^evaluate: batchSize .*; use a whole number from 1 on/,
    );
    await refusesUnchanged(
      model,
      () => model.predict(X, options),
      ArgumentError,
      /^predict: batchSize .*; use a whole number from 1 on/,
    );
  }
  const misspelt = { batchsize: 3 } as object;
  await refusesUnchanged(
    model,
    () => model.evaluate(X, CLASSES, misspelt),
    ArgumentError,
    /^evaluate: unknown option 'batchsize'; use 'batchSize'/,
  );
  await refusesUnchanged(
    model,
    () => model.predict(X, misspelt),
    ArgumentError,
    /^predict: unknown option 'batchsize'/,
  );
});

test('compile', async () => {
  const model = classifier();
  const { optimizer } = model;
  const cases: readonly Case[] = [
    [
      { loss: 'crossentropy' },
      ArgumentError,
      /^loss: unknown name 'crossentropy'; use 'meanSquaredError', 'meanAbsoluteError', /,
    ],
    [{ loss: 'toString' }, ArgumentError, /^loss: unknown name 'toString'/],
    [{}, ArgumentError, /^loss: unknown name undefined/],
    [{ loss: 3 }, ArgumentError, /^loss: unknown name/],
    [
      { loss: { name: 'mse', fromLogit: true } },
      ArgumentError,
      /^loss: unknown option 'fromLogit'; use 'name'/,
    ],
    [{ loss: 'mse', metrics: ['acc'] }, ArgumentError, /^metric: unknown name 'acc'; use 'accuracy'/],
    [{ loss: 'mse', metrics: 'accuracy' }, ArgumentError, /^compile: metrics is 'accuracy'; use an array/],
    [
      { loss: 'mse', optimizer: 'rmsprob' },
      ArgumentError,
      /^optimizer: unknown name 'rmsprob'; use 'Adadelta', 'Adagrad', 'Adam', .* or 'SGD'/,
    ],
    [
      { loss: 'mse', optimizer: {} },
      ArgumentError,
      /^compile: optimizer is Object; use one of ht.optimizers, or its name/,
    ],
    [
      { loss: 'mse', learningRate: 0.1 },
      ArgumentError,
      /^compile: unknown option 'learningRate'; use 'optimizer', 'loss'/,
    ],
    [undefined, ArgumentError, /^compile: options are undefined/],
  ];
  for (const [options, type, message] of cases) {
    await refusesUnchanged(model, () => model.compile(options as never), type, message);
  }
  assert.is(model.optimizer, optimizer, 'what was compiled stays');
});

test('a model that is not compiled', async () => {
  const model = ht.sequential([ht.layers.dense({ units: 3, inputShape: [2] })]);
  const message = (method: string) =>
    new RegExp(`^${method}: the model is not compiled; call compile\\(\\{ optimizer, loss \\}\\) first`);
  await refusesUnchanged(model, () => model.fit(X, CLASSES), ArgumentError, message('fit'));
  await refusesUnchanged(model, () => model.evaluate(X, CLASSES), ArgumentError, message('evaluate'));
  await refuses(() => model.optimizer, ArgumentError, message('optimizer'));
});

test('losses and metrics that return no number, or need no weight', async () => {
  const returning = async (loss: unknown, metrics: unknown[] = []) => {
    const model = ht.sequential([ht.layers.dense({ units: 3, inputShape: [2] })]);
    model.compile({ optimizer: ht.optimizers.sgd(), loss: loss as never, metrics: metrics as never[] });
    return model;
  };
  const rows = await returning((_: ht.Tensor, p: ht.Tensor) => ht.square(p));
  await refusesUnchanged(
    rows,
    () => rows.fit(X, ROWS, QUIET),
    ShapeError,
    /^loss: it returned a tensor \(3, 3\); return a scalar/,
  );
  const metric = await returning('mse', [(y: ht.Tensor) => y]);
  await refusesUnchanged(
    metric,
    () => metric.fit(X, ROWS, QUIET),
    ShapeError,
    /^metric: it returned a tensor \(3, 3\)/,
  );
  const nothing = await returning('mse', [function count() {}]);
  await refusesUnchanged(
    nothing,
    () => nothing.fit(X, ROWS, QUIET),
    ShapeError,
    /^count: it returned undefined/,
  );
  const constant = await returning((y: ht.Tensor) => ht.mean(y));
  await refusesUnchanged(
    constant,
    () => constant.fit(X, ROWS, QUIET),
    ArgumentError,
    /no gradient for any of 2 variables/,
  );
});

test('an engine that is closed', async () => {
  const own = await ht.open();
  const model = classifier();
  await model.fit(X, CLASSES, QUIET);
  const unbuilt = ht.sequential([ht.layers.dense({ units: 3 })]);
  unbuilt.compile({ loss: 'mse' });
  own.close();
  for (const call of [
    () => model.fit(X, CLASSES, QUIET),
    () => model.evaluate(X, CLASSES),
    () => model.predict(X),
    () => model.getWeights(),
    () => unbuilt.fit(X, ROWS, QUIET),
  ]) {
    await refuses(call, DisposedError, /engine: closed; open a new one/);
  }
  engine.close();
  engine = await ht.open({ seed: 5 });
  await refuses(() => model.predict(X), DisposedError, /closed/);
  await refuses(
    () => model.apply(X),
    DisposedError,
    /^dense.*: its weights were on an engine that is closed; make the layer anew/,
  );
  assert.ok((await unbuilt.fit(X, ROWS, QUIET)).history.loss, 'one without weights goes to the new engine');
});
