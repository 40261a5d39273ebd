/** `ceil`: the least whole number that is not below x; it has no gradient. */
import { unaryOp } from './unary-op.ts';

export const ceil = unaryOp('ceil', 'ceil', 'clear', { gradient: null });
