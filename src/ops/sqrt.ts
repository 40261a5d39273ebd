/** `sqrt`: the square root; its gradient is upstream / (2 y). */
import { unaryOp } from './unary-op.ts';

export const sqrt = unaryOp('sqrt', 'sqrt', 'infer');
