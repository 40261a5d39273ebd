/** Metrics that are no mean of batches: each batch is counted on the GPU, the counts of an epoch are added up, then judged. */
import type { Tensor } from '../autograd/tensor.ts';
import { cast } from '../ops/cast.ts';
import { greater } from '../ops/compare.ts';
import { concat } from '../ops/concat.ts';
import { tensor } from '../ops/creation.ts';
import { mul } from '../ops/mul.ts';
import { reshape } from '../ops/reshape.ts';
import { sigmoid } from '../ops/sigmoid.ts';
import { squaredDifference } from '../ops/squared-difference.ts';
import { sum } from '../ops/sum.ts';
import { show } from '../values/dtype.ts';
import { ArgumentError, ShapeError } from '../values/errors.ts';
import { checkOptions } from '../values/options.ts';
import { showShape } from '../values/shape.ts';
import { checkCount, checkOneOf } from './checks.ts';
import { described } from './described.ts';

/** A metric whose value for many samples follows from counts that add up over batches. */
export interface CountedMetric {
  readonly name: string;
  /** Counts of a batch, float32 (count). */
  counts(labels: Tensor, predictions: Tensor): Tensor;
  /** The value that the counts of all batches, added up, come to. */
  value(counts: readonly number[]): number;
}

const ratio = (part: number, whole: number) => (whole > 0 ? part / whole : 0);

/** Labels and predictions as float32 columns (elements, 1). Throws `ShapeError` unless they are as many. */
function columns(where: string, labels: Tensor, predictions: Tensor): [y: Tensor, p: Tensor] {
  if (labels.size !== predictions.size) {
    throw new ShapeError(
      `${where}: labels are ${showShape(labels.shape)}, predictions ${showShape(predictions.shape)}; use equal shapes`,
    );
  }
  const [y, p] = [labels, predictions].map((x) => reshape(cast(x, 'float32'), [x.size, 1]));
  return [y!, p!];
}

export interface ThresholdOptions {
  /** Predictions above it are positive. Default 0.5. */
  threshold?: number;
  /** In logs. */
  name?: string;
}

function checkThreshold(where: string, options: ThresholdOptions): number {
  checkOptions(where, options, ['threshold', 'name']);
  const { threshold = 0.5 } = options;
  if (typeof threshold === 'number' && threshold >= 0 && threshold <= 1) return threshold;
  throw new ArgumentError(`${where}: threshold ${show(threshold)}; use a number from 0 to 1`);
}

/** Counts: positive and right, and of labels and predictions the one that `whole` gives. */
function shareOf(
  kind: 'precision' | 'recall',
  options: ThresholdOptions,
  whole: (y: Tensor, positive: Tensor) => Tensor,
): CountedMetric {
  const threshold = checkThreshold(kind, options);
  const metric: CountedMetric = {
    name: options.name ?? kind,
    counts: (labels, predictions) => {
      const [y, p] = columns(kind, labels, predictions);
      const positive = cast(greater(p, threshold), 'float32');
      return concat([sum(mul(y, positive), 0), sum(whole(y, positive), 0)], 0);
    },
    value: ([right, all]) => ratio(right!, all!),
  };
  const className = kind === 'precision' ? 'Precision' : 'Recall';
  return described(metric, { className, config: { ...options } });
}

/** Of what is predicted to be positive, the share that is: 0 where nothing is predicted to be. Labels are 0 and 1. Throws `ArgumentError`. */
export function precision(options: ThresholdOptions = {}): CountedMetric {
  return shareOf('precision', options, (_, positive) => positive);
}

/** Of what is positive, the share that is predicted to be: 0 where nothing is. Labels are 0 and 1. Throws `ArgumentError`. */
export function recall(options: ThresholdOptions = {}): CountedMetric {
  return shareOf('recall', options, (y) => y);
}

/** The root of the mean squared difference of all elements. */
export function rootMeanSquaredError(options: { name?: string } = {}): CountedMetric {
  checkOptions('rootMeanSquaredError', options, ['name']);
  const metric: CountedMetric = {
    name: options.name ?? 'rootMeanSquaredError',
    counts: (labels, predictions) => {
      const [y, p] = columns('rootMeanSquaredError', labels, predictions);
      const count = tensor([y.size], { dtype: 'float32', engine: y.engine });
      return concat([sum(squaredDifference(y, p), 0), count], 0);
    },
    value: ([squares, count]) => Math.sqrt(ratio(squares!, count!)),
  };
  return described(metric, { className: 'RootMeanSquaredError', config: { ...options } });
}

export interface AUCOptions {
  /** Default 200. */
  numThresholds?: number;
  /** Under which curve: true positives over false ones, or precision over recall. Default `'ROC'`. */
  curve?: 'ROC' | 'PR';
  /** Whether predictions are logits, not probabilities. Default false. */
  fromLogits?: boolean;
  /** In logs. Default `'auc'`. */
  name?: string;
}

/**
 * The area under a curve through `numThresholds` points, as Keras approximates it: by trapezia under ROC, by Davis and Goadrich's (2006)
 * interpolation under PR. Labels are 0 and 1. Throws `ArgumentError`.
 */
export function auc(options: AUCOptions = {}): CountedMetric {
  checkOptions('auc', options, ['numThresholds', 'curve', 'fromLogits', 'name']);
  const count = checkCount('auc', 'numThresholds', options.numThresholds ?? 200, 2);
  const curve = checkOneOf('auc', 'curve', options.curve ?? 'ROC', ['ROC', 'PR']);
  // Just below 0 and just above 1: everything is positive, then nothing.
  const thresholds = Float32Array.from({ length: count }, (_, i) =>
    i === 0 ? -1e-7 : i === count - 1 ? 1 + 1e-7 : i / (count - 1),
  );
  const metric: CountedMetric = {
    name: options.name ?? 'auc',
    // Of each threshold what is positive and right, then what is positive; then labels that are, and all.
    counts: (labels, predictions) => {
      const [y, given] = columns('auc', labels, predictions);
      const p = options.fromLogits ? sigmoid(given) : given;
      const { engine } = y;
      const positive = cast(greater(p, tensor(thresholds, { engine })), 'float32');
      const all = tensor([y.size], { dtype: 'float32', engine });
      return concat([sum(mul(y, positive), 0), sum(positive, 0), sum(y, 0), all], 0);
    },
    value: (counts) => {
      const right = counts.slice(0, count);
      const positive = counts.slice(count, 2 * count);
      const [trues, all] = counts.slice(2 * count) as [number, number];
      return curve === 'ROC' ? underRoc(right, positive, trues, all) : underPr(right, positive, trues);
    },
  };
  return described(metric, { className: 'AUC', config: { ...options } });
}

function underRoc(right: readonly number[], positive: readonly number[], trues: number, all: number): number {
  let area = 0;
  for (let i = 0; i + 1 < right.length; i++) {
    const [here, next] = [i, i + 1].map((k) => ({
      x: ratio(positive[k]! - right[k]!, all - trues),
      y: ratio(right[k]!, trues),
    }));
    area += ((here!.x - next!.x) * (here!.y + next!.y)) / 2;
  }
  return area;
}

function underPr(right: readonly number[], positive: readonly number[], trues: number): number {
  let area = 0;
  for (let i = 0; i + 1 < right.length; i++) {
    const [p, next] = [positive[i]!, positive[i + 1]!];
    const gained = right[i]! - right[i + 1]!;
    const slope = ratio(gained, p - next);
    const intercept = right[i + 1]! - slope * next;
    const growth = p > 0 && next > 0 ? p / next : 1;
    area += ratio(slope * (gained + intercept * Math.log(growth)), trues);
  }
  return area;
}
