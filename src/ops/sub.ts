/** `sub`: a - b. */
import { binaryOp } from './binary-op.ts';
import { neg } from './neg.ts';

export const sub = binaryOp('sub', 'SUB', 'infer', [
  ({ upstream }) => upstream,
  ({ upstream }) => neg(upstream),
]);
