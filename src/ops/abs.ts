/** `abs`: |x|, with gradient 0 at 0. */
import { mul } from './mul.ts';
import { sign } from './sign.ts';
import { unaryOp } from './unary-op.ts';

export const abs = unaryOp('abs', 'abs', 'clear', { gradient: (upstream, _y, x) => mul(upstream, sign(x)) });
