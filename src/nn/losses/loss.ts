/** What a loss is: a number for each sample, in float32 whatever dtype the predictions have, and how they become one. */
import type { Tensor } from '../../autograd/tensor.ts';
import { tidy } from '../../autograd/tidy.ts';
import { cast } from '../../ops/cast.ts';
import { type TensorLike, toTensor } from '../../ops/input.ts';
import { mean } from '../../ops/mean.ts';
import { mul } from '../../ops/mul.ts';
import { reshape } from '../../ops/reshape.ts';
import { sum } from '../../ops/sum.ts';
import { list, show } from '../../values/dtype.ts';
import { ArgumentError, ShapeError } from '../../values/errors.ts';
import { checkOptions } from '../../values/options.ts';
import { sameShape, showShape } from '../../values/shape.ts';

const REDUCTIONS = ['sumOverBatchSize', 'sum', 'none'] as const;

export interface LossOptions {
  /** Default `'sumOverBatchSize'`: the mean over samples; with weights the weighted sum over their number, as in Keras. */
  reduction?: (typeof REDUCTIONS)[number];
  /** A weight for each sample. */
  sampleWeight?: TensorLike;
}

export interface LossDefinition<O extends LossOptions> {
  readonly name: string;
  /** Names of the options that this loss adds. */
  readonly options: readonly (keyof O & string)[];
  /** Whether labels have the predictions' shape, or are class numbers, one fewer axis. */
  readonly labels: 'equal' | 'classes';
  /** What else could be meant where labels have another shape. */
  readonly hint?: string;
  /** Throws `ArgumentError` for options that make no sense. */
  check?(options: O): void;
  /** One value a sample, float32 (...) for predictions (..., outputs). */
  perSample(labels: Tensor, predictions: Tensor, options: O): Tensor;
}

/** Throws `ShapeError` where labels do not fit, `ArgumentError` for an option that is none or makes no sense. */
export interface Loss<O extends LossOptions> {
  (labels: TensorLike, predictions: TensorLike, options?: O): Tensor;
  readonly definition: LossDefinition<O>;
}

export function defineLoss<O extends LossOptions>(definition: LossDefinition<O>): Loss<O> {
  const { name } = definition;
  const loss = (labels: TensorLike, predictions: TensorLike, options = {} as O): Tensor =>
    tidy(() => {
      checkOptions(name, options, [...definition.options, 'reduction', 'sampleWeight']);
      definition.check?.(options);
      const p = toTensor(name, predictions);
      const given = toTensor(name, labels, p);
      const y =
        definition.labels === 'classes'
          ? classNumbers(name, given, p)
          : cast(equalShape(definition, given, p), 'float32');
      return reduced(name, definition.perSample(y, p, options), options);
    });
  return Object.assign(loss, { definition });
}

function equalShape(
  { name, hint = '' }: { readonly name: string; readonly hint?: string },
  labels: Tensor,
  predictions: Tensor,
): Tensor {
  if (sameShape(labels.shape, predictions.shape) && predictions.rank > 0) return labels;
  throw new ShapeError(
    `${name}: labels are ${showShape(labels.shape)}, predictions ${showShape(predictions.shape)}; use equal shapes (..., outputs)${hint}`,
  );
}

/** Labels as int32 class numbers in the predictions' shape without its last axis. */
export function classNumbers(name: string, labels: TensorLike, predictions: Tensor): Tensor {
  const y = cast(toTensor(name, labels), 'int32');
  const rows = predictions.shape.slice(0, -1);
  const fits = sameShape(y.shape, rows) || sameShape(y.shape, [...rows, 1]);
  if (!fits || predictions.rank < 1) {
    throw new ShapeError(
      `${name}: labels are ${showShape(y.shape)}, predictions ${showShape(predictions.shape)}; use labels ${showShape(rows)}`,
    );
  }
  return reshape(y, rows);
}

function reduced(
  name: string,
  values: Tensor,
  { reduction = 'sumOverBatchSize', sampleWeight }: LossOptions,
): Tensor {
  if (!REDUCTIONS.includes(reduction))
    throw new ArgumentError(`${name}: unknown reduction ${show(reduction)}; use ${list(REDUCTIONS)}`);
  const weighted = sampleWeight === undefined ? values : mul(values, weights(name, sampleWeight, values));
  if (reduction === 'none') return weighted;
  return reduction === 'sum' ? sum(weighted) : mean(weighted);
}

/** One weight a sample, for all positions of it where a sample has several. */
function weights(name: string, given: TensorLike, values: Tensor): Tensor {
  const w = cast(toTensor(name, given, values), 'float32');
  const leads = w.shape.every((size, axis) => size === values.shape[axis]);
  if (w.rank > values.rank || !leads) {
    throw new ShapeError(
      `${name}: sampleWeight is ${showShape(w.shape)}, samples ${showShape(values.shape)}; use one weight a sample`,
    );
  }
  return reshape(w, [...w.shape, ...Array<number>(values.rank - w.rank).fill(1)]);
}
