/** Constraints: what weights are brought to after each update of an optimizer. */
import type { Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import { add } from '../ops/add.ts';
import { clipByValue } from '../ops/clip-by-value.ts';
import { less } from '../ops/compare.ts';
import { div } from '../ops/div.ts';
import { mul } from '../ops/mul.ts';
import { norm } from '../ops/norm.ts';
import { where } from '../ops/where.ts';
import { list, show } from '../values/dtype.ts';
import { ArgumentError } from '../values/errors.ts';
import { checkOptions } from '../values/options.ts';

/** The values that take the place of a weight's, of its shape and dtype. */
export type Constraint = (weight: Tensor) => Tensor;

/** Keras's, so that a norm of 0 is divided by something. */
const EPSILON = 1e-7;

export interface NormOptions {
  /** Along which a norm is taken: of a kernel (inputs, units) 0 gives one for each unit. Default 0. */
  axis?: number | readonly number[];
}

/** `w wanted(norm) / (norm + epsilon)` along axes. */
function towards(axis: number | readonly number[], wanted: (norms: Tensor) => Tensor): Constraint {
  return (weight) =>
    tidy(() => {
      const norms = norm(weight, 'euclidean', axis, true);
      return mul(weight, div(wanted(norms), add(norms, EPSILON)));
    });
}

export const constraints = {
  /** Vectors along `axis` are no longer than `maxValue`, 2 by default. Throws `ArgumentError`. */
  maxNorm(options: NormOptions & { maxValue?: number } = {}): Constraint {
    checkOptions('maxNorm', options, ['maxValue', 'axis']);
    const { maxValue = 2, axis = 0 } = options;
    return towards(axis, (norms) => clipByValue(norms, 0, maxValue));
  },
  /** No weight is below 0. */
  nonNeg(): Constraint {
    return (weight) => tidy(() => where(less(weight, 0), 0, weight));
  },
  /** Vectors along `axis` have length 1. Throws `ArgumentError`. */
  unitNorm(options: NormOptions = {}): Constraint {
    checkOptions('unitNorm', options, ['axis']);
    return towards(options.axis ?? 0, (norms) => clipByValue(norms, 1, 1));
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
    return towards(axis, (norms) =>
      add(mul(clipByValue(norms, minValue, maxValue), rate), mul(norms, 1 - rate)),
    );
  },
} as const;

export type ConstraintLike = keyof typeof constraints | Constraint;

/** Throws `ArgumentError` for a name that is none. */
export function toConstraint(where: string, value: ConstraintLike): Constraint {
  if (typeof value === 'function') return value;
  if (Object.hasOwn(constraints, value)) return constraints[value]();
  throw new ArgumentError(
    `${where}: unknown constraint ${show(value)}; use ${list(Object.keys(constraints))}, or a function`,
  );
}
