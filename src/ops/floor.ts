/** `floor`: the greatest whole number that is not above x; it has no gradient. */
import { unaryOp } from './unary-op.ts';

export const floor = unaryOp('floor', 'floor', 'clear', { gradient: null });
