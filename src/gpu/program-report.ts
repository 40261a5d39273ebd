/** What a program holds in memory, and how much of it is alive at each of its dispatches. */
import { textTable } from '../values/text-table.ts';
import { highest, type Lifetime } from './plan.ts';
import { type Kind, megabytes, type Storage } from './storage.ts';

/** One dispatch of a program. */
export interface DispatchInfo {
  /** The kernel with its specialisation. */
  readonly label: string;
  readonly workgroups: readonly [x: number, y: number, z: number];
  /** Multiplications and additions, of kernels that compute more than they move. */
  readonly flops: number | undefined;
  /** Bytes of what is bound, each binding once. */
  readonly bytes: number;
}

export type BytesByKind = { [kind in Kind]?: number };

export class ProgramReport {
  readonly dispatches: number;
  /** GPU buffers of the program's own, and their bytes. */
  readonly buffers: number;
  readonly bytes: number;
  /** The moment when most is alive: bytes, and the dispatch. */
  readonly peak: { readonly bytes: number; readonly dispatch: number; readonly label: string };
  /** What is alive then. */
  readonly peakByKind: BytesByKind;
  /** Bytes of variables and other memory from outside that the program uses. */
  readonly outside: BytesByKind;
  readonly #lifetimes: readonly Lifetime[];

  constructor(
    dispatches: readonly DispatchInfo[],
    lifetimes: readonly Lifetime[],
    owned: readonly Storage[],
    held: readonly Storage[],
  ) {
    this.dispatches = dispatches.length;
    this.buffers = owned.length;
    this.bytes = owned.reduce((sum, { bytes }) => sum + bytes, 0);
    this.#lifetimes = lifetimes;
    const [bytes, dispatch] = highest(lifetimes, this.dispatches);
    this.peak = { bytes, dispatch, label: dispatches[dispatch]?.label ?? '' };
    this.peakByKind = byKind(lifetimes.filter(({ first, last }) => first <= dispatch && dispatch <= last));
    // What lies in an arena is counted with it.
    this.outside = byKind([...new Set(held.map(({ root }) => root))]);
  }

  /** Most bytes of these kinds that are alive at one time. */
  peakOf(...kinds: readonly Kind[]): number {
    return highest(
      this.#lifetimes.filter(({ kind }) => kinds.includes(kind)),
      this.dispatches,
    )[0];
  }

  toString(): string {
    const rows = (title: string, kinds: BytesByKind) =>
      Object.entries(kinds).map(([kind, bytes]) => [title, kind, megabytes(bytes)]);
    const { dispatches, buffers, bytes, peak } = this;
    return [
      `${dispatches} dispatches, ${megabytes(bytes)} in ${buffers} buffers; at most ${megabytes(peak.bytes)} alive at once, in dispatch ${peak.dispatch}`,
      textTable(
        ['memory', 'kind', 'size'],
        [...rows('alive at the peak', this.peakByKind), ...rows('from outside', this.outside)],
      ),
    ].join('\n');
  }
}

function byKind(memory: readonly { readonly kind: Kind; readonly bytes: number }[]): BytesByKind {
  const sums: BytesByKind = {};
  for (const { kind, bytes } of memory) sums[kind] = (sums[kind] ?? 0) + bytes;
  return sums;
}
