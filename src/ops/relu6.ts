/** `relu6`: min(max(x, 0), 6), NaN kept. */
import { unaryOp } from './unary-op.ts';

export const relu6 = unaryOp('relu6', 'relu6', 'clear');
