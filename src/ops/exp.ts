/** `exp`: e^x. */
import { mul } from './mul.ts';
import { unaryOp } from './unary-op.ts';

export const exp = unaryOp('exp', 'EXP', 'deny', (upstream, _x, y) => mul(upstream, y));
