/** `expm1`: e^x - 1, precise near 0. */
import { unaryOp } from './unary-op.ts';

export const expm1 = unaryOp('expm1', 'expm1', 'deny');
