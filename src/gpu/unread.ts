/** Casts whose result nothing reads, which programs leave out: autocast takes what a tensor was widened from, where that serves. */
import type { Dispatch } from './dispatch.ts';
import type { Storage } from './storage.ts';

/** The dispatches without those `repeatable` ones of which nothing that is read or `kept` depends. */
export function withoutUnread(
  dispatches: readonly Dispatch[],
  made: ReadonlySet<Storage>,
  kept: readonly Storage[],
): Dispatch[] {
  const wanted = new Set(kept.map(({ root }) => root));
  const read: Dispatch[] = [];
  for (const dispatch of [...dispatches].reverse()) {
    const result = dispatch.storages[1];
    const plain = result && made.has(result) && !result.arena && result.parts.length === 0 && !result.buffer;
    if (dispatch.repeatable && plain && !wanted.has(result)) continue;
    for (const { root } of dispatch.storages) wanted.add(root);
    read.push(dispatch);
  }
  return read.reverse();
}
