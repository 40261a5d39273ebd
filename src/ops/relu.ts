/** `relu`: max(x, 0), NaN kept. */
import { reluGradient } from './activation-gradients.ts';
import { unaryOp } from './unary-op.ts';

export const relu = unaryOp('relu', 'relu', 'clear', { gradient: reluGradient });
