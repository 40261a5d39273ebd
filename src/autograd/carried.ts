/** Gradients that carry a power of two, so that float16 holds them: how they meet, and how they are read at the end. */
import { add } from '../ops/add.ts';
import { cast } from '../ops/cast.ts';
import { zeros } from '../ops/creation.ts';
import { minimum } from '../ops/minimum.ts';
import { rescaledSum, scaleDown, scaleUp } from '../ops/rescale.ts';
import { sub } from '../ops/sub.ts';
import type { DType } from '../values/dtype.ts';
import { Carried } from './recording.ts';
import type { Tensor } from './tensor.ts';

/** The sum, with the smaller of both powers: what is large already does not overflow, and what is small loses less than it adds. */
export function addCarried(a: Carried, b: Carried): Carried {
  if (a.exponent === b.exponent) {
    const wide = a.gradient.dtype !== b.gradient.dtype;
    const [left, right] = [a.gradient, b.gradient].map((x) => (wide ? cast(x, 'float32') : x));
    return new Carried(add(left!, right!), a.exponent);
  }
  const [p, q] = [exponentOf(a), exponentOf(b)];
  return new Carried(rescaledSum(a.gradient, p, b.gradient, q), minimum(p, q));
}

/** What a function linear in `upstream` gave for it: `given` carries what it says, and what `upstream` carried. */
export function carriedOn(given: Tensor | Carried, exponent: Tensor | undefined): Carried {
  if (!(given instanceof Carried)) return new Carried(given, exponent);
  if (!given.exponent || !exponent) return new Carried(given.gradient, given.exponent ?? exponent);
  return new Carried(given.gradient, add(given.exponent, exponent));
}

/** The gradients of one op's results with one power, the smallest of theirs. */
export function alike(gradients: readonly (Carried | undefined)[]): {
  gradients: (Tensor | null)[];
  exponent: Tensor | undefined;
} {
  const given = gradients.filter((carried) => carried !== undefined);
  const first = given[0]?.exponent;
  if (given.every(({ exponent }) => exponent === first))
    return { gradients: gradients.map((carried) => carried?.gradient ?? null), exponent: first };
  const exponent = given.map(exponentOf).reduce((a, b) => minimum(a, b));
  const lowered = (carried: Carried) => scaleUp(carried.gradient, sub(exponent, exponentOf(carried)));
  return { gradients: gradients.map((carried) => (carried ? lowered(carried) : null)), exponent };
}

/** The gradient itself, in `dtype`. */
export function uncarried({ gradient, exponent }: Carried, dtype: DType): Tensor {
  if (exponent) return scaleDown(gradient, exponent, dtype);
  return gradient.dtype === dtype ? gradient : cast(gradient, dtype);
}

function exponentOf({ gradient, exponent }: Carried): Tensor {
  return exponent ?? zeros([], 'int32', { engine: gradient.engine });
}
