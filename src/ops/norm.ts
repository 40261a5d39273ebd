/** `norm`: the length of vectors along axes, held in f32. */
import { asOne, nameOp } from '../autograd/autocasting.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import { list, show } from '../values/dtype.ts';
import { ArgumentError } from '../values/errors.ts';
import { abs } from './abs.ts';
import { cast } from './cast.ts';
import type { TensorLike } from './input.ts';
import { max } from './max.ts';
import { min } from './min.ts';
import { floatInput } from './normalization-inputs.ts';
import { sqrt } from './sqrt.ts';
import { square } from './square.ts';
import { sum } from './sum.ts';

nameOp('norm');

export type NormOrder = 1 | 2 | 'euclidean' | 'fro' | number;

/**
 * The norm of `x` over `axes` (all by default): the sum of magnitudes for 1, the root of the sum of squares for 2, `'euclidean'` and
 * `'fro'`, the largest and the least magnitude for `Infinity` and `-Infinity`. In the dtype of `x`, float32 or float16. Throws `ArgumentError`,
 * `ShapeError`, `DtypeError`.
 */
export function norm(
  x: TensorLike,
  ord: NormOrder = 'euclidean',
  axes?: number | readonly number[],
  keepDims = false,
): Tensor {
  const folds: readonly (readonly [readonly NormOrder[], (wide: Tensor) => Tensor])[] = [
    [[1], (wide) => sum(abs(wide), axes, keepDims)],
    [[2, 'euclidean', 'fro'], (wide) => sqrt(sum(square(wide), axes, keepDims))],
    [[Number.POSITIVE_INFINITY], (wide) => max(abs(wide), axes, keepDims)],
    [[Number.NEGATIVE_INFINITY], (wide) => min(abs(wide), axes, keepDims)],
  ];
  const fold = folds.find(([orders]) => orders.includes(ord))?.[1];
  if (!fold) {
    const known = folds.flatMap(([orders]) => orders.map(String));
    throw new ArgumentError(`norm: unknown order ${show(ord)}; use ${list(known)}`);
  }
  return tidy(() => {
    return asOne('norm', [floatInput('norm', x)], ([tensor]) =>
      cast(fold(cast(tensor!, 'float32')), tensor!.dtype),
    );
  });
}
