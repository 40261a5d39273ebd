/** Launches `concat.wgsl`: matrices side by side. */

import { concat as shader } from '../generated/shaders.ts';
import { linearGrid } from '../gpu/shader.ts';
import { bitsElementOf, type Operand, quads } from './operand.ts';
import { scratch } from './whole-quads.ts';

/** Matrices that are put side by side at once where their columns are no whole quads: each of them passes over the result. */
const AT_ONCE = 4;

/** `parts`, matrices of `rows` rows, side by side in `y`. Equal dtypes. */
export function concatKernel(parts: readonly Operand[], y: Operand, rows: number): void {
  const ragged = parts.some(({ size }) => (size / rows) % 4 !== 0);
  if (!ragged || rows === 1 || parts.length <= AT_ONCE) {
    let offset = 0;
    for (const part of parts) {
      place(part, y, rows, offset);
      offset += part.size / rows;
    }
    return;
  }
  const groups: Operand[] = [];
  for (let first = 0; first < parts.length; first += AT_ONCE) {
    const members = parts.slice(first, first + AT_ONCE);
    const group = scratch(y, sum(members), 'concat');
    concatKernel(members, group, rows);
    groups.push(group);
  }
  concatKernel(groups, y, rows);
  for (const { engine, storage } of groups) engine.release(storage);
}

function sum(parts: readonly Operand[]): number {
  return parts.reduce((total, { size }) => total + size, 0);
}

function place(x: Operand, y: Operand, rows: number, offset: number): void {
  const [xColumns, yColumns] = [x.size / rows, y.size / rows];
  const whole = [xColumns, yColumns, offset].every((size) => size % 4 === 0);
  const first = whole ? 0 : Math.floor(offset / 4);
  const end = whole ? x.size / 4 : quads((rows - 1) * yColumns + offset + xColumns);
  x.engine.run(shader, {
    types: { Bits4: bitsElementOf(x) },
    overrides: { QUADS: whole },
    bindings: { x: x.storage, y: y.storage },
    params: { first, count: end - first, size: y.size, xColumns, yColumns, offset },
    workgroups: linearGrid(end - first, 64),
  });
}
