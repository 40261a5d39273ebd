/** `cos`: the cosine. */
import { unaryOp } from './unary-op.ts';

export const cos = unaryOp('cos', 'cos', 'unlisted');
