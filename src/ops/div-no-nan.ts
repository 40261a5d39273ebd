/** `divNoNan`: a / b, and 0 where b is 0, element by element with broadcasting. */
import { binaryOp } from './binary-op.ts';
import { mul } from './mul.ts';
import { neg } from './neg.ts';

export const divNoNan: ReturnType<typeof binaryOp> = binaryOp('divNoNan', 'DIV_NO_NAN', 'unlisted', [
  ({ upstream, b }) => divNoNan(upstream, b),
  ({ upstream, b, y }) => neg(divNoNan(mul(upstream, y), b)),
]);
