/** `gelu`: x times the share of standard normal numbers below x, exactly or by its tanh approximation. */
import type { Tensor } from '../autograd/tensor.ts';
import type { TensorLike } from './input.ts';
import { unaryOp } from './unary-op.ts';

const exact = unaryOp('gelu', 'gelu', 'infer');
const byTanh = unaryOp('gelu', 'gelu_tanh', 'infer');

/** GELU (Hendrycks and Gimpel 2016) of a float tensor; `approximate` takes the formula with tanh. Throws `DtypeError`. */
export function gelu(x: TensorLike, approximate = false): Tensor {
  return approximate ? byTanh(x) : exact(x);
}
