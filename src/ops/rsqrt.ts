/** `rsqrt`: 1 / sqrt(x). */
import { unaryOp } from './unary-op.ts';

export const rsqrt = unaryOp('rsqrt', 'rsqrt', 'unlisted');
