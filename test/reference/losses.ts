// Reference: losses by plain loops in f64.
import type { Plain } from './array.ts';
import { meanOf } from './reduce.ts';

export const EPSILON = 1e-7;
export const clipped = (p: number) => Math.min(Math.max(p, EPSILON), 1 - EPSILON);

/** Loss of labels and predictions by a plain loop; the labels' shape is as given. */
export type Loop = (labels: Plain, predictions: Plain) => number;

export const squared: Loop = (labels, predictions) =>
  meanOf(labels.data.map((label, i) => (predictions.data[i]! - label) ** 2));

/** Rows are scaled to the sum 1 first, as Keras does. */
export const categorical: Loop = (labels, { shape, data }) => {
  const classes = shape.at(-1)!;
  const rows = Array.from({ length: data.length / classes }, (_, row) => {
    const own = data.slice(row * classes, (row + 1) * classes);
    const sum = own.reduce((total, p) => total + p, 0);
    return -own.reduce(
      (total, p, c) => total + labels.data[row * classes + c]! * Math.log(clipped(p / sum)),
      0,
    );
  });
  return meanOf(rows);
};

export const sparse: Loop = (labels, { shape, data }) =>
  meanOf(labels.data.map((label, row) => -Math.log(clipped(data[row * shape.at(-1)! + label]!))));

export const rowsOf = (labels: Plain, { shape }: Plain): Plain => ({
  shape: shape.slice(0, -1),
  data: labels.data,
});

/** A loss that is a mean over elements. */
export const elements =
  (f: (label: number, prediction: number) => number): Loop =>
  (labels, predictions) =>
    meanOf(labels.data.map((label, i) => f(label, predictions.data[i]!)));

/** A loss that sums over the last axis. */
export const sums =
  (f: (label: number, prediction: number) => number): Loop =>
  (labels, predictions) =>
    elements(f)(labels, predictions) * predictions.shape.at(-1)!;

/** Labels of which a share is spread evenly. */
export const spread =
  (loop: Loop, share: number, classes?: number): Loop =>
  ({ shape, data }, predictions) => {
    const all = classes ?? predictions.shape.at(-1)!;
    return loop({ shape, data: data.map((label) => label * (1 - share) + share / all) }, predictions);
  };

export const logistic = (label: number, x: number) =>
  Math.log1p(Math.exp(-Math.abs(x))) + Math.max(x, 0) - x * label;
export const bernoulli = (label: number, p: number) =>
  -(label * Math.log(clipped(p)) + (1 - label) * Math.log(1 - clipped(p)));
