/** `floor`: the greatest whole number that is not above x; its gradient is 0. */
import { unaryOp } from './unary-op.ts';

export const floor = unaryOp('floor', 'floor', 'clear');
