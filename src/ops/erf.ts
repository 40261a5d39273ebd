/** `erf`: the error function, off by at most 1.5e-7 in float32. */
import { unaryOp } from './unary-op.ts';

export const erf = unaryOp('erf', 'erf', 'infer');
