/** Casts done again where their result is next wanted, instead of kept until then: less memory at the peak. */
import { type Dispatch, writtenBy } from './dispatch.ts';
import { highest, lastUses } from './plan.ts';
import { Storage } from './storage.ts';
import type { Trace } from './trace.ts';

/**
 * The dispatches of a trace, repeatable ones a second time before the last use of their result, where the peak of memory
 * falls by it: mixed precision's f16 copy of a batch is wanted by the first and the last product of a step. What they read
 * must be there then, unchanged. Storages that are added are entered in `trace.made`.
 */
export function repeated(
  given: readonly Dispatch[],
  trace: Trace,
  kept: readonly Storage[],
): readonly Dispatch[] {
  let dispatches = given;
  let peak = peakOf(dispatches, trace.made, kept);
  for (const maker of given.filter(({ repeatable }) => repeatable)) {
    const attempt = repeat(maker, dispatches, trace, kept);
    if (!attempt) continue;
    const made = new Set(trace.made).add(attempt.copy);
    const lower = peakOf(attempt.dispatches, made, kept);
    if (lower >= peak) continue;
    [peak, dispatches] = [lower, attempt.dispatches];
    trace.make(attempt.copy);
  }
  return dispatches;
}

function repeat(
  maker: Dispatch,
  dispatches: readonly Dispatch[],
  { made }: Trace,
  kept: readonly Storage[],
): { dispatches: Dispatch[]; copy: Storage } | undefined {
  const [source, result] = [maker.storages[0]!, maker.storages[1]!];
  const isPlain = made.has(result) && !result.arena && result.parts.length === 0 && !result.buffer;
  if (!isPlain || kept.some(({ root }) => root === result)) return;
  const at = dispatches.indexOf(maker);
  const uses = [...dispatches.keys()].filter((i) => i > at && dispatches[i]!.storages.includes(result));
  const use = uses.at(-1);
  if (use === undefined || uses.length < 2) return;
  const writes = (one: Storage, from: number) =>
    dispatches.slice(from, use).some((dispatch) => writtenBy(dispatch).some(({ root }) => root === one.root));
  const outlives = !made.has(source.root) || lastUses(dispatches, kept).get(source.root)! >= use;
  if (!outlives || writes(source, at + 1) || writes(result, at + 1)) return;
  const copy = new Storage(result.bytes, result.life, result.kind);
  const withCopy = (dispatch: Dispatch): Dispatch => ({
    ...dispatch,
    storages: dispatch.storages.map((storage) => (storage === result ? copy : storage)),
  });
  return {
    dispatches: [
      ...dispatches.slice(0, use),
      withCopy(maker),
      withCopy(dispatches[use]!),
      ...dispatches.slice(use + 1),
    ],
    copy,
  };
}

function peakOf(dispatches: readonly Dispatch[], made: Set<Storage>, kept: readonly Storage[]): number {
  const first = new Map<Storage, number>();
  const counts = (root: Storage) =>
    made.has(root) && (root.kind === 'activations' || root.kind === 'gradients');
  for (const [index, { storages }] of dispatches.entries())
    for (const { root } of storages) if (counts(root) && !first.has(root)) first.set(root, index);
  const last = lastUses(dispatches, kept);
  const lifetimes = [...first].map(([storage, from]) => {
    const { kind, bytes } = storage;
    return { kind, bytes, first: from, last: last.get(storage)! };
  });
  return highest(lifetimes, dispatches.length)[0];
}
