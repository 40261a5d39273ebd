// Reference: the pointwise part of steps of LSTM and GRU, and products.
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
