/** Losses: float32 scalars, the mean over the batch, whatever dtype the predictions have. */
import type { Tensor } from '../autograd/tensor.ts';
import { composed } from '../autograd/tidy.ts';
import { cast } from '../ops/cast.ts';
import { clipByValue } from '../ops/clip-by-value.ts';
import { softmaxCrossEntropy } from '../ops/cross-entropy.ts';
import { type TensorLike, toTensor } from '../ops/input.ts';
import { log } from '../ops/log.ts';
import { mean } from '../ops/mean.ts';
import { mul } from '../ops/mul.ts';
import { neg } from '../ops/neg.ts';
import { oneHot } from '../ops/one-hot.ts';
import { reciprocal } from '../ops/reciprocal.ts';
import { reshape } from '../ops/reshape.ts';
import { square } from '../ops/square.ts';
import { sub } from '../ops/sub.ts';
import { sum } from '../ops/sum.ts';
import { list, show } from '../values/dtype.ts';
import { ArgumentError, ShapeError } from '../values/errors.ts';
import { checkOptions } from '../values/options.ts';
import { type Shape, sameShape, showShape } from '../values/shape.ts';
import type { Dataset } from './data.ts';

export type LossFunction = (labels: Tensor, predictions: Tensor) => Tensor;

export interface CrossEntropyOptions {
  /** Predictions are logits, not probabilities. Default false, as in Keras; true is more accurate and faster. */
  fromLogits?: boolean;
}

/** Keras keeps probabilities this far from 0 and 1 before it takes their logarithm. */
const EPSILON = 1e-7;

/** Mean of (labels - predictions)^2 over all elements. Shapes must be equal: broadcasting here is a mistake as a rule. */
function meanSquaredError(labels: TensorLike, predictions: TensorLike): Tensor {
  const p = cast(toTensor('meanSquaredError', predictions), 'float32');
  const y = cast(toTensor('meanSquaredError', labels, p), 'float32');
  if (!sameShape(y.shape, p.shape)) {
    throw new ShapeError(
      `meanSquaredError: labels are ${showShape(y.shape)}, predictions ${showShape(p.shape)}; use equal shapes`,
    );
  }
  return mean(square(sub(p, y)));
}

/** Mean of -sum of labels log(predictions); labels (n, classes) are probabilities. */
function categoricalCrossentropy(
  labels: TensorLike,
  predictions: TensorLike,
  options: CrossEntropyOptions = {},
): Tensor {
  const p = toTensor('categoricalCrossentropy', predictions);
  const y = cast(toTensor('categoricalCrossentropy', labels, p), 'float32');
  if (!sameShape(y.shape, p.shape)) {
    throw new ShapeError(
      `categoricalCrossentropy: labels are ${showShape(y.shape)}, predictions ${showShape(p.shape)}; use equal shapes, or sparseCategoricalCrossentropy for class numbers`,
    );
  }
  if (options.fromLogits) return mean(softmaxCrossEntropy(p, y));
  const wide = cast(p, 'float32');
  // Keras scales rows to the sum 1 first.
  const rows = clipByValue(mul(wide, reciprocal(sum(wide, -1, true))), EPSILON, 1 - EPSILON);
  return mean(neg(sum(mul(y, log(rows)), -1)));
}

/** Mean of -log of the prediction for each sample's class; labels (n) or (n, 1) are class numbers. */
function sparseCategoricalCrossentropy(
  labels: TensorLike,
  predictions: TensorLike,
  options: CrossEntropyOptions = {},
): Tensor {
  const p = toTensor('sparseCategoricalCrossentropy', predictions);
  const y = classNumbers('sparseCategoricalCrossentropy', labels, p);
  if (options.fromLogits) return mean(softmaxCrossEntropy(p, y));
  const rows = clipByValue(cast(p, 'float32'), EPSILON, 1 - EPSILON);
  return mean(neg(sum(mul(oneHot(y, p.shape.at(-1)!), log(rows)), -1)));
}

/** Labels as int32 class numbers in the predictions' shape without its last axis. */
export function classNumbers(where: string, labels: TensorLike, predictions: Tensor): Tensor {
  const y = cast(toTensor(where, labels), 'int32');
  const rows = predictions.shape.slice(0, -1);
  const fits = sameShape(y.shape, rows) || sameShape(y.shape, [...rows, 1]);
  if (!fits || predictions.rank < 1) {
    throw new ShapeError(
      `${where}: labels are ${showShape(y.shape)}, predictions ${showShape(predictions.shape)}; use labels ${showShape(rows)}`,
    );
  }
  return reshape(y, rows);
}

export const losses = {
  meanSquaredError: composed(meanSquaredError),
  categoricalCrossentropy: composed(categoricalCrossentropy),
  sparseCategoricalCrossentropy: composed(sparseCategoricalCrossentropy),
};

/** A loss by name, for `compile`, with `fromLogits` where it is a cross-entropy. */
export interface LossConfig extends CrossEntropyOptions {
  name: LossName;
}

const NAMES: Readonly<Record<string, keyof typeof losses>> = {
  meanSquaredError: 'meanSquaredError',
  mse: 'meanSquaredError',
  categoricalCrossentropy: 'categoricalCrossentropy',
  sparseCategoricalCrossentropy: 'sparseCategoricalCrossentropy',
};

export type LossName = keyof typeof losses | 'mse';
export type LossLike = LossName | LossConfig | LossFunction;

/** A loss as training uses it. */
export interface Loss {
  readonly name: string;
  readonly fn: LossFunction;
  /** Looks at all labels before any GPU work; `output` is the shape of one prediction. Throws `ShapeError`, `DataError`. */
  checkLabels(where: string, labels: Dataset, output: Shape): void;
}

/** What `compile` makes of its `loss`. Throws `ArgumentError` for a name that is none. */
export function toLoss(loss: LossLike): Loss {
  if (typeof loss === 'function') return { name: loss.name || 'loss', fn: loss, checkLabels: () => {} };
  if (typeof loss === 'object' && loss !== null) checkOptions('loss', loss, ['name', 'fromLogits']);
  const { name: wanted, ...options }: LossConfig = typeof loss === 'string' ? { name: loss } : { ...loss };
  const name = typeof wanted === 'string' && Object.hasOwn(NAMES, wanted) ? NAMES[wanted] : undefined;
  if (!name) {
    throw new ArgumentError(
      `loss: unknown name ${show(wanted ?? loss)}; use ${list(Object.keys(NAMES))}, or a function`,
    );
  }
  return {
    name,
    fn: (labels, predictions) => losses[name](labels, predictions, options),
    checkLabels: name === 'sparseCategoricalCrossentropy' ? checkClasses : checkEqualShapes,
  };
}

function checkEqualShapes(where: string, { shape }: Dataset, output: Shape): void {
  const wanted = [shape[0]!, ...output];
  if (sameShape(shape, wanted)) return;
  throw new ShapeError(
    `${where}: labels are ${showShape(shape)}, predictions ${showShape(wanted)}; use equal shapes`,
  );
}

function checkClasses(where: string, labels: Dataset, output: Shape): void {
  const rows = [labels.shape[0]!, ...output.slice(0, -1)];
  if (!sameShape(labels.shape, rows) && !sameShape(labels.shape, [...rows, 1])) {
    throw new ShapeError(
      `${where}: labels are ${showShape(labels.shape)}, predictions ${showShape([labels.shape[0]!, ...output])}; use class numbers ${showShape(rows)}`,
    );
  }
  labels.requireClasses(output.at(-1)!);
}
