/** `elu`: x, below 0 alpha (e^x - 1); alpha is 1 unless given. */
import { parametricOp } from './unary-op.ts';

export const elu = parametricOp('elu', 'elu', 'infer', 1);
