/** `softsign`: x / (1 + |x|). */
import { unaryOp } from './unary-op.ts';

export const softsign = unaryOp('softsign', 'softsign', 'infer');
