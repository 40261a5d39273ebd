/** `relu6`: min(max(x, 0), 6), NaN kept. */
import { relu6Gradient } from './activation-gradients.ts';
import { unaryOp } from './unary-op.ts';

export const relu6 = unaryOp('relu6', 'relu6', 'clear', { gradient: relu6Gradient });
