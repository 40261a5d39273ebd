/** Keys of `x[...]`: from the bounds and masks of TensorFlow's StridedSlice, and as each Keras writes them. */
import type { ItemKey } from '../../nn/operations/arguments.ts';
import type { Argument } from './read-calls.ts';
import type { Dialect } from './write-layer.ts';

/** One entry for each of `begin`; bit i of each mask is for entry i. */
export function itemKeyFrom(
  begin: Argument | undefined,
  end: Argument | undefined,
  steps: Argument | undefined,
  masks: Readonly<Record<string, Argument>>,
): Argument {
  const numbers = (value: Argument | undefined) => (Array.isArray(value) ? (value as number[]) : []);
  const has = (name: string, entry: number) => ((Number(masks[`${name}_mask`] ?? 0) >> entry) & 1) === 1;
  return numbers(begin).map((start, entry): Argument => {
    if (has('ellipsis', entry)) return '...';
    if (has('new_axis', entry)) return null;
    if (has('shrink_axis', entry)) return start;
    return {
      start: has('begin', entry) ? null : start,
      stop: has('end', entry) ? null : numbers(end)[entry]!,
      step: numbers(steps)[entry] ?? 1,
    };
  });
}

/** A key as configurations hold it. */
export function itemKeyTo(key: unknown, dialect: Dialect): unknown {
  const entry = (item: ItemKey): unknown => {
    if (item === '...')
      return { class_name: '__ellipsis__', ...(dialect === 'keras3' ? { config: {} } : {}) };
    if (item === null || typeof item === 'number' || dialect === 'keras2') return item;
    return { class_name: '__slice__', config: item };
  };
  return Array.isArray(key) ? (key as readonly ItemKey[]).map(entry) : entry(key as ItemKey);
}
