/** Losses between distributions: cross-entropies from probabilities or logits, and the Kullback-Leibler divergence. */
import { asOne, nameOp } from '../../autograd/autocasting.ts';
import type { Tensor } from '../../autograd/tensor.ts';
import { add } from '../../ops/add.ts';
import { cast } from '../../ops/cast.ts';
import { clipByValue } from '../../ops/clip-by-value.ts';
import { softmaxCrossEntropy } from '../../ops/cross-entropy.ts';
import { log } from '../../ops/log.ts';
import { mean } from '../../ops/mean.ts';
import { mul } from '../../ops/mul.ts';
import { neg } from '../../ops/neg.ts';
import { oneHot } from '../../ops/one-hot.ts';
import { reciprocal } from '../../ops/reciprocal.ts';
import { softplus } from '../../ops/softplus.ts';
import { sub } from '../../ops/sub.ts';
import { sum } from '../../ops/sum.ts';
import { show } from '../../values/dtype.ts';
import { ArgumentError } from '../../values/errors.ts';
import { defineLoss, type LossOptions } from './loss.ts';

export interface SparseCrossEntropyOptions extends LossOptions {
  /** Predictions are logits, not probabilities. Default false, as in Keras; true is more accurate and faster. */
  fromLogits?: boolean;
}

export interface CrossEntropyOptions extends SparseCrossEntropyOptions {
  /** This share of each label is spread evenly over all classes. Default 0. */
  labelSmoothing?: number;
}

/** Keras keeps probabilities this far from 0 and 1 before it takes their logarithm. */
const EPSILON = 1e-7;

function probabilities(predictions: Tensor): Tensor {
  return clipByValue(cast(predictions, 'float32'), EPSILON, 1 - EPSILON);
}

function smoothed(labels: Tensor, share: number, classes: number): Tensor {
  return share === 0 ? labels : add(mul(labels, 1 - share), share / classes);
}

function checkSmoothing(name: string, { labelSmoothing = 0 }: CrossEntropyOptions): void {
  if (labelSmoothing >= 0 && labelSmoothing <= 1) return;
  throw new ArgumentError(`${name}: labelSmoothing ${show(labelSmoothing)}; use a number from 0 to 1`);
}

/** -sum of labels log(predictions) over the last axis; labels (..., classes) are probabilities. */
export const categoricalCrossentropy = defineLoss<CrossEntropyOptions>({
  name: 'categoricalCrossentropy',
  options: ['fromLogits', 'labelSmoothing'],
  labels: 'equal',
  hint: ', or sparseCategoricalCrossentropy for class numbers',
  check: (options) => checkSmoothing('categoricalCrossentropy', options),
  perSample: (labels, predictions, { fromLogits = false, labelSmoothing = 0 }) => {
    const y = smoothed(labels, labelSmoothing, predictions.shape.at(-1)!);
    if (fromLogits) return softmaxCrossEntropy(predictions, y);
    const wide = cast(predictions, 'float32');
    // Keras scales rows to the sum 1 first.
    const rows = mul(wide, reciprocal(sum(wide, -1, true)));
    return neg(sum(mul(y, log(probabilities(rows))), -1));
  },
});

/** -log of the prediction for each sample's class; labels (...) or (..., 1) are class numbers. */
export const sparseCategoricalCrossentropy = defineLoss<SparseCrossEntropyOptions>({
  name: 'sparseCategoricalCrossentropy',
  options: ['fromLogits'],
  labels: 'classes',
  perSample: (labels, predictions, { fromLogits = false }) => {
    if (fromLogits) return softmaxCrossEntropy(predictions, labels);
    const hot = oneHot(labels, predictions.shape.at(-1)!);
    return neg(sum(mul(hot, log(probabilities(predictions))), -1));
  },
});

nameOp('binaryCrossentropy');

/** Mean over the last axis of -(labels log p + (1 - labels) log(1 - p)), each element a probability of its own. */
export const binaryCrossentropy = defineLoss<CrossEntropyOptions>({
  name: 'binaryCrossentropy',
  options: ['fromLogits', 'labelSmoothing'],
  labels: 'equal',
  check: (options) => checkSmoothing('binaryCrossentropy', options),
  perSample: (labels, predictions, { fromLogits = false, labelSmoothing = 0 }) => {
    const y = smoothed(labels, labelSmoothing, 2);
    if (fromLogits) {
      // log(1 + e^x) - x y: what the formula becomes for p = sigmoid(x).
      const x = cast(predictions, 'float32');
      return mean(sub(softplus(x), mul(x, y)), -1);
    }
    return asOne('binaryCrossentropy', [predictions], ([given]) => {
      const p = probabilities(given!);
      return neg(mean(add(mul(y, log(p)), mul(sub(1, y), log(sub(1, p)))), -1));
    });
  },
});

/** Sum over the last axis of labels log(labels / predictions), both at least 1e-7 (Kullback and Leibler 1951). */
export const klDivergence = defineLoss<LossOptions>({
  name: 'klDivergence',
  options: [],
  labels: 'equal',
  perSample: (labels, predictions) => {
    const [y, p] = [labels, cast(predictions, 'float32')].map((x) => clipByValue(x, EPSILON, 1));
    return sum(mul(y!, sub(log(y!), log(p!))), -1);
  },
});
