/** `log`: the natural logarithm. */
import { unaryOp } from './unary-op.ts';

export const log = unaryOp('log', 'log', 'infer');
