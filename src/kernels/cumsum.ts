/** Launches `cumsum.wgsl`: running sums along an axis, long ones in chunks. */

import { cumsum as shader } from '../generated/shaders.ts';
import { linearGrid } from '../gpu/shader.ts';
import type { DType } from '../values/dtype.ts';
import { accumulatorOf, elementOf, type Operand, quads, unusedStorage } from './operand.ts';
import type { ReduceShape } from './reduce.ts';
import { inQuads, scratch } from './whole-quads.ts';

export interface CumsumOptions {
  readonly exclusive: boolean;
  readonly reverse: boolean;
}

/** Invocations that should be at work before an axis stays in one piece, and the shortest piece, in quads. */
const ENOUGH = 1024;
const SHORTEST = 16;

/** `y[o, r, c]` is the sum of `x[o, i, c]` over i up to r. Sums are held in f32, in an order that depends on the shape alone. */
export function cumsumKernel(
  x: Operand,
  y: Operand,
  { outer, reduced, inner }: ReduceShape,
  options: CumsumOptions,
): void {
  const rows = inner === 1;
  inQuads([x], y, rows ? reduced : inner, ([x], y) =>
    scan(x, y, {
      ...{ outer, rows, ...options },
      length: rows ? quads(reduced) : reduced,
      across: rows ? 1 : quads(inner),
    }),
  );
}

interface Scan extends CumsumOptions {
  readonly outer: number;
  /** Of quads. */
  readonly length: number;
  readonly across: number;
  /** A quad is four neighbours along the axis. */
  readonly rows: boolean;
}

function scan(x: Operand, y: Operand, of: Scan): void {
  const { outer, length, across } = of;
  const wanted = Math.min(Math.ceil(ENOUGH / (outer * across)), Math.floor(length / SHORTEST));
  if (wanted <= 1) {
    pass(x, y, of, length);
    return;
  }
  const chunk = Math.ceil(length / wanted);
  const chunks = Math.ceil(length / chunk);
  const dtype: DType = accumulatorOf(x) === 'f32' ? 'float32' : x.dtype;
  const totals = scratch({ engine: x.engine, dtype }, outer * chunks * across * 4, 'cumsum');
  const starts = scratch(totals, totals.size, 'cumsum');
  pass(x, totals, of, chunk, 'totals');
  scan(totals, starts, { outer, length: chunks, across, rows: false, exclusive: true, reverse: false });
  pass(x, y, of, chunk, starts);
  for (const { engine, storage } of [totals, starts]) engine.release(storage);
}

function pass(
  x: Operand,
  y: Operand,
  { outer, length, across, rows, exclusive, reverse }: Scan,
  chunk: number,
  role?: 'totals' | Operand,
): void {
  const chunks = Math.ceil(length / chunk);
  const starts = typeof role === 'object' ? role.storage : undefined;
  x.engine.run(shader, {
    types: { In4: elementOf(x), Out4: elementOf(y), Acc: accumulatorOf(x) },
    overrides: {
      ...{ ROWS: rows, REVERSE: reverse, EXCLUSIVE: exclusive },
      ...{ TOTALS: role === 'totals', STARTS: starts !== undefined },
    },
    bindings: { x: x.storage, starts: starts ?? unusedStorage(x.engine), y: y.storage },
    params: { count: outer * chunks * across, length, across, chunk, chunks },
    workgroups: linearGrid(outer * chunks * across, 64),
  });
}
