/** `softplus`: log(1 + e^x). */
import { unaryOp } from './unary-op.ts';

export const softplus = unaryOp('softplus', 'softplus', 'infer');
