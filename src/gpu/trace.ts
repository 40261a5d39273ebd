/** What a traced function records: its dispatches, the memory it makes, and the memory from outside that it uses. */
import type { Dispatch } from './dispatch.ts';
import type { Kind, Storage } from './storage.ts';

export class Trace {
  readonly dispatches: Dispatch[] = [];
  /** Storages made inside: virtual ones to be planned, and constants with a buffer of their own. */
  readonly made = new Set<Storage>();
  /** Storages from outside; the trace, then its program, has a reference to each. */
  readonly captured = new Set<Storage>();
  /** Those among them that the program writes, with their generation at the first write. */
  readonly written = new Map<Storage, number>();
  /** What memory made now is for. */
  kind: Kind = 'activations';

  make(storage: Storage): void {
    storage.traced = true;
    this.made.add(storage);
  }

  /** Keeps a storage from outside for the program, whatever happens to its tensor. */
  capture(storage: Storage): void {
    if (this.made.has(storage) || this.captured.has(storage)) return;
    storage.references++;
    this.captured.add(storage);
  }

  write(storage: Storage): void {
    if (!this.made.has(storage) && !this.written.has(storage)) this.written.set(storage, storage.generation);
  }

  /** Whether `storage` can become a part of `arena`: no dispatch may read one part of a buffer and write another. */
  canPlace(storage: Storage, arena: Storage): boolean {
    const { made } = this;
    const free = made.has(storage) && made.has(arena) && !storage.buffer && !storage.arena;
    return (
      free &&
      !this.dispatches.some(({ storages, pipeline: { layoutKey } }) => {
        const touched = (root: Storage) => [...layoutKey].filter((_, i) => storages[i]!.root === root);
        const [own, others] = [touched(storage), touched(arena)];
        return own.length > 0 && others.length > 0 && [...own, ...others].includes('w');
      })
    );
  }

  record(dispatch: Dispatch, at = this.dispatches.length): void {
    for (const storage of dispatch.storages) {
      this.capture(storage);
      for (const part of storage.parts) this.capture(part);
    }
    this.dispatches[at] = dispatch;
  }

  /** Place of the dispatch that makes `storage`, where it is a single one. */
  makerOf(storage: Storage): number | undefined {
    const makers = [...this.dispatches.entries()].filter(
      ([
        ,
        {
          storages,
          pipeline: { layoutKey },
        },
      ]) => storages.some((one, i) => one.root === storage.root && layoutKey[i] === 'w'),
    );
    return makers.length === 1 ? makers[0]![0] : undefined;
  }

  /** Whether a dispatch behind place `at` writes `flag`, those left out that may only set it. */
  writtenAfter(at: number, flag: Storage): boolean {
    return this.dispatches
      .slice(at + 1)
      .some(
        ({ storages, flags, pipeline: { layoutKey } }) =>
          flags !== flag && storages.some((one, i) => one === flag && layoutKey[i] === 'w'),
      );
  }
}
