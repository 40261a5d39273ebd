/** What is done to each element of a product's result, done by the product itself: a dispatch and a tensor less each. */
import { type Dispatch, writtenBy } from './dispatch.ts';
import type { Storage } from './storage.ts';

/**
 * The dispatches of a trace. Where a `Tail` alone reads what a dispatch makes that can do it too, the two become one in the tail's
 * place: the same bits, since what lies between is rounded as it would have been stored.
 */
export function foldTails(
  dispatches: readonly Dispatch[],
  made: ReadonlySet<Storage>,
  kept: readonly Storage[],
): readonly Dispatch[] {
  const folded: (Dispatch | undefined)[] = [...dispatches];
  const users = usersOf(dispatches);
  const isPlain = (storage: Storage) =>
    made.has(storage) && !storage.arena && !storage.buffer && !kept.some(({ root }) => root === storage);
  for (const [at, { tail }] of dispatches.entries()) {
    if (!tail) continue;
    const { upstream, result } = tail;
    // A maker that has taken a tail itself stands in that one's place, as what its result is made by.
    const [first, reader, ...others] = users.get(upstream) ?? [];
    const maker = first === undefined ? undefined : folded[first];
    if (!maker || reader !== at || others.length > 0 || !isPlain(upstream)) continue;
    const fresh = made.has(result) && !result.arena && users.get(result)![0] === at;
    if (!fresh || !writtenBy(maker).includes(upstream)) continue;
    const between = folded.slice(first! + 1, at);
    if (between.some((one) => one && changesInput(one, maker, upstream))) continue;
    const whole = maker.ending(tail);
    if (!whole) continue;
    folded[first!] = undefined;
    folded[at] = whole;
  }
  return folded.filter((dispatch) => dispatch !== undefined);
}

/** Whether `one` writes something that `maker` binds besides its result. */
function changesInput(one: Dispatch, maker: Dispatch, result: Storage): boolean {
  const written = new Set(writtenBy(one).map(({ root }) => root));
  return maker.storages.some(({ root }) => root !== result.root && written.has(root));
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
