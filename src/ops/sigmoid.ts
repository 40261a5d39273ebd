/** `sigmoid`: 1 / (1 + e^-x). */
import { sigmoidGradient } from './activation-gradients.ts';
import { unaryOp } from './unary-op.ts';

export const sigmoid = unaryOp('sigmoid', 'sigmoid', 'infer', { gradient: sigmoidGradient });
