/** `abs`: |x|, with gradient 0 at 0. */
import { unaryOp } from './unary-op.ts';

export const abs = unaryOp('abs', 'abs', 'clear');
