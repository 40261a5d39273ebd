/** `neg`: -x. */
import { unaryOp } from './unary-op.ts';

export const neg = unaryOp('neg', 'neg', 'clear');
