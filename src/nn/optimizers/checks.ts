/** Checks of the numbers that optimizers are made with. */
import type { Variable } from '../../autograd/variable.ts';
import { show } from '../../values/dtype.ts';
import { ArgumentError } from '../../values/errors.ts';

/** Shares that running means keep. Throws `ArgumentError` unless both are from 0 to below 1. */
export function checkBetas(where: string, beta1: unknown, beta2: unknown): [number, number] {
  return [checkShare(where, 'beta1', beta1), checkShare(where, 'beta2', beta2)];
}

/** Throws `ArgumentError` unless `value` is a number from 0 to below 1. */
export function checkShare(where: string, name: string, value: unknown): number {
  if (typeof value === 'number' && value >= 0 && value < 1) return value;
  throw new ArgumentError(`${where}: ${name} ${show(value)}; use a number from 0 to below 1`);
}

/** Throws `ArgumentError` unless `value` is a number from 0 on. */
export function checkEpsilon(where: string, value: unknown, name = 'epsilon'): number {
  if (typeof value === 'number' && value >= 0) return value;
  throw new ArgumentError(`${where}: ${name} ${show(value)}; use a number from 0 on`);
}

/** Throws `ArgumentError` unless `rate`, where it is given, is a number from 0 on. */
export function checkDecay(name: string, rate: unknown): number | undefined {
  if (rate === undefined || (typeof rate === 'number' && rate >= 0 && Number.isFinite(rate))) return rate;
  throw new ArgumentError(`${name}: weightDecay ${show(rate)}; use a number from 0 on`);
}

/** Throws `ArgumentError` unless `rate` is a number from 0 on. */
export function checkRate(rate: unknown): number {
  if (typeof rate === 'number' && rate >= 0 && Number.isFinite(rate)) return rate;
  throw new ArgumentError(`optimizer: learningRate ${show(rate)}; use a number from 0 on`);
}

/** The root of float16's smallest number: squares of what is smaller vanish. */
const SMALLEST_ROOT = 2 ** -12;

/** Of float16 variables with slots in float16: a warning where `epsilon` is too small to stand for squares that vanish. */
export function halfEpsilonAdvice(
  name: string,
  epsilon: number | undefined,
  variables: readonly Variable[],
): string | undefined {
  if (epsilon === undefined || epsilon >= SMALLEST_ROOT) return undefined;
  const half = variables.find(({ dtype }) => dtype === 'float16');
  if (!half) return undefined;
  return `${name}: epsilon ${epsilon} is too small for float16 variables such as ${half.name}: squares of gradients below 2^-12 vanish in their slots, and it alone is divided by; use epsilon 1e-3, or slotDType 'float32'`;
}
