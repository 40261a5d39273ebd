/** The geometry of kernels that walk down columns: matrices (outer, reduced, columns), cut into parts of whole rows. */
import type { Operand } from './operand.ts';
import { quads } from './operand.ts';
import { scratch } from './whole-quads.ts';

export interface ColumnShape {
  readonly outer: number;
  readonly reduced: number;
  readonly columns: number;
  /** Neighbouring columns that share their statistics. */
  readonly tied: number;
}

/** Invocations that should be at work before columns stay in one piece, and the shortest piece. */
const ENOUGH = 2048;
const SHORTEST = 16;

/** Parts that a column is cut into, by the shape alone, and rows of each but the last. */
export function partsOf({ outer, reduced, columns }: ColumnShape): { parts: number; chunk: number } {
  const wanted = Math.ceil(ENOUGH / (outer * quads(columns)));
  const chunk = Math.ceil(reduced / Math.max(1, Math.min(wanted, Math.floor(reduced / SHORTEST))));
  return { parts: Math.ceil(reduced / chunk), chunk };
}

/** Two float32 arrays (outer, parts, columns), columns in whole quads; the caller releases them. */
export function partialResults(
  { engine }: Operand,
  { outer, columns }: ColumnShape,
  parts: number,
  where: string,
): [Operand, Operand] {
  const size = outer * parts * quads(columns) * 4;
  const make = () => scratch({ engine, dtype: 'float32' }, size, where);
  return [make(), make()];
}
