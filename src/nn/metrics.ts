/** Metrics, computed on the GPU: float32 scalars, the mean over the batch, or counts. */
import type { Tensor } from '../autograd/tensor.ts';
import { composed } from '../autograd/tidy.ts';
import { argMax } from '../ops/arg-extreme.ts';
import { cast } from '../ops/cast.ts';
import { equal, greater, less } from '../ops/compare.ts';
import { type TensorLike, toTensor } from '../ops/input.ts';
import { mean } from '../ops/mean.ts';
import { mul } from '../ops/mul.ts';
import { oneHot } from '../ops/one-hot.ts';
import { reshape } from '../ops/reshape.ts';
import { sum } from '../ops/sum.ts';
import { list, show } from '../values/dtype.ts';
import { ArgumentError, ShapeError } from '../values/errors.ts';
import { sameShape, showShape } from '../values/shape.ts';
import { auc, type CountedMetric, precision, recall, rootMeanSquaredError } from './counted-metrics.ts';
import { classNumbers, type LossFunction, losses } from './losses.ts';

function share(hits: Tensor): Tensor {
  return mean(cast(hits, 'float32'));
}

/** Share of samples whose largest prediction is at the label's class number. */
function sparseCategoricalAccuracy(labels: TensorLike, predictions: TensorLike): Tensor {
  const p = toTensor('sparseCategoricalAccuracy', predictions);
  return share(equal(argMax(p, -1), classNumbers('sparseCategoricalAccuracy', labels, p)));
}

/** Share of samples whose largest prediction is where the label is largest. */
function categoricalAccuracy(labels: TensorLike, predictions: TensorLike): Tensor {
  const [y, p] = equalShapes('categoricalAccuracy', labels, predictions);
  return share(equal(argMax(p, -1), argMax(y, -1)));
}

/** Share of elements on the label's side of 0.5. */
function binaryAccuracy(labels: TensorLike, predictions: TensorLike): Tensor {
  const [y, p] = equalShapes('binaryAccuracy', labels, predictions);
  return share(equal(cast(greater(p, 0.5), 'int32'), cast(greater(y, 0.5), 'int32')));
}

/** As Keras resolves the name: by the shapes of labels and predictions. */
function accuracy(labels: TensorLike, predictions: TensorLike): Tensor {
  const p = toTensor('accuracy', predictions);
  const given = toTensor('accuracy', labels, p);
  // One output a sample is no class number: labels (n) mean the same as (n, 1).
  const column = p.shape.at(-1) === 1 && sameShape(given.shape, p.shape.slice(0, -1));
  const y = column ? reshape(given, p.shape) : given;
  if (!sameShape(y.shape, p.shape)) return sparseCategoricalAccuracy(y, p);
  return p.shape.at(-1) === 1 || p.rank < 2 ? binaryAccuracy(y, p) : categoricalAccuracy(y, p);
}

function equalShapes(where: string, labels: TensorLike, predictions: TensorLike): [Tensor, Tensor] {
  const p = cast(toTensor(where, predictions), 'float32');
  const y = cast(toTensor(where, labels, p), 'float32');
  if (!sameShape(y.shape, p.shape)) {
    throw new ShapeError(
      `${where}: labels are ${showShape(y.shape)}, predictions ${showShape(p.shape)}; use equal shapes`,
    );
  }
  return [y, p];
}

/** Share of samples of which fewer than `k` predictions are larger than that of the label's class number. */
function sparseTopKCategoricalAccuracy(labels: TensorLike, predictions: TensorLike, k = 5): Tensor {
  const p = toTensor('sparseTopKCategoricalAccuracy', predictions);
  const y = classNumbers('sparseTopKCategoricalAccuracy', labels, p);
  return topK(oneHot(y, p.shape.at(-1)!), p, k);
}

/** Share of samples of which fewer than `k` predictions are larger than that where the label is largest. */
function topKCategoricalAccuracy(labels: TensorLike, predictions: TensorLike, k = 5): Tensor {
  const [y, p] = equalShapes('topKCategoricalAccuracy', labels, predictions);
  return topK(oneHot(argMax(y, -1), p.shape.at(-1)!), p, k);
}

function topK(chosen: Tensor, predictions: Tensor, k: number): Tensor {
  const p = cast(predictions, 'float32');
  const own = sum(mul(p, cast(chosen, 'float32')), -1, true);
  return share(less(sum(cast(greater(p, own), 'float32'), -1), k));
}

export const metrics = {
  accuracy: composed(accuracy),
  binaryAccuracy: composed(binaryAccuracy),
  categoricalAccuracy: composed(categoricalAccuracy),
  sparseCategoricalAccuracy: composed(sparseCategoricalAccuracy),
  topKCategoricalAccuracy: composed(topKCategoricalAccuracy),
  sparseTopKCategoricalAccuracy: composed(sparseTopKCategoricalAccuracy),
  meanSquaredError: losses.meanSquaredError,
  meanAbsoluteError: losses.meanAbsoluteError,
  auc,
  precision,
  recall,
  rootMeanSquaredError,
};

/** Those that count; made anew for each `compile`. */
const COUNTED = { auc, precision, recall, rootMeanSquaredError };
/** Keras's short names. */
export const SHORT_METRICS: Readonly<Record<string, keyof typeof metrics>> = {
  AUC: 'auc',
  mae: 'meanAbsoluteError',
  mse: 'meanSquaredError',
  rmse: 'rootMeanSquaredError',
};

/** A name, a function of labels and predictions that gives a number, or one that counts, as `ht.metrics.auc()` gives it. */
export type MetricLike = keyof typeof metrics | 'AUC' | 'mae' | 'mse' | 'rmse' | LossFunction | CountedMetric;

/** A metric as steps compute it, and what the values of batches come to. */
export interface Metric {
  readonly name: string;
  readonly fn: LossFunction;
  /** Of a metric that counts: the value of counts that were added up. */
  readonly value?: CountedMetric['value'];
}

/** Throws `ArgumentError` for a name that is none. */
export function toMetric(metric: MetricLike): Metric {
  if (typeof metric === 'function') return { name: metric.name || 'metric', fn: metric };
  if (typeof metric === 'object' && metric !== null && 'counts' in metric) return counting(metric);
  const name = (
    Object.hasOwn(SHORT_METRICS, metric) ? SHORT_METRICS[metric] : metric
  ) as keyof typeof metrics;
  if (Object.hasOwn(COUNTED, name)) return counting(COUNTED[name as keyof typeof COUNTED]());
  // As in Keras, a short name stays one in the logs.
  if (Object.hasOwn(metrics, name)) return { name: metric, fn: metrics[name] as LossFunction };
  throw new ArgumentError(
    `metric: unknown name ${show(metric)}; use ${list(Object.keys(metrics))}, or a function`,
  );
}

function counting(metric: CountedMetric): Metric {
  const fn: LossFunction = (labels, predictions) => {
    const p = toTensor(metric.name, predictions);
    return metric.counts(toTensor(metric.name, labels, p), p);
  };
  return { name: metric.name, fn, value: metric.value };
}
