/** The memory plan of a traced function: buffers for its virtual storages, shared where lifetimes do not meet. */
import type { Dispatch } from './dispatch.ts';
import { type Allocator, bucketOf, type Kind, Storage } from './storage.ts';

/** From which dispatch to which one some memory holds something that is still wanted. */
export interface Lifetime {
  readonly kind: Kind;
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

export interface Plan {
  /** Storages that own the program's buffers. */
  readonly owned: readonly Storage[];
  readonly lifetimes: readonly Lifetime[];
}

/** The last dispatch that uses each storage; what is `kept` is used by whoever comes after the program. */
export function lastUses(dispatches: readonly Dispatch[], kept: readonly Storage[]): Map<Storage, number> {
  const last = new Map<Storage, number>();
  for (const [index, { storages }] of dispatches.entries())
    for (const { root } of storages) last.set(root, index);
  for (const { root } of kept) last.set(root, dispatches.length);
  return last;
}

/** The most bytes that are alive at one of `count` dispatches, and at which. */
export function highest(lifetimes: readonly Lifetime[], count: number): [bytes: number, dispatch: number] {
  const changes = new Float64Array(count + 2);
  for (const { bytes, first, last } of lifetimes) {
    changes[first]! += bytes;
    changes[last + 1]! -= bytes;
  }
  let [alive, most, at] = [0, 0, 0];
  for (const [index, change] of changes.entries()) {
    alive += change;
    if (alive > most) [most, at] = [alive, index];
  }
  return [most, at];
}

/**
 * Gives every virtual storage a buffer. `inputs` and `outputs` keep theirs over the whole replay. A dispatch's outputs never
 * share with its inputs: WebGPU forbids one buffer bound both ways. Throws `OutOfMemoryError`, leaving nothing behind.
 */
export function plan(
  allocator: Allocator,
  { dispatches, made }: { readonly dispatches: readonly Dispatch[]; readonly made: ReadonlySet<Storage> },
  inputs: readonly Storage[],
  outputs: readonly Storage[],
): Plan {
  const last = lastUses(dispatches, [...inputs, ...outputs]);
  const constants = [...made].filter(({ buffer, arena }) => buffer !== undefined && !arena);
  const owned = [...constants];
  const lifetimes: Lifetime[] = constants.map(({ kind, bytes }) => ({
    ...{ kind, bytes },
    ...{ first: 0, last: dispatches.length },
  }));
  const free: Storage[] = [];
  const assigned = new Map<Storage, Storage>();
  const assign = (storage: Storage, first: number): void => {
    if (storage.buffer || !made.has(storage)) return;
    lifetimes.push({ kind: storage.kind, bytes: storage.bytes, first, last: last.get(storage)! });
    const bytes = bucketOf(storage.bytes);
    const fitting = free.filter(
      (owner) => bucketOf(owner.bytes) >= bytes && bucketOf(owner.bytes) <= 2 * bytes,
    );
    fitting.sort((a, b) => a.bytes - b.bytes);
    let owner = fitting[0];
    if (owner) {
      free.splice(free.indexOf(owner), 1);
    } else {
      owner = new Storage(storage.bytes, 'step', 'programs');
      allocator.back(owner, 'jit');
      owned.push(owner);
    }
    storage.buffer = owner.buffer;
    assigned.set(storage, owner);
  };
  try {
    for (const { root } of inputs) assign(root, 0);
    for (const [index, { storages }] of dispatches.entries()) {
      const roots = new Set(storages.map(({ root }) => root));
      for (const storage of roots) assign(storage, index);
      for (const storage of roots) {
        const owner = assigned.get(storage);
        if (owner && last.get(storage) === index) free.push(owner);
      }
    }
    for (const { root } of outputs) assign(root, dispatches.length);
  } catch (error) {
    for (const owner of owned) allocator.reclaim(owner);
    throw error;
  }
  return { owned, lifetimes };
}
