/** Masks put together: bool tensors (n, steps), or null where all positions count. */
import { add } from '../ops/add.ts';
import { cast } from '../ops/cast.ts';
import { greater } from '../ops/compare.ts';
import type { Mask } from './several.ts';

/** What counts in any of `masks`: all, where one is null. */
export function eitherMask(masks: readonly Mask[]): Mask {
  return masks.reduce((a, b) => a && b && greater(add(cast(a, 'int32'), cast(b, 'int32')), 0));
}
