/** Losses by name, as `compile` takes them. */
import type { Tensor } from '../autograd/tensor.ts';
import { list, show } from '../values/dtype.ts';
import { ArgumentError, ShapeError } from '../values/errors.ts';
import { checkOptions } from '../values/options.ts';
import { type Shape, sameShape, showShape } from '../values/shape.ts';
import type { Dataset } from './data.ts';
import { huber, meanAbsoluteError, meanSquaredError } from './losses/differences.ts';
import type { Loss as NamedLoss } from './losses/loss.ts';
import {
  binaryCrossentropy,
  type CrossEntropyOptions,
  categoricalCrossentropy,
  klDivergence,
  sparseCategoricalCrossentropy,
} from './losses/probabilities.ts';

export { classNumbers } from './losses/loss.ts';

export type LossFunction = (labels: Tensor, predictions: Tensor) => Tensor;

/** Float32 scalars, whatever dtype the predictions have. */
export const losses = {
  meanSquaredError,
  meanAbsoluteError,
  huber,
  binaryCrossentropy,
  categoricalCrossentropy,
  sparseCategoricalCrossentropy,
  klDivergence,
};

/** A loss by name, for `compile`, with the options of that loss. */
export interface LossConfig extends CrossEntropyOptions {
  name: LossName;
  delta?: number;
}

const SHORT = { mse: 'meanSquaredError', mae: 'meanAbsoluteError' } as const;

export type LossName = keyof typeof losses | keyof typeof SHORT;
export type LossLike = LossName | LossConfig | LossFunction;

/** A loss as training uses it. */
export interface Loss {
  readonly name: string;
  /** The loss; with weights, one a sample or position, where `weighted`. */
  fn(labels: Tensor, predictions: Tensor, sampleWeight?: Tensor): Tensor;
  /** Whether it takes weights: a function of one's own returns one number, in which samples are no longer apart. */
  readonly weighted: boolean;
  /** Looks at all labels before any GPU work; `output` is the shape of one prediction. Throws `ShapeError`, `DataError`. */
  checkLabels(where: string, labels: Dataset, output: Shape): void;
}

/** What `compile` makes of its `loss`. Throws `ArgumentError` for a name that is none and options that are not the loss's. */
export function toLoss(loss: LossLike): Loss {
  if (typeof loss === 'function' && !('definition' in loss))
    return { name: loss.name || 'loss', fn: (y, p) => loss(y, p), weighted: false, checkLabels: () => {} };
  const { name: wanted, ...options } = configOf(loss);
  const name = Object.hasOwn(SHORT, wanted) ? SHORT[wanted as keyof typeof SHORT] : wanted;
  if (!Object.hasOwn(losses, name)) {
    throw new ArgumentError(
      `loss: unknown name ${show(wanted)}; use ${list([...Object.keys(losses), ...Object.keys(SHORT)])}, or a function`,
    );
  }
  const fn = losses[name as keyof typeof losses] as NamedLoss<LossConfig>;
  const { definition } = fn;
  checkOptions('loss', options, ['name', ...definition.options]);
  definition.check?.(options as unknown as LossConfig);
  return {
    name,
    fn: (labels, predictions, sampleWeight) =>
      fn(labels, predictions, { ...options, ...(sampleWeight && { sampleWeight }) } as unknown as LossConfig),
    weighted: true,
    checkLabels: definition.labels === 'classes' ? checkClasses : checkEqualShapes,
  };
}

function configOf(loss: LossLike): { name: string } & Record<string, unknown> {
  if (typeof loss === 'function') return { name: (loss as unknown as NamedLoss<LossConfig>).definition.name };
  if (typeof loss === 'object' && loss !== null) return { ...loss, name: loss.name ?? loss };
  return { name: loss };
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
