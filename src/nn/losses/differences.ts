/** Losses of the difference between labels and predictions: squares, magnitudes, and Huber's loss between the two. */
import type { Tensor } from '../../autograd/tensor.ts';
import { abs } from '../../ops/abs.ts';
import { add } from '../../ops/add.ts';
import { cast } from '../../ops/cast.ts';
import { mean } from '../../ops/mean.ts';
import { minimum } from '../../ops/minimum.ts';
import { mul } from '../../ops/mul.ts';
import { square } from '../../ops/square.ts';
import { sub } from '../../ops/sub.ts';
import { show } from '../../values/dtype.ts';
import { ArgumentError } from '../../values/errors.ts';
import { defineLoss, type LossOptions } from './loss.ts';

function difference(labels: Tensor, predictions: Tensor): Tensor {
  return sub(cast(predictions, 'float32'), labels);
}

/** Mean of (labels - predictions)^2 over the last axis. Shapes must be equal: broadcasting here is a mistake as a rule. */
export const meanSquaredError = defineLoss<LossOptions>({
  name: 'meanSquaredError',
  options: [],
  labels: 'equal',
  perSample: (labels, predictions) => mean(square(difference(labels, predictions)), -1),
});

/** Mean of |labels - predictions| over the last axis. */
export const meanAbsoluteError = defineLoss<LossOptions>({
  name: 'meanAbsoluteError',
  options: [],
  labels: 'equal',
  perSample: (labels, predictions) => mean(abs(difference(labels, predictions)), -1),
});

export interface HuberOptions extends LossOptions {
  /** Where the square ends and the line begins. Default 1. */
  delta?: number;
}

/** With e = |labels - predictions|: e^2 / 2 up to delta, delta e - delta^2 / 2 beyond (Huber 1964); mean over the last axis. */
export const huber = defineLoss<HuberOptions>({
  name: 'huber',
  options: ['delta'],
  labels: 'equal',
  check: ({ delta = 1 }) => {
    if (!(delta > 0)) throw new ArgumentError(`huber: delta ${show(delta)}; use a number above 0`);
  },
  perSample: (labels, predictions, { delta = 1 }) => {
    const error = abs(difference(labels, predictions));
    const near = minimum(error, delta);
    return mean(add(mul(square(near), 0.5), mul(sub(error, near), delta)), -1);
  },
});
