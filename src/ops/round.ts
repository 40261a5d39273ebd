/** `round`: the nearest whole number, the even one of two; it has no gradient. */
import { unaryOp } from './unary-op.ts';

export const round = unaryOp('round', 'round', 'clear', { gradient: null });
