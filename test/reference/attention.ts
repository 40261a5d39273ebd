// Reference: attention by its definition.
import { at, build, type Plain } from './array.ts';

/** Whether query i may look at key j. */
export type AttentionMask = (i: number, j: number) => boolean;

/** `query` (..., queries, size), `key` (..., keys, size), `value` (..., keys, columns). */
export function attention(
  query: Plain,
  key: Plain,
  value: Plain,
  mask: AttentionMask = () => true,
  scale = 1 / Math.sqrt(query.shape.at(-1)!),
): Plain {
  const [size, keys] = [query.shape.at(-1)!, key.shape.at(-2)!];
  const steps = (count: number) => Array.from({ length: count }, (_, k) => k);
  const weights = build([...query.shape.slice(0, -1), keys], (index) => {
    const [lead, i, j] = [index.slice(0, -2), index.at(-2)!, index.at(-1)!];
    if (!mask(i, j)) return 0;
    return Math.exp(
      scale * steps(size).reduce((sum, d) => sum + at(query, [...lead, i, d]) * at(key, [...lead, j, d]), 0),
    );
  });
  return build([...query.shape.slice(0, -1), value.shape.at(-1)!], (index) => {
    const [lead, i, column] = [index.slice(0, -2), index.at(-2)!, index.at(-1)!];
    const own = steps(keys).map((j) => at(weights, [...lead, i, j]));
    const total = own.reduce((sum, weight) => sum + weight, 0);
    return own.reduce((sum, weight, j) => sum + weight * at(value, [...lead, j, column]), 0) / total;
  });
}
