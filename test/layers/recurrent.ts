// Layer table: recurrent layers, their results after all steps and after each, from the front and from the back.

import { uniform } from '../ops/draws.ts';
import { at, build, type Plain } from '../reference/array.ts';
import { sigmoid } from '../reference/elementwise.ts';
import type { LayerRow } from './row.ts';

type Vector = number[];
/** States after a step. */
type Cell = (x: Vector, states: readonly Vector[], weights: readonly Plain[]) => Vector[];

const row = (x: Plain, ...lead: number[]) =>
  Array.from({ length: x.shape.at(-1)! }, (_, k) => at(x, [...lead, k]));
const times = (x: Vector, kernel: Plain) =>
  Array.from({ length: kernel.shape[1]! }, (_, j) =>
    x.reduce((sum, value, i) => sum + value * at(kernel, [i, j]), 0),
  );
const plus = (...terms: readonly (Vector | undefined)[]) =>
  terms.filter((term) => term !== undefined).reduce((a, b) => a.map((value, i) => value + b[i]!));
const pieces = (x: Vector, count: number) =>
  Array.from({ length: count }, (_, i) => x.slice((i * x.length) / count, ((i + 1) * x.length) / count));

const simple: Cell = (x, [h], [kernel, recurrent, bias]) => [
  plus(times(x, kernel!), bias && row(bias), times(h!, recurrent!)).map(Math.tanh),
];

const lstm: Cell = (x, [h, c], [kernel, recurrent, bias]) => {
  const [i, f, g, o] = pieces(plus(times(x, kernel!), bias && row(bias), times(h!, recurrent!)), 4);
  const cell = c!.map((value, k) => sigmoid(f![k]!) * value + sigmoid(i![k]!) * Math.tanh(g![k]!));
  return [cell.map((value, k) => sigmoid(o![k]!) * Math.tanh(value)), cell];
};

const gruAfter: Cell = (x, [h], [kernel, recurrent, bias]) => {
  const own = pieces(plus(times(x, kernel!), row(bias!, 0)), 3);
  const state = pieces(plus(times(h!, recurrent!), row(bias!, 1)), 3);
  return [
    h!.map((value, k) => {
      const z = sigmoid(own[0]![k]! + state[0]![k]!);
      const r = sigmoid(own[1]![k]! + state[1]![k]!);
      return z * value + (1 - z) * Math.tanh(own[2]![k]! + r * state[2]![k]!);
    }),
  ];
};

const gruBefore: Cell = (x, [h], [kernel, recurrent, bias]) => {
  const own = pieces(plus(times(x, kernel!), row(bias!)), 3);
  const state = pieces(times(h!, recurrent!), 3);
  const [z, r] = [0, 1].map((gate) => h!.map((_, k) => sigmoid(own[gate]![k]! + state[gate]![k]!)));
  const reset = pieces(
    times(
      h!.map((value, k) => r![k]! * value),
      recurrent!,
    ),
    3,
  )[2]!;
  return [h!.map((value, k) => z![k]! * value + (1 - z![k]!) * Math.tanh(own[2]![k]! + reset[k]!))];
};

/** Results of every step (n, steps, units), in the order in which they were taken. */
function run(cell: Cell, x: Plain, weights: readonly Plain[], units: number, back = false): Plain {
  const [n, steps] = x.shape as [number, number];
  const results = Array.from({ length: n }, (_, sample) => {
    let states: Vector[] = [Array<number>(units).fill(0), Array<number>(units).fill(0)];
    return Array.from({ length: steps }, (_, step) => {
      states = cell(row(x, sample, back ? steps - 1 - step : step), states, weights);
      return states[0]!;
    });
  });
  return build([n, steps, units], ([i, t, k]) => results[i!]![t!]![k!]!);
}

const last = (y: Plain) => build([y.shape[0]!, y.shape[2]!], ([i, k]) => at(y, [i!, y.shape[1]! - 1, k!]));
const turned = (y: Plain) => build(y.shape, ([i, t, k]) => at(y, [i!, y.shape[1]! - 1 - t!, k!]));

const shared = { draws: uniform(-0.7, 0.7), terms: 40 };

export const RECURRENT: readonly LayerRow[] = [
  ...(
    [
      ['simpleRNN', {}, simple],
      ['lstm', {}, lstm],
      ['gru', {}, gruAfter],
      ['gru', { resetAfter: false }, gruBefore],
    ] as const
  ).flatMap(([layer, options, cell]): LayerRow[] => [
    {
      ...{ layer, options: { units: 3, ...options }, inputs: [[2, 4, 5]], ...shared },
      reference: (x, ...weights) => last(run(cell, x!, weights, 3)),
    },
    {
      ...{ layer, options: { units: 4, ...options, returnSequences: true, goBackwards: true } },
      ...{ inputs: [[3, 3, 2]], ...shared },
      reference: (x, ...weights) => run(cell, x!, weights, 4, true),
    },
  ]),
  {
    ...{ layer: 'lstm', options: { units: 2, useBias: false }, inputs: [[1, 3, 3]], ...shared },
    reference: (x, ...weights) => last(run(lstm, x!, weights, 2)),
  },
];

/** Both directions, for the test of Bidirectional. */
export function bothWays(x: Plain, weights: readonly Plain[], units: number): { ahead: Plain; back: Plain } {
  const half = weights.length / 2;
  return {
    ahead: run(lstm, x, weights.slice(0, half), units),
    back: turned(run(lstm, x, weights.slice(half), units, true)),
  };
}
