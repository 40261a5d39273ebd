// Reference: the pointwise part of steps of LSTM and GRU, and whole sequences.
import { at, build, type Plain } from './array.ts';
import { sigmoid } from './elementwise.ts';

export function lstmGates(gates: Plain, c: Plain): { h: Plain; next: Plain } {
  const units = c.shape[1]!;
  const gate = (block: number, row: number, j: number) => at(gates, [row, block * units + j]);
  const next = build(c.shape, ([row, j]) => {
    const [i, f, g] = [0, 1, 2].map((block) => gate(block, row!, j!)) as [number, number, number];
    return sigmoid(f) * at(c, [row!, j!]) + sigmoid(i) * Math.tanh(g);
  });
  const h = build(c.shape, ([row, j]) => sigmoid(gate(3, row!, j!)) * Math.tanh(at(next, [row!, j!])));
  return { h, next };
}

export function gruGates(x: Plain, inner: Plain, h: Plain): Plain {
  const units = h.shape[1]!;
  return build(h.shape, ([row, j]) => {
    const part = (from: Plain, block: number) => at(from, [row!, block * units + j!]);
    const z = sigmoid(part(x, 0) + part(inner, 0));
    const r = sigmoid(part(x, 1) + part(inner, 1));
    return z * at(h, [row!, j!]) + (1 - z) * Math.tanh(part(x, 2) + r * part(inner, 2));
  });
}

/** `a` (rows, k) times `b` (k, columns), plus a row. */
export function product(a: Plain, b: Plain, row?: readonly number[]): Plain {
  return build([a.shape[0]!, b.shape[1]!], ([i, j]) => {
    let total = row?.[j!] ?? 0;
    for (let k = 0; k < b.shape[0]!; k++) total += at(a, [i!, k]) * at(b, [k, j!]);
    return total;
  });
}

export function stepOf(x: Plain, t: number): Plain {
  return build([x.shape[0]!, x.shape[2]!], ([i, k]) => at(x, [i!, t, k!]));
}

/** The last state of a GRU with the reset after the product; bias (2, 3 units). */
export function gru(x: Plain, kernel: Plain, recurrent: Plain, bias: Plain): Plain {
  const width = bias.shape[1]!;
  const [own, inner] = [bias.data.slice(0, width), bias.data.slice(width)];
  let h = build([x.shape[0]!, width / 3], () => 0);
  for (let t = 0; t < x.shape[1]!; t++)
    h = gruGates(product(stepOf(x, t), kernel, own), product(h, recurrent, inner), h);
  return h;
}

/** All hidden states of an LSTM, (n, steps, units). */
export function lstm(x: Plain, kernel: Plain, recurrent: Plain, bias: Plain): Plain {
  const units = recurrent.shape[0]!;
  const zeros = build([x.shape[0]!, units], () => 0);
  let state = { h: zeros, next: zeros };
  const all = Array.from({ length: x.shape[1]! }, (_, t) => {
    const own = product(stepOf(x, t), kernel, bias.data);
    const from = product(state.h, recurrent);
    const gates = build(own.shape, (index) => at(own, index) + at(from, index));
    state = lstmGates(gates, state.next);
    return state.h;
  });
  return build([x.shape[0]!, x.shape[1]!, units], ([i, t, j]) => at(all[t!]!, [i!, j!]));
}
