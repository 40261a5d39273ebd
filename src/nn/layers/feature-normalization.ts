/** Normalization: features less their mean, divided by their deviation, both of data seen before. */
import type { Tensor } from '../../autograd/tensor.ts';
import { tidy } from '../../autograd/tidy.ts';
import type { Variable } from '../../autograd/variable.ts';
import type { Engine } from '../../gpu/engine.ts';
import { add } from '../../ops/add.ts';
import { cast } from '../../ops/cast.ts';
import { tensor } from '../../ops/creation.ts';
import { div } from '../../ops/div.ts';
import { type TensorLike, toTensor } from '../../ops/input.ts';
import { maximum } from '../../ops/maximum.ts';
import { moments } from '../../ops/moments.ts';
import { mul } from '../../ops/mul.ts';
import { reshape } from '../../ops/reshape.ts';
import { sqrt } from '../../ops/sqrt.ts';
import { sub } from '../../ops/sub.ts';
import { ArgumentError, ShapeError } from '../../values/errors.ts';
import { normaliseAxes, type Shape, showShape, sizeOf } from '../../values/shape.ts';
import { checkFlag, checkNumber, checkNumbers } from '../checks.ts';
import type { LayerOptions } from '../layer.ts';
import { ElementwiseLayer } from './elementwise.ts';

type Statistic = number | readonly number[];

export interface FeatureNormalizationOptions extends LayerOptions {
  /** Axes that each have statistics of their own, the batch being axis 0; null for none: one mean for all. Default -1. */
  axis?: number | readonly number[] | null;
  /** Given together with `variance`: there are no weights then. */
  mean?: Statistic;
  variance?: Statistic;
  /** Whether it undoes what the layer else does. Default false. */
  invert?: boolean;
}

/** Keras's, so that a deviation of 0 is divided by something. */
const EPSILON = 1e-7;

/** Weights, where no mean is given: mean and variance in the shape of the axes, and the number of samples that they are of; `adapt` sets them. */
export class Normalization extends ElementwiseLayer {
  /** An empty list where none has statistics of its own. */
  readonly axis: number | readonly number[];
  readonly invert: boolean;
  readonly #given: readonly [mean: readonly number[], variance: readonly number[]] | undefined;
  #mean: Variable | undefined;
  #variance: Variable | undefined;
  #count: Variable | undefined;

  constructor(options: FeatureNormalizationOptions = {}) {
    super('normalization', options, ['axis', 'mean', 'variance', 'invert']);
    const { axis = -1, mean, variance } = options;
    this.axis = axis ?? [];
    for (const one of [this.axis].flat()) checkNumber(this.name, 'axis', one);
    this.invert = checkFlag(this.name, 'invert', options.invert ?? false);
    if ((mean === undefined) !== (variance === undefined))
      throw new ArgumentError(
        `${this.name}: mean without variance, or the other way round; give both or none`,
      );
    if (mean === undefined || variance === undefined) return;
    this.#given = [
      checkNumbers(this.name, 'mean', [mean].flat()),
      checkNumbers(this.name, 'variance', [variance].flat()),
    ];
  }

  override outputShape(sample: Shape): Shape {
    const size = sizeOf(this.#shapeOf(sample));
    const wrong = this.#given?.find(({ length }) => length !== 1 && length !== size && !Number.isNaN(size));
    if (wrong)
      throw new ShapeError(
        `${this.name}: ${wrong.length} means or variances for samples ${showShape(sample)}; use ${size}`,
      );
    return sample;
  }

  protected override create(sample: Shape): void {
    if (this.#given) return;
    const shape = this.#shapeOf(sample);
    const options = { trainable: false, dtype: 'float32' } as const;
    this.#mean = this.addWeight('mean', shape, 'zeros', options);
    this.#variance = this.addWeight('variance', shape, 'ones', options);
    this.#count = this.addWeight('count', [], 'zeros', options);
  }

  /** Sets mean and variance to those of `samples` (n, ...). Throws `ArgumentError` where they were given. */
  adapt(samples: TensorLike, engine?: Engine): void {
    if (this.#given) throw new ArgumentError(`${this.name}.adapt: its mean was given; make it without`);
    const x = toTensor(this.name, samples);
    this.build(x.shape.slice(1), engine ?? x.engine);
    tidy(() => {
      const kept = normaliseAxes(this.name, this.axis, x.rank);
      const others = x.shape.flatMap((_, axis) => (kept.includes(axis) ? [] : [axis]));
      const { mean, variance } = moments(cast(x, 'float32'), others);
      this.#mean!.assign(reshape(mean, this.#mean!.shape));
      this.#variance!.assign(reshape(variance, this.#variance!.shape));
      this.#count!.assign([x.shape[0]!]);
    });
  }

  protected call(x: Tensor): Tensor {
    const wide = cast(x, 'float32');
    const kept = normaliseAxes(this.name, this.axis, x.rank);
    const shape = x.shape.map((size, axis) => (kept.includes(axis) ? size : 1));
    const [mean, variance] = this.#given
      ? this.#given.map((values) => tensor(values, { engine: x.engine }))
      : [this.#mean!.read(), this.#variance!.read()];
    const spread = (statistic: Tensor) =>
      statistic.size === 1 ? reshape(statistic, []) : reshape(statistic, shape);
    const deviation = maximum(sqrt(spread(variance!)), EPSILON);
    const y = this.invert
      ? add(mul(wide, deviation), spread(mean!))
      : div(sub(wide, spread(mean!)), deviation);
    return cast(y, this.policy.computeDtype);
  }

  #shapeOf(sample: Shape): Shape {
    const axes = normaliseAxes(this.name, this.axis, sample.length + 1);
    if (axes.includes(0))
      throw new ShapeError(`${this.name}: axis 0 is the batch's; use axes counted from 1`);
    return axes.map((axis) => sample[axis - 1]!);
  }
}
