// How far a result may be off: one table by dtype, the exceptions with their reasons, and the comparison that uses it.
import { AssertionError } from 'node:assert';
import type { DType } from '../src/values/dtype.ts';
import { halfUlp, MIN_NORMAL } from './reference/half.ts';

/** JAX's tolerances. A result may differ by `tolerance * (1 + |reference|) * sqrt(terms)`, terms being what was summed. */
export const TOLERANCES = {
  forward: { float32: 1e-6, float16: 1e-3 },
  gradient: { float32: 2e-3, float16: 1e-2 },
} as const;

export type Pass = keyof typeof TOLERANCES;

interface Exception {
  /** Matched with the name that `assertClose` is given. */
  readonly op: RegExp;
  readonly float32: number;
  readonly reason: string;
}

/** Forward results in float32 that may be further off. */
export const EXCEPTIONS: readonly Exception[] = [
  { op: /\btanh\b/, float32: 1e-5, reason: 'WGSL allows tanh an absolute error of 1e-5' },
  { op: /\brandomNormal\b/, float32: 2 ** -11, reason: 'WGSL allows sin and cos an absolute error of 2^-11' },
];

export interface Comparison {
  /** Op and variant, for the message; exceptions go by it. */
  readonly op: string;
  readonly dtype: DType;
  readonly pass?: Pass;
  /** Values summed in each result. Default 1. */
  readonly terms?: number;
  /** Nothing is rounded: the bits of every value are those of the reference. */
  readonly exact?: boolean;
}

/** What |got - reference| may be. Integers and bools are exact. */
export function allowance(
  reference: number,
  { op, dtype, pass = 'forward', terms = 1, exact }: Comparison,
): number {
  if (exact || !(dtype === 'float32' || dtype === 'float16')) return 0;
  const exception = EXCEPTIONS.find((row) => pass === 'forward' && dtype === 'float32' && row.op.test(op));
  const tolerance = exception?.float32 ?? TOLERANCES[pass][dtype];
  const allowed = tolerance * (1 + Math.abs(reference)) * Math.sqrt(terms);
  if (dtype === 'float32') return allowed;
  // WGSL lets a conversion take either neighbour, and lets subnormal halves become zero.
  const flushed = Math.abs(reference) < MIN_NORMAL ? Math.abs(reference) : 0;
  return Math.max(allowed + halfUlp(reference), flushed);
}

/** Throws unless every value is close to its reference; the message names op, index, got, expected and allowed. */
export function assertClose(
  got: ArrayLike<number>,
  reference: ArrayLike<number>,
  comparison: Comparison,
): void {
  const { op, dtype, pass = 'forward' } = comparison;
  const fail = (text: string): never => {
    throw new AssertionError({ message: `${op} ${dtype} ${pass}: ${text}`, stackStartFn: assertClose });
  };
  if (got.length !== reference.length) fail(`${got.length} values, expected ${reference.length}`);
  let worst = -1;
  let excess = 0;
  let wrong = 0;
  for (let index = 0; index < got.length; index++) {
    const [value, expected] = [got[index]!, reference[index]!];
    if (Object.is(value, expected) || value === expected) continue;
    const over = Math.abs(value - expected) - allowance(expected, comparison);
    if (over <= 0) continue;
    wrong++;
    if (worst >= 0 && !(over > excess)) continue;
    worst = index;
    excess = over;
  }
  if (worst < 0) return;
  const [value, expected] = [got[worst]!, reference[worst]!];
  fail(
    `at index ${worst} of ${got.length} got ${value}, expected ${expected}, allowed +-${allowance(expected, comparison).toPrecision(3)} (${wrong} wrong in all)`,
  );
}
