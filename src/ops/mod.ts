/** `mod` and `floorDiv`: a = b floorDiv(a, b) + mod(a, b), the rest with the sign of b, element by element with broadcasting. */
import { binaryOp } from './binary-op.ts';
import { mul } from './mul.ts';
import { neg } from './neg.ts';

/** floor(a / b). It has no gradient, as steps have none. */
export const floorDiv = binaryOp('floorDiv', 'FLOOR_DIV', 'infer', undefined);

/** a - b floor(a / b). */
export const mod = binaryOp('mod', 'MOD', 'unlisted', [
  ({ upstream }) => upstream,
  ({ upstream, a, b }) => neg(mul(upstream, floorDiv(a, b))),
]);
