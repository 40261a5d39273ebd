/** `log1p`: log(1 + x), precise near 0. */
import { unaryOp } from './unary-op.ts';

export const log1p = unaryOp('log1p', 'log1p', 'infer');
