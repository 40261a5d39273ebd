/** Constraints: what weights are brought to after each update of an optimizer. */
import type { Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import { add } from '../ops/add.ts';
import { cast } from '../ops/cast.ts';
import { clipByValue } from '../ops/clip-by-value.ts';
import { less } from '../ops/compare.ts';
import { div } from '../ops/div.ts';
import { mul } from '../ops/mul.ts';
import { norm } from '../ops/norm.ts';
import { where } from '../ops/where.ts';
import { checkOptions } from '../values/options.ts';
import { type Description, described, isDescription, named } from './described.ts';

/** The values that take the place of a weight's, of its shape and dtype. */
export type Constraint = (weight: Tensor) => Tensor;

/** Keras's, so that a norm of 0 is divided by something. */
const EPSILON = 1e-7;

export interface NormOptions {
  /** Along which a norm is taken: of a kernel (inputs, units) 0 gives one for each unit. Default 0. */
  axis?: number | readonly number[];
}

/** `w wanted(norm) / (norm + epsilon)` along axes, in float32, where epsilon is not 0; as a file has it `className` with this config. */
function towards(
  className: string,
  config: NormOptions & { readonly axis: NonNullable<NormOptions['axis']> } & Readonly<
      Record<string, unknown>
    >,
  wanted: (norms: Tensor) => Tensor,
): Constraint {
  const constraint: Constraint = (weight) =>
    tidy(() => {
      const wide = cast(weight, 'float32');
      const norms = norm(wide, 'euclidean', config.axis, true);
      return cast(mul(wide, div(wanted(norms), add(norms, EPSILON))), weight.dtype);
    });
  return described(constraint, { className, config });
}

export const constraints = {
  /** Vectors along `axis` are no longer than `maxValue`, 2 by default. Throws `ArgumentError`. */
  maxNorm(options: NormOptions & { maxValue?: number } = {}): Constraint {
    checkOptions('maxNorm', options, ['maxValue', 'axis']);
    const { maxValue = 2, axis = 0 } = options;
    return towards('MaxNorm', { maxValue, axis }, (norms) => clipByValue(norms, 0, maxValue));
  },
  /** No weight is below 0. */
  nonNeg(): Constraint {
    const constraint: Constraint = (weight) => tidy(() => where(less(weight, 0), 0, weight));
    return described(constraint, { className: 'NonNeg' });
  },
  /** Vectors along `axis` have length 1. Throws `ArgumentError`. */
  unitNorm(options: NormOptions = {}): Constraint {
    checkOptions('unitNorm', options, ['axis']);
    return towards('UnitNorm', { axis: options.axis ?? 0 }, (norms) => clipByValue(norms, 1, 1));
  },
  /**
   * Vectors along `axis` go by the share `rate` of the way (1 by default) to lengths from `minValue` (0) to `maxValue` (1). Throws
   * `ArgumentError`.
   */
  minMaxNorm(
    options: NormOptions & { minValue?: number; maxValue?: number; rate?: number } = {},
  ): Constraint {
    checkOptions('minMaxNorm', options, ['minValue', 'maxValue', 'rate', 'axis']);
    const { minValue = 0, maxValue = 1, rate = 1, axis = 0 } = options;
    return towards('MinMaxNorm', { minValue, maxValue, rate, axis }, (norms) =>
      add(mul(clipByValue(norms, minValue, maxValue), rate), mul(norms, 1 - rate)),
    );
  },
} as const;

/** A name, `{ className: 'MaxNorm', config: { maxValue: 3 } }`, or a function. */
export type ConstraintLike = keyof typeof constraints | Description | Constraint;

/** Throws `ArgumentError` for a name that is none. */
export function toConstraint(where: string, value: ConstraintLike): Constraint {
  if (typeof value === 'function') return value;
  const { className, config = {} } = isDescription(value) ? value : { className: value };
  return named<(options: object) => Constraint>(where, 'constraint', constraints, className)(config);
}
