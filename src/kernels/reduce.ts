/** Launches `reduce.wgsl` and `reduce_rows.wgsl`: sums, maxima and the like over a run of axes. */

import { reduce, reduce_rows } from '../generated/shaders.ts';
import { linearGrid } from '../gpu/shader.ts';
import { accumulatorOf, elementOf, type Operand } from './operand.ts';
import { scratch } from './whole-quads.ts';

export type ReduceCase = keyof typeof reduce.constants & ('SUM' | 'MAX' | 'MIN' | 'PROD');

export interface ReduceShape {
  readonly outer: number;
  readonly reduced: number;
  readonly inner: number;
}

/** Invocations that should be at work before a long reduction stays in one piece, and blocks that each should read at most. */
const WORK = { gpu: { enough: 2 ** 15, most: 16 }, software: { enough: 2 ** 10, most: 64 } } as const;
/** Invocations that share a row: four rows or more belong to a workgroup, which writes whole quads. */
const MOST_LANES = 16;
const WORKGROUP = 64;
/** Blocks that an invocation reads at least where more are set to work. */
const SHORTEST = 32;
/**
 * Rows of up to so many elements are read as they lie where together they are so many: each length compiles anew, and compilers do
 * not unroll longer ones.
 */
const SHORT = { length: 12, elements: 2 ** 16 };

/** How a reduction is cut, in blocks of 16 bytes. */
interface Cut {
  /** What is left of `reduced`. */
  readonly results: number;
  readonly parts: number;
  /** Of each part but the last, which is never empty: elements of a row, or rows. */
  readonly chunk: number;
  /** Invocations that share a result, or a block of them. */
  readonly lanes: number;
  /** Rows that are taken as one, so that it is whole blocks. */
  readonly joined: number;
}

type Work = (typeof WORK)[keyof typeof WORK];
type Launch = (op: ReduceCase, x: Operand, y: Operand, shape: ReduceShape, cut: Cut, scale: number) => void;

/**
 * `y[o, c] = op over r of x[o, r, c]`, times `scale`. Sums are held in f32, in an order that depends on the shape and the adapter: parts
 * of a long reduction are folded by a second one.
 */
export function reduceKernel(op: ReduceCase, x: Operand, y: Operand, shape: ReduceShape, scale = 1): void {
  const { engine } = x;
  const { outer, inner } = shape;
  const work = WORK[engine.info.software ? 'software' : 'gpu'];
  const [cut, launch] =
    inner === 1
      ? [cutRows(shape, eachOf(x), work), launchRows]
      : [cutColumns(shape, eachOf(x), work), launchColumns];
  if (cut.results === 1) {
    launch(op, x, y, shape, cut, scale);
    return;
  }
  const dtype = accumulatorOf(x) === 'f32' ? 'float32' : x.dtype;
  const partial = scratch({ engine, dtype }, outer * cut.results * inner, 'reduce');
  launch(op, x, partial, shape, cut, 1);
  reduceKernel(op, partial, y, { outer, reduced: cut.results, inner }, scale);
  engine.release(partial.storage);
}

/** Elements of a block. */
function eachOf({ dtype }: Operand): number {
  return dtype === 'float16' ? 8 : 4;
}

function cutRows({ outer, reduced }: ReduceShape, each: number, { enough, most }: Work): Cut {
  const length = Math.ceil(reduced / each);
  let lanes = 1;
  while (lanes < MOST_LANES && length > 4 * lanes && (length > most * lanes || outer * lanes < enough))
    lanes *= 4;
  const wanted = lanes < MOST_LANES ? 1 : Math.ceil(enough / (outer * lanes));
  const parts = Math.max(1, Math.min(wanted, Math.floor(length / (lanes * SHORTEST))));
  // Whole blocks where the row itself is.
  const chunk = each * Math.ceil(length / parts);
  const results = Math.ceil(reduced / chunk);
  return { results, parts: results, chunk, lanes, joined: 1 };
}

function cutColumns({ outer, reduced, inner }: ReduceShape, each: number, { enough }: Work): Cut {
  let least = 1;
  while ((inner * least) % each !== 0) least *= 2;
  const joins = reduced >= 4 * least && (outer === 1 || reduced % least === 0);
  const joined = joins ? least : 1;
  const rows = Math.ceil(reduced / joined);
  const owned = Math.ceil((outer * inner * joined) / ownedBy(inner * joined, each));
  const lanes = rows >= 32 && 2 * owned < enough ? 8 : 1;
  const wanted = lanes === 1 ? 1 : Math.ceil(enough / (owned * lanes));
  const chunk = Math.ceil(rows / Math.max(1, Math.min(wanted, Math.floor(rows / (lanes * SHORTEST)))));
  const parts = Math.ceil(rows / chunk);
  return { results: parts * joined, parts, chunk, lanes, joined };
}

/** Columns that an invocation owns: a block where there are whole ones, else a quad. */
function ownedBy(columns: number, each: number): number {
  return columns % each === 0 ? each : 4;
}

function typesOf(x: Operand, y: Operand) {
  return { Out4: elementOf(y), Acc: accumulatorOf(x) };
}

const launchRows: Launch = (op, x, y, { outer, reduced }, { parts, chunk, lanes }, scale) => {
  const each = eachOf(x);
  const short = reduced <= SHORT.length && outer * reduced >= SHORT.elements ? reduced : 0;
  const owned = short > 0 ? each * WORKGROUP : lanes === 1 ? 4 * WORKGROUP : WORKGROUP / lanes;
  x.engine.run(reduce_rows, {
    types: typesOf(x, y),
    constants: { EACH: each, LANES: lanes, SHORT: short },
    overrides: {
      OP: reduce_rows.constants[op],
      FLOATS: accumulatorOf(x) === 'f32',
      WHOLE: reduced % each === 0,
    },
    bindings: { x: x.storage, y: y.storage },
    params: { rows: outer, reduced, parts, chunk, scale },
    workgroups: linearGrid(Math.ceil((outer * parts) / owned), 1),
  });
};

const launchColumns: Launch = (op, x, y, { outer, reduced, inner }, cut, scale) => {
  const { parts, chunk, lanes, joined } = cut;
  const each = eachOf(x);
  const across = inner * joined;
  x.engine.run(reduce, {
    types: typesOf(x, y),
    constants: { EACH: each, LANES: lanes },
    overrides: {
      OP: reduce.constants[op],
      FLOATS: accumulatorOf(x) === 'f32',
      ...{ WHOLE: across % each === 0, RAGGED: reduced % joined !== 0 },
    },
    bindings: { x: x.storage, y: y.storage },
    params: {
      ...{ outer, reduced: Math.ceil(reduced / joined), inner: across, parts, chunk },
      ...{ length: reduced * inner, scale },
    },
    workgroups: linearGrid(Math.ceil((outer * parts * across) / ownedBy(across, each)) * lanes, WORKGROUP),
  });
};
