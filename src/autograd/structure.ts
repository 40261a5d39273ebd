/** Nested arrays and plain objects: their leaves replaced, and the tensors among them. */
import { Tensor } from './tensor.ts';

/** A copy of `value` with `replace` applied to every leaf: all that is neither array nor plain object. */
export function mapLeaves(value: unknown, replace: (leaf: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => mapLeaves(item, replace));
  if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapLeaves(item, replace)]));
  }
  return replace(value);
}

/** A copy of `value` with every tensor replaced. */
export function mapTensors(value: unknown, replace: (tensor: Tensor) => unknown): unknown {
  return mapLeaves(value, (leaf) => (leaf instanceof Tensor ? replace(leaf) : leaf));
}

/** Every tensor in `value`, in order. */
export function tensorsIn(value: unknown): Tensor[] {
  const found: Tensor[] = [];
  mapTensors(value, (tensor) => found.push(tensor));
  return found;
}
