/** `tanh`: the hyperbolic tangent. */
import { tanhGradient } from './activation-gradients.ts';
import { unaryOp } from './unary-op.ts';

export const tanh = unaryOp('tanh', 'TANH', 'infer', (upstream, _x, y) => tanhGradient(upstream, y));
