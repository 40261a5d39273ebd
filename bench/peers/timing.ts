/** Samples of several measurements taken in turn, so that whatever the machine does meets all of them. */

export interface Source {
  /** Milliseconds per run, over runs of at least `minMs` in all. */
  sample(minMs: number): Promise<number>;
}

export interface TimingOptions {
  readonly samples?: number;
  readonly minMs?: number;
}

export interface Timing {
  /** Milliseconds per run, in the order they were taken. */
  readonly samples: readonly number[];
  readonly median: number;
  readonly p20: number;
  readonly p80: number;
}

export function timingOf(samples: readonly number[]): Timing {
  const sorted = [...samples].sort((a, b) => a - b);
  const quantile = (q: number): number => {
    const place = q * (sorted.length - 1);
    const [low, high] = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!];
    return low + (high - low) * (place - Math.floor(place));
  };
  return { samples, median: quantile(0.5), p20: quantile(0.2), p80: quantile(0.8) };
}

/**
 * One sample of each source for warm-up, then `samples` (5) of each in turn, of at least `minMs` (10). A source that
 * throws is left out from there on: its place in the answer holds the error.
 */
export async function interleave(
  sources: readonly Source[],
  { samples = 5, minMs = 10 }: TimingOptions = {},
): Promise<(Timing | Error)[]> {
  const taken = sources.map((): number[] | Error => []);
  for (let round = 0; round <= samples; round++) {
    for (const [index, source] of sources.entries()) {
      const mine = taken[index]!;
      if (mine instanceof Error) continue;
      try {
        const time = await source.sample(minMs);
        if (round > 0) mine.push(time);
      } catch (thrown) {
        taken[index] = thrown instanceof Error ? thrown : new Error(String(thrown));
      }
    }
  }
  return taken.map((mine) => (mine instanceof Error ? mine : timingOf(mine)));
}
