/** `sign`: -1, 0 or 1. */
import { unaryOp } from './unary-op.ts';

export const sign = unaryOp('sign', 'sign', 'clear', { gradient: null });
