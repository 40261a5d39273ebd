/** `reciprocal`: 1 / x; its gradient is -upstream y^2. */
import { unaryOp } from './unary-op.ts';

export const reciprocal = unaryOp('reciprocal', 'reciprocal', 'infer');
