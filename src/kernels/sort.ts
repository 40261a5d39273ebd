/** Launches `sort_chunks.wgsl` and `merge_runs.wgsl`: a stable merge sort of rows; of its result `top_k.wgsl` takes the first. */

import { merge_runs, sort_chunks, top_k } from '../generated/shaders.ts';
import { linearGrid } from '../gpu/shader.ts';
import type { Storage } from '../gpu/storage.ts';
import { accumulatorOf, elementOf, type Operand } from './operand.ts';

/** Least first, or greatest first, NaN before all; by bits are u32, and i32 with those below 0 behind all others. */
export type Order = 'ascending' | 'descending' | 'by bits';

/** What `lib/order.wgsl` makes keys of. */
export function kindOf(x: Operand): 'FLOATS' | 'INTEGERS' | 'WORDS' {
  const type = accumulatorOf(x);
  if (type === 'f32') return 'FLOATS';
  return type === 'i32' ? 'INTEGERS' : 'WORDS';
}

/** Pairs (key, place in the row) of each row of `x`, sorted, those of equal keys in the order of places; the caller releases them. */
export function sortRows(x: Operand, columns: number, order: Order): Storage {
  const { engine, size } = x;
  const rows = size / columns;
  const { CHUNK } = sort_chunks.constants;
  let sorted = engine.allocate(size * 8, 'step', 'sort');
  engine.run(sort_chunks, {
    types: { In4: elementOf(x), Acc: accumulatorOf(x) },
    overrides: {
      SORTED: sort_chunks.constants[order === 'by bits' ? 'WORDS' : kindOf(x)],
      DESCENDING: order === 'descending',
    },
    bindings: { x: x.storage, sorted },
    params: { rows, columns },
    workgroups: linearGrid(rows * Math.ceil(columns / CHUNK), 1),
  });
  for (let run = CHUNK; run < columns; run *= 2) {
    const merged = engine.allocate(size * 8, 'step', 'sort');
    engine.run(merge_runs, {
      types: {},
      bindings: { sorted, merged },
      params: { size, columns, run },
      workgroups: linearGrid(size, 64),
    });
    engine.release(sorted);
    sorted = merged;
  }
  return sorted;
}

/** Places of the `k` greatest values of each row of `x`, in the row and in all of `x`: int32. */
export function topKKernel(
  x: Operand,
  { indices, flat }: { indices: Operand; flat: Operand },
  columns: number,
  k: number,
): void {
  const sorted = sortRows(x, columns, 'descending');
  x.engine.run(top_k, {
    types: {},
    bindings: { sorted, indices: indices.storage, flat: flat.storage },
    params: { size: indices.size, columns, k },
    workgroups: linearGrid(indices.size, 64),
  });
  x.engine.release(sorted);
}
