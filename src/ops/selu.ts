/** `selu`: scale times ELU with the constants of self-normalising networks. */
import { unaryOp } from './unary-op.ts';

export const selu = unaryOp('selu', 'selu', 'infer');
