/** `C = act(A' B' + bias + residual)`: pads what kernels cannot read as it is, then launches the kernel chosen for the problem. */

import { copyRowsKernel } from '../copy_rows.ts';
import { readForm } from '../operand.ts';
import { scratch, wholeQuads, withWholeQuads } from '../whole-quads.ts';
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
  const { sharedA = false, sharedB = false, patches } = problem;
  const [rowsA, columnsA] = transposeA ? [k, m] : [m, k];
  const [rowsB, columnsB] = transposeB ? [n, k] : [k, n];
  const padded = {
    a: patches ? a : withWholeQuads(a, sharedA ? rowsA : batch * rowsA, columnsA, 'matMul'),
    b: withWholeQuads(b, sharedB ? rowsB : batch * rowsB, columnsB, 'matMul'),
    residual: residual && withWholeQuads(residual, batch * m, n, 'matMul'),
    c: n % 4 === 0 ? c : scratch(c, batch * m * wholeQuads(n), 'matMul'),
  };
  const { candidate = choose(shapeOf(problem), c.engine), input = readForm(a) } = choice;
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
