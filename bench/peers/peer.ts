/** What a peer is: another library, in a process of its own, that runs the bench's cases on fixed inputs. */

export type Layout = 'NN' | 'NT' | 'TN';
export type Storage = 'f32' | 'f16';

/** C (m, n) = A B. In `TN` A is stored as (k, m), in `NT` B is stored as (n, k). */
export interface GemmProblem {
  readonly suite: 'gemm';
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly layout: Layout;
  readonly storage: Storage;
}

/** Adam steps of an MLP in f32: `widths` from input to classes, ReLU between, mean softmax cross-entropy. */
export interface StepProblem {
  readonly suite: 'step';
  readonly batch: number;
  readonly widths: readonly number[];
}

/** An input of an op: floats in the problem's storage, unless it says otherwise. */
export interface OpInput {
  readonly shape: readonly number[];
  readonly dtype?: 'float32';
  /** Whole numbers below this one. */
  readonly classes?: number;
}

/** An op, or an op and its gradients, by the name that the bench's cases have for it. */
export interface OpProblem {
  readonly suite: 'ops';
  readonly name: string;
  readonly inputs: readonly OpInput[];
  readonly storage: Storage | 'packed';
}

export type Problem = GemmProblem | StepProblem | OpProblem;

/** One problem on one peer, inputs in place. */
export interface Case {
  /** Does the work `times` times; returns only after the result of the last was read back, so that nothing is elided. */
  run(times: number): Promise<void>;
  /** GEMM: C. An op: all results, one after the other. Step: the losses of the first `CHECKED_STEPS` steps; asked for once, before any `run`. */
  result(): Promise<Float32Array>;
  dispose(): void;
}

/** An `undefined` instead of a case: the peer has no such thing. */
export interface Peer {
  /** The adapter's own words, where the backend is WebGPU. */
  readonly adapter?: string;
  gemm(problem: GemmProblem): Promise<Case | undefined>;
  step?(problem: StepProblem): Promise<Case | undefined>;
  op?(problem: OpProblem): Promise<Case | undefined>;
  close(): void;
}

export interface OpenPeerOptions {
  readonly backend: string;
  /** Part of the adapter's name, to choose among several. */
  readonly adapter?: string | undefined;
  /** On a software adapter, to wait as Halftape does instead of as the peer's users do. */
  readonly lentWait?: boolean | undefined;
}

/** What the module of a peer exports. */
export interface PeerModule {
  openPeer(options: OpenPeerOptions): Promise<Peer>;
}

export const ADAM = { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 } as const;
export const CHECKED_STEPS = 5;

/** `gemm 512x512x512 NN f32`, for tables and messages. */
export function nameOf(problem: Problem): string {
  if (problem.suite === 'step') return `step ${problem.widths.join('-')} batch ${problem.batch}`;
  if (problem.suite === 'ops')
    return `${problem.name} ${problem.inputs[0]!.shape.join('x')} ${problem.storage}`;
  const { m, k, n, layout, storage } = problem;
  return `gemm ${m}x${k}x${n} ${layout} ${storage}`;
}

/** Multiplications and additions of one run of a product. */
export function flopsOf({ m, k, n }: GemmProblem): number {
  return 2 * m * k * n;
}
