/** `C = act(A' B' + bias + residual)`: pads what kernels cannot read as it is, then launches the kernel chosen for the problem. */

import { copyRowsKernel } from '../copy_rows.ts';
import { bytesOf, elementOf, type Operand, quads } from '../operand.ts';
import { choose } from './choice.ts';
import { type Candidate, launch } from './kernel.ts';
import { type GemmCall, type GemmProblem, shapeOf } from './problem.ts';

/** For tests and measurements; by itself the family chooses. */
export interface GemmChoice {
  readonly candidate?: Candidate;
  /** The form in which operands are read. */
  readonly input?: GemmCall['input'];
}

/** Kernels read and write rows of whole quads; matrices that have none go through padded copies. */
export function gemm(problem: GemmProblem, choice: GemmChoice = {}): void {
  const { a, b, c, residual, m, k, n, batch = 1, transposeA = false, transposeB = false } = problem;
  const { sharedA = false, sharedB = false } = problem;
  const [rowsA, columnsA] = transposeA ? [k, m] : [m, k];
  const [rowsB, columnsB] = transposeB ? [n, k] : [k, n];
  const padded = {
    a: withWholeQuads(a, sharedA ? rowsA : batch * rowsA, columnsA),
    b: withWholeQuads(b, sharedB ? rowsB : batch * rowsB, columnsB),
    residual: residual && withWholeQuads(residual, batch * m, n),
    c: n % 4 === 0 ? c : scratch(c, batch * m * wholeQuads(n)),
  };
  const { candidate = choose(shapeOf(problem), c.engine), input = inputForm(a) } = choice;
  launch(candidate, { ...problem, ...padded, input });
  if (padded.c !== c) copyRowsKernel(padded.c, c, batch * m, wholeQuads(n), n);
  for (const [made, own] of [
    [padded.a, a],
    [padded.b, b],
    [padded.residual, residual],
    [padded.c, c],
  ] as const) {
    if (made && made !== own) c.engine.release(made.storage);
  }
}

/**
 * Where a processor plays the GPU, every element that a lane loads costs a bounds check and an insertion: two halves as
 * one word take half the time of two halves.
 */
function inputForm(a: Operand): GemmCall['input'] {
  const element = elementOf(a);
  return element === 'f16' && a.engine.info.software ? 'packed' : element;
}

function wholeQuads(columns: number): number {
  return quads(columns) * 4;
}

function scratch({ engine, dtype }: Operand, size: number): Operand {
  return { engine, dtype, size, storage: engine.allocate(bytesOf(dtype, size), 'step', 'matMul') };
}

function withWholeQuads(x: Operand, rows: number, columns: number): Operand {
  const padded = wholeQuads(columns);
  if (padded === columns) return x;
  const copy = scratch(x, rows * padded);
  copyRowsKernel(x, copy, rows, columns, padded);
  return copy;
}
