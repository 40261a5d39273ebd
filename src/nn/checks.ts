/** Checks of options that layers, models and callbacks share. */
import { list, show } from '../values/dtype.ts';
import { ArgumentError, ShapeError } from '../values/errors.ts';
import { type Shape, showShape } from '../values/shape.ts';
import { checkPair, checkTriple } from '../values/window.ts';

/** Throws `ArgumentError` unless `value` is a whole number from `least` on. */
export function checkCount(where: string, name: string, value: unknown, least = 1): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least) return value;
  throw new ArgumentError(`${where}: ${name} ${show(value)}; use a whole number from ${least} on`);
}

/** Throws `ArgumentError` unless `value` is one of `accepted`. */
export function checkOneOf<T extends string>(
  where: string,
  name: string,
  value: unknown,
  accepted: readonly T[],
): T {
  if ((accepted as readonly unknown[]).includes(value)) return value as T;
  throw new ArgumentError(`${where}: unknown ${name} ${show(value)}; use ${list(accepted)}`);
}

/** Throws `ArgumentError` unless `value` is a finite number. */
export function checkNumber(where: string, name: string, value: unknown): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new ArgumentError(`${where}: ${name} ${show(value)}; use a number`);
}

/** Throws `ArgumentError` unless `value` is a list of finite numbers. */
export function checkNumbers(where: string, name: string, value: unknown): readonly number[] {
  if (Array.isArray(value) && value.length > 0 && value.every((item) => Number.isFinite(item))) return value;
  throw new ArgumentError(`${where}: ${name} ${show(value)}; use a list of numbers`);
}

/** Throws `ArgumentError` unless `value` is true or false. */
export function checkFlag(where: string, name: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw new ArgumentError(`${where}: ${name} ${show(value)}; use true or false`);
}

/** A share of something. Throws `ArgumentError` unless `value` is a number from 0 to below 1. */
export function checkRate(where: string, value: unknown): number {
  if (typeof value === 'number' && value >= 0 && value < 1) return value;
  throw new ArgumentError(`${where}: rate ${show(value)}; use a number from 0 to below 1`);
}

/** Throws `ArgumentError` unless `value` is a list of whole numbers from `least` on. */
export function checkCounts(where: string, name: string, value: unknown, least = 1): readonly number[] {
  const isCount = (item: unknown) => typeof item === 'number' && Number.isInteger(item) && item >= least;
  if (Array.isArray(value) && value.every(isCount)) return value as number[];
  throw new ArgumentError(`${where}: ${name} ${show(value)}; use a list of whole numbers from ${least} on`);
}

/** A size of a window, [down, across]: for images one for both or a pair, for steps one, and 1 down. Throws `ArgumentError`. */
export function checkWindowSize(
  where: string,
  name: string,
  value: unknown,
  axes: 1 | 2 | 3,
): readonly number[] {
  if (axes === 3) return checkTriple(where, name, value);
  if (axes === 2) return checkPair(where, name, value);
  const only: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value;
  return [1, checkCount(where, name, only)];
}

const SAMPLE_FORMS = [
  '(steps, channels)',
  '(height, width, channels)',
  '(depth, height, width, channels)',
] as const;

/** Throws `ShapeError` unless a sample has `axes` axes and channels. */
export function checkSampleRank(where: string, sample: Shape, axes: number): void {
  if (sample.length !== axes + 1)
    throw new ShapeError(`${where}: samples are ${showShape(sample)}; use ${SAMPLE_FORMS[axes - 1]}`);
}
