/** `logSigmoid`: log(1 / (1 + e^-x)), without overflow. */
import { composed } from '../autograd/tidy.ts';
import type { TensorLike } from './input.ts';
import { neg } from './neg.ts';
import { softplus } from './softplus.ts';

export const logSigmoid = composed((x: TensorLike) => neg(softplus(neg(x))));
