/** `prelu`: x, below 0 alpha x, with an alpha of its own for each element that it broadcasts to. */
import { asOne, nameOp } from '../autograd/autocasting.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import { add } from './add.ts';
import { type TensorLike, toTensors } from './input.ts';
import { minimum } from './minimum.ts';
import { mul } from './mul.ts';
import { relu } from './relu.ts';

nameOp('prelu');

/** `relu(x) + alpha min(x, 0)` (He et al. 2015); alpha broadcasts to x as in NumPy. Throws `ShapeError`, `DtypeError`. */
export function prelu(x: TensorLike, alpha: TensorLike): Tensor {
  return tidy(() => {
    const [value, slope] = toTensors('prelu', x, alpha);
    return asOne('prelu', [value, slope], ([x, alpha]) => add(relu(x!), mul(alpha!, minimum(x!, 0))));
  });
}
