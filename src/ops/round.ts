/** `round`: the nearest whole number, the even one of two; its gradient is 0. */
import { unaryOp } from './unary-op.ts';

export const round = unaryOp('round', 'round', 'clear');
