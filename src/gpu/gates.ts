/** Gradients of ReLUs folded into the products that make what they look at: a dispatch and a tensor less each. */
import { type Dispatch, writtenBy } from './dispatch.ts';
import type { Storage } from './storage.ts';

/**
 * The dispatches of a trace. Where one that can gate its result makes what a `Gate` alone reads, the first stores what the
 * second would, and the second is left out: the same bits, since a gate keeps a value or puts 0 there.
 */
export function gateInPlace(
  dispatches: readonly Dispatch[],
  made: ReadonlySet<Storage>,
  kept: readonly Storage[],
): readonly Dispatch[] {
  const folded: (Dispatch | undefined)[] = [...dispatches];
  const users = usersOf(dispatches);
  const isPlain = (storage: Storage) =>
    made.has(storage) && !storage.arena && !storage.buffer && !kept.some(({ root }) => root === storage);
  for (const [at, { gate }] of dispatches.entries()) {
    if (!gate) continue;
    const { upstream, by, result } = gate;
    const [maker, reader, ...others] = users.get(upstream) ?? [];
    if (maker === undefined || reader !== at || others.length > 0 || !isPlain(upstream)) continue;
    const isMade = writtenBy(dispatches[maker]!).includes(upstream);
    const isThere = dispatches
      .slice(maker, at)
      .every((one) => !writtenBy(one).some(({ root }) => root === by.root));
    const fresh = made.has(result) && !result.arena && users.get(result)![0] === at;
    const gated = isMade && isThere && fresh ? folded[maker]?.gated?.(by, result) : undefined;
    if (!gated) continue;
    folded[maker] = gated;
    folded[at] = undefined;
  }
  return folded.filter((dispatch) => dispatch !== undefined);
}

/** The dispatches, by their place, that bind each storage or one that shares its memory. */
function usersOf(dispatches: readonly Dispatch[]): Map<Storage, number[]> {
  const users = new Map<Storage, number[]>();
  for (const [index, { storages }] of dispatches.entries()) {
    for (const root of new Set(storages.map((storage) => storage.root))) {
      const list = users.get(root);
      if (list) list.push(index);
      else users.set(root, [index]);
    }
  }
  return users;
}
