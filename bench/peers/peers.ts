/** The peers as the bench sees them: each in a process of its own, checked before it is timed, never ending the bench. */
import { INSTALL, missingPackages, pinned } from './packages.ts';
import { nameOf, type Problem } from './peer.ts';
import { PeerProcess } from './peer-process.ts';
import { check } from './reference.ts';
import { interleave, type Source, type Timing, type TimingOptions } from './timing.ts';

export { installPackages, missingPackages } from './packages.ts';
export { flopsOf, type GemmProblem, nameOf, type Problem, type StepProblem } from './peer.ts';
export { interleave, type Source, type Timing, type TimingOptions, timingOf } from './timing.ts';

export interface PeerDefinition {
  readonly name: string;
  readonly backend: string;
  readonly module: URL;
  /** What it loads; the first one's version is the peer's. */
  readonly packages: readonly string[];
  /** Waits as Halftape does on a software adapter: its kernels against ours, without what its host code loses. */
  readonly lentWait?: boolean;
}

const here = (file: string) => new URL(file, import.meta.url);
const TFJS = ['@tensorflow/tfjs-core', '@tensorflow/tfjs-layers'];

const LIBRARIES: readonly PeerDefinition[] = [
  {
    name: 'tfjs',
    backend: 'webgpu',
    module: here('tfjs.ts'),
    packages: ['@tensorflow/tfjs-backend-webgpu', ...TFJS, 'webgpu'],
  },
  {
    name: 'tfjs',
    backend: 'wasm',
    module: here('tfjs.ts'),
    packages: ['@tensorflow/tfjs-backend-wasm', ...TFJS],
  },
  { name: 'jax-js', backend: 'webgpu', module: here('jax.ts'), packages: ['@jax-js/jax', 'webgpu'] },
  { name: 'jax-js', backend: 'wasm', module: here('jax.ts'), packages: ['@jax-js/jax'] },
  {
    name: 'onnxruntime-web',
    backend: 'webgpu',
    module: here('ort-web.ts'),
    packages: ['onnxruntime-web', 'webgpu'],
  },
  {
    name: 'onnxruntime-node',
    backend: 'native cpu',
    module: here('ort-node.ts'),
    packages: ['onnxruntime-node'],
  },
];

/** Every library as its users run it, and those on WebGPU once more with a lent wait. */
export const PEERS: readonly PeerDefinition[] = LIBRARIES.flatMap((peer) =>
  peer.backend === 'webgpu' ? [peer, { ...peer, lentWait: true }] : [peer],
);

/** The message is one line: `peer tfjs webgpu: gemm ... not measured, because ...`. */
export class PeerError extends Error {
  /** The peer has no such case: nothing went wrong. */
  readonly absent: boolean;

  constructor(message: string, absent = false) {
    super(message);
    this.name = 'PeerError';
    this.absent = absent;
  }
}

/** A case whose result has been found right: only such a one can be timed. */
export interface PeerCase extends Source {
  /** Largest error met in the check: absolute in a product, relative in a step's losses. */
  readonly error: number;
  /** The peer sums halves in f16: its result is right only to that, and misses the tests' tolerance for f16. */
  readonly coarse: boolean;
  /** Rejects with a `PeerError`. */
  sample(minMs: number): Promise<number>;
  release(): Promise<void>;
}

export type Measurement = Timing & Pick<PeerCase, 'error' | 'coarse'>;

export interface PeerHandle {
  readonly name: string;
  readonly version: string;
  readonly backend: string;
  /** The name of its WebGPU adapter, known once it has prepared a case. */
  readonly adapter: string | undefined;
  /** Computes the problem and checks the result; what a peer prepared before is released. Never rejects. */
  prepare(problem: Problem): Promise<PeerCase | PeerError>;
  /** Prepares, times alone and releases. Never rejects. */
  measure(problem: Problem, options?: TimingOptions): Promise<Measurement | PeerError>;
  close(): void;
}

export interface StartPeersOptions {
  /** `tfjs` or `tfjs webgpu`; all of them if absent. */
  readonly names?: readonly string[] | undefined;
  /** Part of the adapter's name, as `open({ adapter })` takes it. */
  readonly adapter?: string | undefined;
  /** Milliseconds for one request; default 120,000. */
  readonly timeout?: number;
  readonly definitions?: readonly PeerDefinition[];
}

const TIMEOUT = 120_000;
/** A peer whose process dies is started again for the next case, so many times in all. */
const STARTS = 3;

/** Handles of the peers; a peer's process starts with its first case. */
export function startPeers(options: StartPeersOptions = {}): PeerHandle[] {
  const { names, definitions = PEERS, adapter, timeout = TIMEOUT } = options;
  for (const name of names ?? []) {
    if (definitions.some((peer) => isCalled(peer, name))) continue;
    const known = definitions.map((peer) => `'${peer.name} ${peer.backend}'`).join(', ');
    throw new Error(`startPeers: no peer is called '${name}'; there are ${known}`);
  }
  return definitions
    .filter((peer) => names === undefined || names.some((name) => isCalled(peer, name)))
    .map((peer) => new Handle(peer, adapter, timeout));
}

function isCalled(peer: PeerDefinition, name: string): boolean {
  return name === peer.name || name === `${peer.name} ${peer.backend}`;
}

class Handle implements PeerHandle {
  readonly name: string;
  readonly version: string;
  readonly backend: string;
  adapter: string | undefined;
  readonly #packages: readonly string[];
  readonly #process: PeerProcess;
  readonly #timeout: number;
  #starts = 0;
  /** Why no further case is tried. */
  #given: string | undefined;
  /** Counts preparations: a case of an earlier one is void. */
  #turn = 0;

  constructor(peer: PeerDefinition, adapter: string | undefined, timeout: number) {
    const { name, backend, module, packages, lentWait } = peer;
    this.name = name;
    this.backend = lentWait ? `${backend}, lent wait` : backend;
    this.version = packages[0] ? pinned(packages[0]) : '';
    this.#packages = packages;
    this.#process = new PeerProcess(module, { backend, adapter, lentWait });
    this.#timeout = timeout;
  }

  async prepare(problem: Problem): Promise<PeerCase | PeerError> {
    const turn = ++this.#turn;
    try {
      await this.#open();
      const { result } = await this.#process.ask({ op: 'prepare', problem }, this.#timeout);
      if (!result) return new PeerError(`peer ${this.name} ${this.backend} has no ${nameOf(problem)}`, true);
      const { error, coarse = false, wrong } = check(problem, result);
      if (wrong) throw new Error(`its result is wrong: ${wrong}`);
      return {
        error,
        coarse,
        sample: (minMs) => this.#sample(problem, turn, minMs),
        release: () => this.#release(turn),
      };
    } catch (thrown) {
      return this.#refusal(problem, thrown);
    }
  }

  async measure(problem: Problem, options?: TimingOptions): Promise<Measurement | PeerError> {
    const prepared = await this.prepare(problem);
    if (prepared instanceof PeerError) return prepared;
    const [timing] = await interleave([prepared], options);
    await prepared.release();
    if (timing instanceof Error) return timing as PeerError; // a case's sample() rejects with nothing else
    return { ...timing!, error: prepared.error, coarse: prepared.coarse };
  }

  close(): void {
    this.#turn++;
    this.#given = 'it was closed';
    this.#process.stop();
  }

  async #open(): Promise<void> {
    if (this.#given) throw new Error(this.#given);
    if (this.#process.running) return;
    const missing = missingPackages().filter((name) => this.#packages.includes(name));
    if (missing.length > 0) throw new Error(`${missing.join(', ')} is not installed; run: ${INSTALL}`);
    this.#starts++;
    this.#process.start();
    try {
      const { adapter } = await this.#process.ask({ op: 'open' }, this.#timeout);
      this.adapter = adapter;
    } catch (thrown) {
      this.#process.stop();
      this.#given = messageOf(thrown);
      throw thrown;
    }
  }

  async #sample(problem: Problem, turn: number, minMs: number): Promise<number> {
    try {
      if (turn !== this.#turn) throw new Error('its case was released');
      const { msPerRun } = await this.#process.ask({ op: 'sample', minMs }, this.#timeout);
      return msPerRun;
    } catch (thrown) {
      throw this.#refusal(problem, thrown);
    }
  }

  async #release(turn: number): Promise<void> {
    if (turn !== this.#turn || !this.#process.running) return;
    this.#turn++;
    await this.#process.ask({ op: 'release' }, this.#timeout).catch(() => this.#process.stop());
  }

  #refusal(problem: Problem, thrown: unknown): PeerError {
    const reason = messageOf(thrown);
    if (!this.#process.running && this.#starts >= STARTS) this.#given ??= reason;
    return new PeerError(
      `peer ${this.name} ${this.backend}: ${nameOf(problem)} not measured, because ${reason}`,
    );
  }
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
