/** Launches `reduce.wgsl` and `reduce_rows.wgsl`: sums, maxima and the like over a run of axes. */

import { reduce, reduce_rows } from '../generated/shaders.ts';
import { linearGrid } from '../gpu/shader.ts';
import { accumulatorOf, elementOf, type Operand, quadsOf } from './operand.ts';

export type ReduceCase = keyof typeof reduce.constants;

export interface ReduceShape {
  readonly outer: number;
  readonly reduced: number;
  readonly inner: number;
}

/** Values along r from which a workgroup shares a row. */
const LONG_ROW = 64;
/** Invocations that should be at work before a long reduction stays in one piece, and the shortest piece. */
const ENOUGH = 256;
const SHORTEST_PART = 256;

/** `y[o, c] = op over r of x[o, r, c]`, times `scale`. Sums are held in f32, in an order that depends on the shape alone. */
export function reduceKernel(op: ReduceCase, x: Operand, y: Operand, shape: ReduceShape, scale = 1): void {
  const { outer, reduced, inner } = shape;
  const parts = partsOf(shape);
  if (parts > 1) {
    const size = outer * parts * inner;
    const dtype = accumulatorOf(x) === 'f32' ? 'float32' : x.dtype;
    const storage = x.engine.allocate(size * 4, 'step', 'reduce');
    const partial: Operand = { engine: x.engine, storage, dtype, size };
    walk(op, x, partial, shape, parts, 1);
    reduceKernel(op, partial, y, { outer, reduced: parts, inner }, scale);
    x.engine.release(storage);
  } else if (inner === 1 && reduced >= LONG_ROW) {
    x.engine.run(reduce_rows, {
      types: { In4: elementOf(x), Out4: elementOf(y), Acc: accumulatorOf(x) },
      overrides: {
        OP: reduce_rows.constants[op],
        FLOATS: accumulatorOf(x) === 'f32',
        QUADS: reduced % 4 === 0,
      },
      bindings: { x: x.storage, y: y.storage },
      params: { rows: outer, reduced, scale },
      workgroups: linearGrid(Math.ceil(outer / 4), 1),
    });
  } else {
    walk(op, x, y, shape, 1, scale);
  }
}

/** Chunks that r is cut into. Chunks are equal but for the last, which is never empty. */
function partsOf({ outer, reduced, inner }: ReduceShape): number {
  const results = outer * inner;
  // A row has 64 invocations for its four results, and takes longer rows before it needs cutting.
  const shortest = inner === 1 ? 64 * SHORTEST_PART : SHORTEST_PART;
  if (results >= 4 * ENOUGH || reduced < 2 * shortest) return 1;
  const wanted = Math.min(Math.ceil((4 * ENOUGH) / results), Math.floor(reduced / shortest));
  return Math.ceil(reduced / Math.ceil(reduced / wanted));
}

function walk(
  op: ReduceCase,
  x: Operand,
  y: Operand,
  shape: ReduceShape,
  parts: number,
  scale: number,
): void {
  x.engine.run(reduce, {
    types: { In4: elementOf(x), Out4: elementOf(y), Acc: accumulatorOf(x) },
    overrides: { OP: reduce.constants[op], FLOATS: accumulatorOf(x) === 'f32', QUADS: shape.inner % 4 === 0 },
    bindings: { x: x.storage, y: y.storage },
    params: { ...shape, parts, scale },
    workgroups: linearGrid(quadsOf(y), 64),
  });
}
