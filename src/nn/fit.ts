/** The training loop: batches through one jitted step, losses read some steps late, so that the GPU never waits. */

import type { Tensor } from '../autograd/tensor.ts';
import type { Engine } from '../gpu/engine.ts';
import { tunes } from '../kernels/gemm/choice.ts';
import { show } from '../values/dtype.ts';
import { ArgumentError } from '../values/errors.ts';
import { median } from '../values/median.ts';
import { checkOptions } from '../values/options.ts';
import { type Batch, type Batches, disposeBatch } from './batches.ts';
import {
  type Callback,
  type CallbackLike,
  type Logs,
  type TrainedModel,
  toCallbacks,
} from './callbacks/callback.ts';
import { checkCount } from './checks.ts';
import { inOrder } from './data.ts';
import { LossScaleOptimizer } from './optimizers/loss-scale-optimizer.ts';
import { createProgress } from './progress.ts';
import type { SamplesBy } from './samples.ts';
import { type Measure, measuresOf, type Training, testStep, trainStep } from './steps.ts';
import { StuckWatch } from './stuck.ts';
import { tuneEngine } from './tune.ts';

export interface FitOptions {
  /** Default 1. */
  epochs?: number;
  /** Default 32. */
  batchSize?: number;
  /** Default true. */
  shuffle?: boolean;
  /** Share of samples, from the end, held back for validation. */
  validationSplit?: number;
  validationData?: readonly [x: unknown, y: unknown, sampleWeight?: unknown];
  /** What each sample counts in the losses: one weight a sample, or a position where samples have several. */
  sampleWeight?: SamplesBy;
  /** What samples of a class count, by class number; 1 where it is not named. For models of one output. */
  classWeight?: { readonly [label: number]: number };
  /** 0 is silent. Default 1. */
  verbose?: 0 | 1;
  /** Functions of one's own, those of `ht.callbacks`, or a list of both. */
  callbacks?: CallbackLike | readonly CallbackLike[];
}

const OPTIONS = [
  ...['epochs', 'batchSize', 'shuffle', 'validationSplit', 'validationData', 'verbose', 'callbacks'],
  ...['sampleWeight', 'classWeight'],
];

/** Throws `ArgumentError`. */
export function checkFitOptions(options: FitOptions): void {
  checkOptions('fit', options, OPTIONS);
  toCallbacks(options.callbacks ?? []);
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
  /** With adaptive loss scaling: the scale of each layer, by its path, at the end of each epoch. */
  readonly layerScales: Record<string, number[]>;
  readonly epochs: number;
  /** Median milliseconds of a training step over the epochs, the first left out where there are several: it compiles. */
  readonly msPerStep: number;
}

/** Steps, and milliseconds, after which results are read. */
const READ_STEPS = 16;
const READ_MS = 100;

/** Runs `step` over all batches in `order`, or until `stopped`; returns what its results come to over the samples. */
export async function runEpoch(
  engine: Engine,
  step: (batch: Batch) => Tensor[],
  measures: readonly Measure[],
  data: Batches,
  order: Uint32Array,
  batchSize: number,
  onBatch: (batch: number, logs: Logs) => void = () => {},
  stopped: () => boolean = () => false,
): Promise<Logs> {
  const sums = measures.map((): number[] => []);
  const resultOf = (i: number, values: readonly number[], samples: number) =>
    measures[i]!.value?.(values) ?? values[0]! / samples;
  const logsOf = (values: readonly (readonly number[])[], samples: number): Logs =>
    Object.fromEntries(measures.map(({ name }, i) => [name, resultOf(i, values[i]!, samples)]));
  let waiting: { results: Tensor[]; samples: number }[] = [];
  let reading: Promise<void> = Promise.resolve();
  let [batches, seen] = [0, 0];
  let lastRead = performance.now();
  const read = async (taken: typeof waiting): Promise<void> => {
    const values = await readResults(
      engine,
      taken.flatMap(({ results }) => results),
    );
    for (const [index, { samples }] of taken.entries()) {
      const own = values.slice(index * measures.length, (index + 1) * measures.length);
      for (const [i, numbers] of own.entries()) {
        const factor = measures[i]!.value ? 1 : samples;
        for (const [k, value] of numbers.entries()) sums[i]![k] = (sums[i]![k] ?? 0) + value * factor;
      }
      seen += samples;
      onBatch(batches++, logsOf(own, 1));
    }
  };
  for (let from = 0; from < data.count && !stopped(); from += batchSize) {
    const to = Math.min(from + batchSize, data.count);
    const batch = data.batch(engine, order, from, to);
    waiting.push({ results: step(batch), samples: to - from });
    disposeBatch(batch);
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
  return logsOf(sums, seen);
}

export async function fit(
  training: Training,
  model: TrainedModel,
  data: Batches,
  validation: Batches | undefined,
  options: FitOptions,
): Promise<History> {
  const { engine, optimizer, lossScaling, targets, random } = training;
  const { epochs = 1, batchSize = 32, shuffle = true, verbose = 1 } = options;
  const callbacks = toCallbacks(options.callbacks ?? []);
  const measures = measuresOf(targets);
  const progress = verbose ? createProgress() : undefined;
  const history: Record<string, number[]> = {};
  const layerScales: Record<string, number[]> = {};
  const times: number[] = [];
  const total = Math.ceil(data.count / batchSize);
  const train = trainStep(training);
  const test = testStep(training);
  const watch = new StuckWatch(training);
  const watched = watch.around(train);
  let ran = 0;
  model.stopTraining = false;
  try {
    await tell(callbacks, (callback) => callback.onTrainBegin(model));
    while (ran < epochs && !model.stopTraining) {
      const epoch = ran++;
      await tell(callbacks, (callback) => callback.onEpochBegin(epoch));
      progress?.start(`Epoch ${epoch + 1}/${epochs}`, total);
      const order = shuffle ? random.permutation(data.count) : inOrder(data.count);
      const start = performance.now();
      const onBatch = (batch: number, numbers: Logs) => {
        progress?.step({ done: batch + 1, total, numbers });
        for (const callback of callbacks) callback.onBatchEnd(epoch * total + batch, numbers);
      };
      const stopped = () => model.stopTraining;
      const logs = await runEpoch(engine, watched, measures, data, order, batchSize, onBatch, stopped);
      times.push((performance.now() - start) / total);
      if (validation) {
        const held = await runEpoch(engine, test, measures, validation, inOrder(validation.count), batchSize);
        for (const [name, value] of Object.entries(held)) logs[`val_${name}`] = value;
      }
      if (optimizer instanceof LossScaleOptimizer) {
        const values = await optimizer.readState();
        const { scale, skipped } = values;
        watch.see(values);
        Object.assign(logs, { lossScale: scale, skippedSteps: skipped });
      }
      progress?.end(logs);
      await tell(callbacks, (callback) => callback.onEpochEnd(epoch, logs));
      append(history, logs);
      append(layerScales, (await lossScaling?.scales()) ?? {});
    }
    await watch.end();
    if (optimizer.averages) optimizer.finalizeVariableValues(training.variables());
    await tell(callbacks, (callback) => callback.onTrainEnd());
  } finally {
    progress?.stop();
    train.dispose();
    test.dispose();
  }
  return { history, layerScales, epochs: ran, msPerStep: median(times.length > 1 ? times.slice(1) : times) };
}

function append(lists: Record<string, number[]>, values: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(values)) {
    lists[name] ??= [];
    lists[name].push(value);
  }
}

/** Each in turn, awaited. */
async function tell(
  callbacks: readonly Callback[],
  what: (callback: Callback) => void | Promise<void>,
): Promise<void> {
  for (const callback of callbacks) await what(callback);
}

async function readResults(engine: Engine, results: readonly Tensor[]): Promise<number[][]> {
  const bytes = await engine.read(results.map(({ storage, size }) => ({ storage, bytes: 4 * size })));
  const values = bytes.map((own, i) => [...new Float32Array(own, 0, results[i]!.size)]);
  for (const result of results) result.dispose();
  return values;
}
