/** Ops of a graph that are inverse or hyperbolic functions, by those that we have, without loss near 0. */
import type { Tensor } from '../../../autograd/tensor.ts';
import { abs } from '../../../ops/abs.ts';
import { add } from '../../../ops/add.ts';
import { atan2 } from '../../../ops/atan2.ts';
import { div } from '../../../ops/div.ts';
import { exp } from '../../../ops/exp.ts';
import { expm1 } from '../../../ops/expm1.ts';
import { log1p } from '../../../ops/log1p.ts';
import { mul } from '../../../ops/mul.ts';
import { neg } from '../../../ops/neg.ts';
import { sign } from '../../../ops/sign.ts';
import { sqrt } from '../../../ops/sqrt.ts';
import { square } from '../../../ops/square.ts';
import { sub } from '../../../ops/sub.ts';

export const ARCS: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  Acos: (x) => atan2(legOf(x), x),
  // log(x + sqrt(x^2 - 1)), x being 1 + d.
  Acosh: (x) => {
    const d = sub(x, 1);
    return log1p(add(d, sqrt(mul(d, add(x, 1)))));
  },
  Asin: (x) => atan2(x, legOf(x)),
  // Odd, and for x above 0 log(x + sqrt(x^2 + 1)), sqrt(x^2 + 1) being 1 + x^2 / (1 + sqrt(x^2 + 1)).
  Asinh: (x) => {
    const squared = square(x);
    const rest = div(squared, add(sqrt(add(squared, 1)), 1));
    return mul(sign(x), log1p(add(abs(x), rest)));
  },
  Atan: (x) => atan2(x, 1),
  Atanh: (x) => mul(log1p(div(mul(x, 2), sub(1, x))), 0.5),
  Cosh: (x) => mul(add(exp(x), exp(neg(x))), 0.5),
  Sinh: (x) => mul(sub(expm1(x), expm1(neg(x))), 0.5),
};

/** sqrt(1 - x^2), of the right triangle with hypotenuse 1. */
function legOf(x: Tensor): Tensor {
  return sqrt(mul(sub(1, x), add(x, 1)));
}
