/** `leakyRelu`: x, below 0 alpha x; alpha is 0.2 unless given, as in TensorFlow.js. */
import { parametricOp } from './unary-op.ts';

export const leakyRelu = parametricOp('leakyRelu', 'leaky_relu', 'infer', 0.2);
