/** Launches `gather.wgsl` and `flat_indices.wgsl`: rows that indices choose. */

import { flat_indices, gather } from '../generated/shaders.ts';
import { linearGrid } from '../gpu/shader.ts';
import { MAX_RANK, type Shape } from '../values/shape.ts';
import { bitsElementOf, type Operand, quads, quadsOf } from './operand.ts';

/** Quads of a row of so many that an invocation takes: what it reads of indices serves them all. */
export function spanOf(across: number): 1 | 4 {
  return across >= 4 ? 4 : 1;
}

/** `x` is outer by rows by inner; `y`, of the same dtype, outer by as many rows as there are int32 `indices` by inner. */
export function gatherKernel(
  x: Operand,
  indices: Operand,
  y: Operand,
  { rows, inner }: { rows: number; inner: number },
): void {
  const whole = inner % 4 === 0;
  const across = quads(inner);
  const lines = y.size / inner;
  x.engine.run(gather, {
    types: { Bits4: bitsElementOf(x) },
    constants: { SPAN: spanOf(across) },
    overrides: { QUADS: whole },
    bindings: { x: x.storage, indices: indices.storage, y: y.storage },
    params: { size: y.size, lines, rows, count: indices.size, inner },
    workgroups: linearGrid(whole ? lines * Math.ceil(across / spanOf(across)) : quadsOf(y), 64),
  });
}

/** `indices` are rows of `shape.length` int32; `flat`, int32, has their places in an array of this shape, -1 outside of it. */
export function flatIndicesKernel(indices: Operand, flat: Operand, shape: Shape): void {
  const sizes = [...shape, ...new Array<number>(MAX_RANK - shape.length).fill(1)];
  const [s0, s1, s2, s3, s4, s5] = sizes as [number, number, number, number, number, number];
  indices.engine.run(flat_indices, {
    types: {},
    bindings: { indices: indices.storage, flat: flat.storage },
    params: { count: flat.size, depth: shape.length, s0, s1, s2, s3, s4, s5 },
    workgroups: linearGrid(flat.size, 64),
  });
}
