/** What is known of one kind of op, and of the op at which a step went wrong. */
import { FIRST_EXPONENT, type StepMark } from '../../kernels/numerics.ts';
import type { Row, RowName } from './tally.ts';

/** The values that one kind of op stored in one layer and pass, as they were before they were narrowed. */
export interface OpNumerics extends RowName {
  /** Number of values, zeros and what is not finite included. */
  readonly values: number;
  readonly zeros: number;
  /** Finite ones beyond 65504. */
  readonly overflows: number;
  readonly infinities: number;
  readonly nans: number;
  /** Finite values but zero by binary exponent: `counts[i]` are those of 2^(first + i) to below twice that. Of gradients without the loss scale. */
  readonly histogram: { readonly first: number; readonly counts: readonly number[] };
  /** Greatest and least finite magnitude but zero, of gradients without the loss scale; 0 where there is none. */
  readonly largest: number;
  readonly smallest: number;
  /** Shares of the numbers but zero, as they were stored: below 2^-24, where float16 keeps no digit. */
  readonly below: number;
  /** From 2^-24 to 2^-14, where float16 keeps fewer and fewer digits. */
  readonly subnormal: number;
  /** Beyond 65504, infinities included. */
  readonly above: number;
  /** Steps in which a value did not fit its dtype, was infinite, or NaN. */
  readonly badSteps: number;
  /** Steps in which it read such values and stored none. */
  readonly absorbedSteps: number;
}

/** Where a step went wrong. */
export interface BadOp extends RowName {
  /** Number of the step since the watch began, from 1 on. */
  readonly step: number;
  /** Loss scale of the step; 1 without one. */
  readonly lossScale: number;
  /** What it stored: what does not fit float16, infinities, NaN. */
  readonly stored: readonly ('beyond float16' | 'infinity' | 'NaN')[];
  /** Something it read was not finite already. */
  readonly inherited: boolean;
}

const STORED = ['beyond float16', 'infinity', 'NaN'] as const;
const INHERITED = 8;

/** How an op is called in a report. */
export function nameOf({ op, kind, result, gradientOf }: RowName): string {
  const [variable, ...others] = gradientOf;
  const of = variable && ` (gradient of ${variable}${others.length > 0 ? ` and ${others.length} more` : ''})`;
  return `${kind === 'weight' ? `weight ${op}` : op}${of ?? (result > 0 ? `, result ${result + 1}` : '')}`;
}

function named({ layer, pass, op, kind, result, dtype, gradientOf }: RowName): RowName {
  return { layer, pass, op, kind, result, dtype, gradientOf };
}

export function percent(share: number): string {
  return share === 0
    ? ''
    : `${100 * share >= 0.1 ? (100 * share).toFixed(1) : (100 * share).toPrecision(1)} %`;
}

function valuesOf({ exponents, zeros, infinities, nans }: Row): number {
  return exponents.reduce((sum, count) => sum + count, zeros + infinities + nans);
}

export function numericsOf(row: Row): OpNumerics {
  const { zeros, above, infinities, nans, largest, smallest } = row;
  const values = valuesOf(row);
  const numbers = values - zeros - nans;
  const share = (count: number) => (numbers === 0 ? 0 : count / numbers);
  return {
    ...named(row),
    ...{ values, zeros, overflows: above, infinities, nans, largest, smallest },
    histogram: histogramOf(row.exponents),
    below: share(row.below),
    subnormal: share(row.subnormal),
    above: share(above + infinities),
    ...{ badSteps: row.badSteps, absorbedSteps: row.absorbedSteps },
  };
}

/** From the first exponent that there is to the last. */
function histogramOf(exponents: readonly number[]): OpNumerics['histogram'] {
  const first = Math.max(
    0,
    exponents.findIndex((count) => count > 0),
  );
  const last = exponents.findLastIndex((count) => count > 0);
  return { first: FIRST_EXPONENT + first, counts: exponents.slice(first, last + 1) };
}

export function badOp(rows: readonly Row[], { step, row, kinds, scale }: StepMark): BadOp | undefined {
  if (row === undefined) return undefined;
  return {
    ...named(rows[row]!),
    ...{ step, lossScale: scale },
    stored: STORED.filter((_, bit) => kinds & (1 << bit)),
    inherited: (kinds & INHERITED) !== 0,
  };
}
