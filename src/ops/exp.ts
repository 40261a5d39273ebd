/** `exp`: e^x. */
import { mul } from './mul.ts';
import { unaryOp } from './unary-op.ts';

export const exp = unaryOp('exp', 'exp', 'deny', { gradient: (upstream, y) => mul(upstream, y) });
