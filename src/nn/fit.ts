/** The training loop: batches through one jitted step, losses read some steps late, so that the GPU never waits. */
import { jit } from '../autograd/jit.ts';
import { Tensor } from '../autograd/tensor.ts';
import type { Variable } from '../autograd/variable.ts';
import type { Engine } from '../gpu/engine.ts';
import { tunes } from '../kernels/gemm/choice.ts';
import { cast } from '../ops/cast.ts';
import { show } from '../values/dtype.ts';
import { ArgumentError, ShapeError } from '../values/errors.ts';
import { checkOptions } from '../values/options.ts';
import type { RandomStream } from '../values/random.ts';
import { showShape } from '../values/shape.ts';
import { type Dataset, inOrder } from './data.ts';
import { checkCount } from './layer.ts';
import type { LossFunction } from './losses.ts';
import { LossScaleOptimizer } from './optimizers/loss-scale-optimizer.ts';
import type { Optimizer } from './optimizers/optimizer.ts';
import { createProgress } from './progress.ts';
import { tuneEngine } from './tune.ts';

/** Results of an epoch by name: `loss`, each metric, and with validation data the same with `val_` in front. */
export type Logs = Record<string, number>;

export interface Callbacks {
  /** After each training step, some steps late; `step` counts from 0 over all epochs. */
  onBatchEnd?(step: number, logs: Logs): void;
  /** May be async. Returning false ends the training. */
  onEpochEnd?(epoch: number, logs: Logs): undefined | boolean | Promise<undefined | boolean>;
}

export interface FitOptions {
  /** Default 1. */
  epochs?: number;
  /** Default 32. */
  batchSize?: number;
  /** Default true. */
  shuffle?: boolean;
  /** Share of samples, from the end, held back for validation. */
  validationSplit?: number;
  validationData?: readonly [x: unknown, y: unknown];
  /** 0 is silent. Default 1. */
  verbose?: 0 | 1;
  callbacks?: Callbacks;
}

const OPTIONS = [
  'epochs',
  'batchSize',
  'shuffle',
  'validationSplit',
  'validationData',
  'verbose',
  'callbacks',
];

/** Throws `ArgumentError`. */
export function checkFitOptions(options: FitOptions): void {
  checkOptions('fit', options, OPTIONS);
  checkOptions('fit: callbacks', options.callbacks ?? {}, ['onBatchEnd', 'onEpochEnd']);
  checkCount('fit', 'epochs', options.epochs ?? 1);
  checkCount('fit', 'batchSize', options.batchSize ?? 32);
  const split = options.validationSplit ?? 0;
  if (!(split >= 0 && split < 1)) {
    throw new ArgumentError(`fit: validationSplit ${show(split)}; use a number from 0 to below 1`);
  }
}

export interface History {
  /** Values by epoch: `loss`, metrics, `val_...`, and with loss scaling `lossScale` and `skippedSteps` at its end. */
  readonly history: Record<string, number[]>;
  readonly epochs: number;
  /** Median milliseconds of a training step over the epochs, the first left out where there are several: it compiles. */
  readonly msPerStep: number;
}

export interface Training {
  readonly engine: Engine;
  readonly forward: (x: Tensor, training: boolean) => Tensor;
  readonly variables: () => readonly Variable[];
  readonly optimizer: Optimizer | LossScaleOptimizer;
  readonly loss: LossFunction;
  readonly metrics: readonly { name: string; fn: LossFunction }[];
  /** Draws the order of samples. */
  readonly random: RandomStream;
}

type Step = (x: Tensor, y: Tensor) => Tensor[];

/** Steps, and milliseconds, after which results are read. */
const READ_STEPS = 16;
const READ_MS = 100;

/** One step that trains and returns loss and metrics; the metrics are those of the weights before the update, as in Keras. */
export function trainStep({
  forward,
  variables,
  optimizer,
  loss,
  metrics,
}: Training): Step & { dispose(): void } {
  return jit((x: Tensor, y: Tensor) => {
    const predictions: Tensor[] = [];
    const compute = () => {
      const prediction = forward(x, true);
      predictions.push(prediction);
      return loss(y, prediction);
    };
    const result = optimizer.computeGradients(compute, variables());
    optimizer.apply(result.gradients, variables());
    return [
      number('loss', result.loss),
      ...metrics.map(({ name, fn }) => number(name, fn(y, predictions[0]!))),
    ];
  });
}

export function testStep({ forward, loss, metrics }: Training): Step & { dispose(): void } {
  return jit((x: Tensor, y: Tensor) => {
    const prediction = forward(x, false);
    return [
      number('loss', loss(y, prediction)),
      ...metrics.map(({ name, fn }) => number(name, fn(y, prediction))),
    ];
  });
}

/** What a loss or metric returned, as it is read. Throws `ShapeError` unless it is one number. */
function number(name: string, value: Tensor): Tensor {
  if (value instanceof Tensor && value.size === 1) return cast(value, 'float32');
  const got = value instanceof Tensor ? `a tensor ${showShape(value.shape)}` : show(value);
  throw new ShapeError(`${name}: it returned ${got}; return a scalar tensor`);
}

/** Runs `step` over all batches in `order`; returns the means of its results over the samples. */
export async function runEpoch(
  engine: Engine,
  step: Step,
  names: readonly string[],
  [x, y]: readonly [Dataset, Dataset],
  order: Uint32Array,
  batchSize: number,
  onBatch: (batch: number, logs: Logs) => void = () => {},
): Promise<Logs> {
  const sums = names.map(() => 0);
  let waiting: { results: Tensor[]; samples: number }[] = [];
  let reading: Promise<void> = Promise.resolve();
  let batches = 0;
  let lastRead = performance.now();
  const read = async (taken: typeof waiting): Promise<void> => {
    const values = await readScalars(
      engine,
      taken.flatMap(({ results }) => results),
    );
    for (const [index, { samples }] of taken.entries()) {
      const own = values.slice(index * names.length, (index + 1) * names.length);
      for (const [i, value] of own.entries()) sums[i]! += value * samples;
      onBatch(batches++, Object.fromEntries(names.map((name, i) => [name, own[i]!])));
    }
  };
  for (let from = 0; from < x.count; from += batchSize) {
    const to = Math.min(from + batchSize, x.count);
    const [batchX, batchY] = [x.batch(engine, order, from, to), y.batch(engine, order, from, to)];
    waiting.push({ results: step(batchX, batchY), samples: to - from });
    batchX.dispose();
    batchY.dispose();
    if (tunes(engine)) await tuneEngine(engine, false);
    if (waiting.length < READ_STEPS && performance.now() - lastRead < READ_MS) continue;
    // The next steps are recorded while these results are on their way; only the ones before are waited for.
    await reading;
    reading = read(waiting);
    reading.catch(() => {});
    waiting = [];
    lastRead = performance.now();
  }
  await reading;
  await read(waiting);
  return Object.fromEntries(names.map((name, i) => [name, sums[i]! / x.count]));
}

export async function fit(
  training: Training,
  data: readonly [Dataset, Dataset],
  validation: readonly [Dataset, Dataset] | undefined,
  options: FitOptions,
): Promise<History> {
  const { engine, optimizer, metrics, random } = training;
  const { epochs = 1, batchSize = 32, shuffle = true, verbose = 1, callbacks = {} } = options;
  const names = ['loss', ...metrics.map(({ name }) => name)];
  const progress = verbose ? createProgress() : undefined;
  const history: Record<string, number[]> = {};
  const times: number[] = [];
  const total = Math.ceil(data[0].count / batchSize);
  const train = trainStep(training);
  const test = testStep(training);
  let ran = 0;
  try {
    for (let epoch = 0; epoch < epochs; epoch++) {
      progress?.start(`Epoch ${epoch + 1}/${epochs}`, total);
      const order = shuffle ? random.permutation(data[0].count) : inOrder(data[0].count);
      const start = performance.now();
      const logs = await runEpoch(engine, train, names, data, order, batchSize, (batch, numbers) => {
        progress?.step({ done: batch + 1, total, numbers });
        callbacks.onBatchEnd?.(epoch * total + batch, numbers);
      });
      times.push((performance.now() - start) / total);
      if (validation) {
        const held = await runEpoch(engine, test, names, validation, inOrder(validation[0].count), batchSize);
        for (const [name, value] of Object.entries(held)) logs[`val_${name}`] = value;
      }
      if (optimizer instanceof LossScaleOptimizer) {
        const { scale, skipped } = await optimizer.readState();
        Object.assign(logs, { lossScale: scale, skippedSteps: skipped });
      }
      for (const [name, value] of Object.entries(logs)) {
        history[name] ??= [];
        history[name].push(value);
      }
      progress?.end(logs);
      ran++;
      if ((await callbacks.onEpochEnd?.(epoch, logs)) === false) break;
    }
  } finally {
    progress?.stop();
    train.dispose();
    test.dispose();
  }
  return { history, epochs: ran, msPerStep: median(times.length > 1 ? times.slice(1) : times) };
}

async function readScalars(engine: Engine, scalars: readonly Tensor[]): Promise<number[]> {
  const bytes = await engine.read(scalars.map(({ storage }) => ({ storage, bytes: 4 })));
  for (const scalar of scalars) scalar.dispose();
  return bytes.map((word) => new Float32Array(word)[0]!);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
