/** `ceil`: the least whole number that is not below x; its gradient is 0. */
import { unaryOp } from './unary-op.ts';

export const ceil = unaryOp('ceil', 'ceil', 'clear');
