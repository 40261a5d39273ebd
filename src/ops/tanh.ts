/** `tanh`: the hyperbolic tangent. */
import { tanhGradient } from './activation-gradients.ts';
import { unaryOp } from './unary-op.ts';

export const tanh = unaryOp('tanh', 'tanh', 'infer', { gradient: tanhGradient });
