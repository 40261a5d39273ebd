/** `hardSigmoid`: x / 6 + 1 / 2 held within 0 and 1, as Keras 3 has it. */
import { unaryOp } from './unary-op.ts';

export const hardSigmoid = unaryOp('hardSigmoid', 'hard_sigmoid', 'infer');
