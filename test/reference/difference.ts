// Reference: derivatives of plain functions by central differences.
import type { Plain } from './array.ts';

export type Scalar = (inputs: readonly Plain[]) => number;
/** One direction an input, with as many numbers as the input. */
export type Direction = readonly (readonly number[])[];

/** The derivative of `f` along `direction`. */
export function derivative(f: Scalar, inputs: readonly Plain[], direction: Direction, h = 1e-4): number {
  return (f(moved(inputs, direction, h)) - f(moved(inputs, direction, -h))) / (2 * h);
}

/** The derivative along `second` of the derivative along `first`. */
export function secondDerivative(
  f: Scalar,
  inputs: readonly Plain[],
  first: Direction,
  second: Direction,
  h = 1e-3,
): number {
  return derivative((at) => derivative(f, at, first, h), inputs, second, h);
}

function moved(inputs: readonly Plain[], direction: Direction, by: number): Plain[] {
  return inputs.map(({ shape, data }, i) => ({
    shape,
    data: data.map((x, j) => x + by * direction[i]![j]!),
  }));
}
