/** Metrics: float32 scalars, the mean over the batch, computed on the GPU. */
import type { Tensor } from '../autograd/tensor.ts';
import { composed } from '../autograd/tidy.ts';
import { argMax } from '../ops/arg-extreme.ts';
import { cast } from '../ops/cast.ts';
import { equal, greater } from '../ops/compare.ts';
import { type TensorLike, toTensor } from '../ops/input.ts';
import { mean } from '../ops/mean.ts';
import { reshape } from '../ops/reshape.ts';
import { list, show } from '../values/dtype.ts';
import { ArgumentError, ShapeError } from '../values/errors.ts';
import { sameShape, showShape } from '../values/shape.ts';
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

export const metrics = {
  accuracy: composed(accuracy),
  binaryAccuracy: composed(binaryAccuracy),
  categoricalAccuracy: composed(categoricalAccuracy),
  sparseCategoricalAccuracy: composed(sparseCategoricalAccuracy),
  meanSquaredError: losses.meanSquaredError,
};

export type MetricLike = keyof typeof metrics | LossFunction;

/** Throws `ArgumentError` for a name that is none. */
export function toMetric(metric: MetricLike): { name: string; fn: LossFunction } {
  if (typeof metric === 'function') return { name: metric.name || 'metric', fn: metric };
  if (Object.hasOwn(metrics, metric)) return { name: metric, fn: metrics[metric] };
  throw new ArgumentError(
    `metric: unknown name ${show(metric)}; use ${list(Object.keys(metrics))}, or a function`,
  );
}
