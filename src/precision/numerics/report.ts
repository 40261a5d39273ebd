/** What a watch has counted: rows with shares, the first bad op of a failed step, and advice in words. */
import type { StepMark } from '../../kernels/numerics.ts';
import { textTable } from '../../values/text-table.ts';
import { adviceOn, type NumericsAdvice } from './advice.ts';
import { type BadOp, badOp, nameOf, numericsOf, type OpNumerics, percent } from './op-numerics.ts';
import type { Reading } from './tally.ts';

const HEAD = [
  ...['layer', 'pass', 'op', 'stored', 'values', 'largest', 'zero', '< 2^-24', 'subnormal', '> 65504'],
  ...['NaN', 'bad steps', 'absorbed'],
];

export class NumericsReport {
  /** In the order in which they first ran. */
  readonly ops: readonly OpNumerics[];
  /** Steps that an optimizer ended, and those of them whose gradients were not finite. */
  readonly steps: number;
  readonly failedSteps: number;
  /**
   * The first op that stored what is not finite in the first failed step; where none has failed, in the step that goes on, which may be all
   * there was. Undefined where it is not among what is watched.
   */
  readonly firstBad: BadOp | undefined;
  /** That of the latest failed step. */
  readonly latestBad: BadOp | undefined;
  readonly advice: NumericsAdvice;

  /** `tolerated`: share of the gradients that may be below 2^-24. */
  constructor({ rows, steps }: Reading, tolerated: number) {
    this.ops = rows.map(numericsOf).filter(({ values }) => values > 0);
    this.steps = steps.steps;
    this.failedSteps = steps.failed;
    const bad = (mark: StepMark | undefined) => mark && badOp(rows, mark);
    this.firstBad = bad(steps.firstFailure) ?? (steps.failed === 0 ? bad(steps.open) : undefined);
    this.latestBad = bad(steps.latestFailure);
    this.advice = adviceOn(this.ops, this, tolerated);
  }

  /** A line an op. */
  get table(): string {
    const rows = this.ops.map((op) => [
      ...[op.layer || '-', op.pass, nameOf(op), op.dtype, String(op.values), op.largest.toExponential(1)],
      ...[op.zeros / op.values, op.below, op.subnormal, op.above].map(percent),
      ...[op.nans, op.badSteps, op.absorbedSteps].map(String),
    ]);
    return textTable(HEAD, rows);
  }

  toString(): string {
    const { steps, failedSteps, advice } = this;
    return [`${steps} steps, ${failedSteps} failed`, this.table, advice.words.join('\n')].join('\n\n');
  }
}
