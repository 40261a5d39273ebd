/** Launches `copy_rows.wgsl`: rows of a matrix cut off, or filled up with zeros. */

import { copy_rows as shader } from '../generated/shaders.ts';
import { linearGrid } from '../gpu/shader.ts';
import { accumulatorOf, elementOf, type Operand, quads } from './operand.ts';

/** `x`, `rows` rows of `fromColumns`, into `y`, of one dtype with it, as rows of `toColumns`. */
export function copyRowsKernel(
  x: Operand,
  y: Operand,
  rows: number,
  fromColumns: number,
  toColumns: number,
): void {
  const size = rows * toColumns;
  x.engine.run(shader, {
    types: { In4: elementOf(x), Out4: elementOf(y), Acc: accumulatorOf(y) },
    bindings: { x: x.storage, y: y.storage },
    params: { size, fromColumns, toColumns },
    workgroups: linearGrid(quads(size), 64),
  });
}
