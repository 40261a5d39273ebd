/** `sin`: the sine. */
import { unaryOp } from './unary-op.ts';

export const sin = unaryOp('sin', 'sin', 'unlisted');
