/** What the bench finds out: one row a case, and what its rate and its share of a ceiling are. */
import type { Timing } from './measure.ts';
import type { TimedSuite } from './options.ts';
import type { OpProblem } from './peers/peer.ts';

/**
 * A limit of the adapter that a row is a share of: an arithmetic rate, the copy rate for so many bytes moved, or the lower of both.
 */
export type Limit = 'fmaF32' | 'fmaF16' | 'matrix' | 'roofline' | { readonly copyOf: number };

/** What a case is, known before it is measured. */
export interface Case {
  readonly suite: TimedSuite;
  /** For example `512x512x512 NN`. */
  readonly name: string;
  /** `f32`, `f16` or `packed`; of a step the policy. */
  readonly storage: string;
  readonly kernel: string;
  /** Additions and multiplications of one time; 0 where the suite counts bytes. */
  readonly flops: number;
  /** Bytes that one time must at least read and write. */
  readonly bytes: number;
  readonly limit: Limit;
  readonly shape?: {
    readonly m: number;
    readonly k: number;
    readonly n: number;
    readonly batch: number;
    readonly layout: string;
  };
  /** One of several ways to do the same, listed by --candidates. */
  readonly candidate?: boolean;
  readonly step?: StepFacts;
  /** What peers are asked. */
  readonly problem?: OpProblem;
}

/** A measured case, or one that failed. */
export interface Row extends Case {
  readonly timing: Timing | undefined;
  readonly failure?: string;
}

/** What else is known of a training step. */
export interface StepFacts {
  /** Widths of its layers, for example `784-512-512-10`, and samples of a batch. */
  readonly model: string;
  readonly batch: number;
  readonly dispatches: number;
  /** JavaScript's microseconds in one replayed step, and in as many bare WebGPU calls in the same minutes, by dispatch. */
  readonly hostMicrosPerDispatch: number;
  readonly bareMicrosPerDispatch: number;
  /** Made by one replayed step. */
  readonly submits: number;
  readonly buffersCreated: number;
  readonly bindGroupsCreated: number;
  /** Most bytes of the program that are alive at once: of all, of activations and their gradients, of the weights' gradients. */
  readonly peakBytes: number;
  readonly activationBytes: number;
  readonly weightGradientBytes: number;
  /** Milliseconds a step in each tenth of so many steps, with --steps. */
  readonly drift?: { readonly steps: number; readonly msPerStep: readonly number[] };
}

/** A limit as it was measured, in GFLOP/s or GB/s. */
export interface Ceilings {
  readonly fmaF32Gflops: number;
  readonly fmaF16Gflops: number | null;
  readonly matrixGflops: number | null;
  readonly copyGBs: number;
  /** Copy rates by bytes read and written, from few to many. */
  readonly copies: readonly { readonly bytes: number; readonly GBs: number }[];
  /** What was the fastest, for example `multiply-add f32: 16 vec4 accumulators`. */
  readonly fastest: readonly string[];
}

/** A case that a peer was measured at. */
export interface PeerRow {
  readonly name: string;
  readonly version: string;
  readonly backend: string;
  readonly suite: 'gemm' | 'step' | 'ops';
  readonly case: string;
  readonly storage: string;
  readonly flops: number;
  readonly bytes: number;
  readonly timing: Timing | undefined;
  /** Ours, timed in turns with it. */
  readonly ours: Timing | undefined;
  readonly note: string;
}

/** GFLOP/s, or GB/s where the suite counts bytes. */
export function rateOf({ flops, bytes }: Pick<Case, 'flops' | 'bytes'>, ms: number): number {
  return (flops || bytes) / ms / 1e6;
}

export function unitOf({ flops }: Pick<Case, 'flops'>): 'GFLOP/s' | 'GB/s' {
  return flops ? 'GFLOP/s' : 'GB/s';
}

export function ceilingOf(
  { limit, flops, bytes }: Pick<Case, 'limit' | 'flops' | 'bytes'>,
  ceilings: Ceilings,
): number {
  if (limit === 'fmaF32') return ceilings.fmaF32Gflops;
  if (limit === 'fmaF16') return ceilings.fmaF16Gflops ?? ceilings.fmaF32Gflops;
  if (limit === 'matrix') return ceilings.matrixGflops ?? ceilings.fmaF32Gflops;
  if (limit === 'roofline') {
    const copy = ceilingOf({ limit: { copyOf: bytes }, flops: 0, bytes }, ceilings);
    return flops ? Math.min(ceilings.fmaF32Gflops, (copy * flops) / bytes) : copy;
  }
  // Caches make small copies faster: the one nearest in size is the fair one.
  const distance = (bytes: number) => Math.abs(Math.log(bytes / limit.copyOf));
  return ceilings.copies.reduce((a, b) => (distance(b.bytes) < distance(a.bytes) ? b : a)).GBs;
}

/** Share of the ceiling; nothing where there is no timing. */
export function fractionOf(row: Row, ceilings: Ceilings): number | undefined {
  return row.timing && rateOf(row, row.timing.median) / ceilingOf(row, ceilings);
}

/** How many times as fast as the peer ours is. */
export function ratioOf({ timing, ours }: PeerRow): number | undefined {
  return timing && ours && timing.median / ours.median;
}
