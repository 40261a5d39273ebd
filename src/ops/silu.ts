/** `silu`: x sigmoid(x), also called swish. */
import { unaryOp } from './unary-op.ts';

export const silu = unaryOp('silu', 'silu', 'infer');
