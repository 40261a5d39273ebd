/** Regularizers: what the size of weights adds to the loss of training and evaluation, in float32. */
import type { Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import { abs } from '../ops/abs.ts';
import { add } from '../ops/add.ts';
import { cast } from '../ops/cast.ts';
import { mul } from '../ops/mul.ts';
import { square } from '../ops/square.ts';
import { sum } from '../ops/sum.ts';
import { show } from '../values/dtype.ts';
import { ArgumentError } from '../values/errors.ts';
import { checkOptions } from '../values/options.ts';
import { type Description, described, isDescription, named } from './described.ts';

/** A scalar from the float32 values of a weight. */
export type Regularizer = (weight: Tensor) => Tensor;

function checkFactor(where: string, name: string, value: unknown): number {
  if (typeof value === 'number' && value >= 0 && Number.isFinite(value)) return value;
  throw new ArgumentError(`${where}: ${name} ${show(value)}; use a number from 0 on`);
}

/** `l1 sum |w| + l2 sum w^2`; a factor of 0 costs nothing. */
function norms(where: string, l1: number, l2: number): Regularizer {
  const factors = [checkFactor(where, 'l1', l1), checkFactor(where, 'l2', l2)] as const;
  const regularizer: Regularizer = (weight) =>
    tidy(() => {
      const wide = cast(weight, 'float32');
      const parts = [
        ...(factors[0] > 0 || factors[1] === 0 ? [mul(sum(abs(wide)), factors[0])] : []),
        ...(factors[1] > 0 ? [mul(sum(square(wide)), factors[1])] : []),
      ];
      return parts.reduce((a, b) => add(a, b));
    });
  return described(regularizer, { className: 'L1L2', config: { l1: factors[0], l2: factors[1] } });
}

export const regularizers = {
  /** `l1 sum |w|`, 0.01 by default. Throws `ArgumentError`. */
  l1(options: { l1?: number } = {}): Regularizer {
    checkOptions('l1', options, ['l1']);
    return norms('l1', options.l1 ?? 0.01, 0);
  },
  /** `l2 sum w^2`, 0.01 by default. Throws `ArgumentError`. */
  l2(options: { l2?: number } = {}): Regularizer {
    checkOptions('l2', options, ['l2']);
    return norms('l2', 0, options.l2 ?? 0.01);
  },
  /** `l1 sum |w| + l2 sum w^2`, both 0 by default, as in Keras. Throws `ArgumentError`. */
  l1l2(options: { l1?: number; l2?: number } = {}): Regularizer {
    checkOptions('l1l2', options, ['l1', 'l2']);
    return norms('l1l2', options.l1 ?? 0, options.l2 ?? 0);
  },
} as const;

/** A name, `{ className: 'L2', config: { l2: 1e-4 } }`, or a function. */
export type RegularizerLike = keyof typeof regularizers | Description | Regularizer;

/** Throws `ArgumentError` for a name that is none. */
export function toRegularizer(where: string, value: RegularizerLike): Regularizer {
  if (typeof value === 'function') return value;
  const { className, config = {} } = isDescription(value) ? value : { className: value };
  return named(where, 'regularizer', regularizers, className)(config);
}
