/** `exp`: e^x. */
import { unaryOp } from './unary-op.ts';

export const exp = unaryOp('exp', 'exp', 'deny');
