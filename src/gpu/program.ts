/** A traced list of dispatches: its step memory planned by lifetime, its bind groups made once, replayed with new inputs. */
import { BufferUsage } from './constants.ts';
import { foldTails } from './folds.ts';
import { PARAMS_STRIDE, type Pipelines } from './pipelines.ts';
import { type Lifetime, plan } from './plan.ts';
import { type DispatchInfo, ProgramReport } from './program-report.ts';
import type { Replayable } from './queue.ts';
import { repeated } from './repeat.ts';
import { type Allocator, type Span, type Storage, spanOf } from './storage.ts';
import type { Trace } from './trace.ts';
import { withoutUnread } from './unread.ts';

/** The start of one storage into that of another. */
export interface Copy {
  readonly from: Storage;
  readonly to: Storage;
  readonly bytes: number;
}

interface Step {
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly workgroups: readonly [number, number, number];
  readonly info: DispatchInfo;
}

export class Program implements Replayable {
  readonly #allocator: Allocator;
  readonly #steps: Step[];
  readonly #params: GPUBuffer;
  /** Of each step's params. As a typed array they reach Dawn sooner than as a list. */
  readonly #offsets: Uint32Array;
  readonly #owned: readonly Storage[];
  readonly #lifetimes: readonly Lifetime[];
  readonly #held: Storage[];
  /** Where the buffers of these lay when they were bound. */
  readonly #places: readonly Span[];
  readonly #written: ReadonlyMap<Storage, number>;

  /**
   * Plans and binds. `inputs` and `outputs` are virtual storages of the trace that keep memory of their own over the
   * whole replay; references to storages from outside (variables, captured tensors) are taken over, until `dispose`.
   */
  constructor(
    device: GPUDevice,
    pipelines: Pipelines,
    allocator: Allocator,
    trace: Trace,
    inputs: readonly Storage[],
    outputs: readonly Storage[],
  ) {
    this.#allocator = allocator;
    this.#held = [...trace.captured];
    this.#places = this.#held.map(spanOf);
    this.#written = trace.written;
    const kept = [...inputs, ...outputs];
    const read = withoutUnread(trace.dispatches, trace.made, kept);
    const dispatches = repeated(foldTails(read, trace.made, kept), trace, kept);
    const { owned, lifetimes } = plan(allocator, { dispatches, made: trace.made }, inputs, outputs);
    this.#owned = owned;
    this.#lifetimes = lifetimes;
    this.#offsets = Uint32Array.from(dispatches, (_, index) => index * PARAMS_STRIDE);
    const bytes = new Uint8Array(Math.max(1, dispatches.length) * PARAMS_STRIDE);
    for (const [index, { params }] of dispatches.entries())
      bytes.set(new Uint8Array(params), index * PARAMS_STRIDE);
    this.#params = device.createBuffer({
      label: 'program params',
      size: bytes.byteLength,
      usage: BufferUsage.UNIFORM | BufferUsage.COPY_DST,
    });
    device.queue.writeBuffer(this.#params, 0, bytes);
    this.#steps = dispatches.map(({ pipeline, storages, workgroups, flops }) => ({
      pipeline: pipeline.gpu,
      bindGroup: pipelines.createBindGroup(pipeline, storages.map(spanOf), this.#params),
      workgroups,
      info: {
        label: pipeline.label,
        workgroups,
        flops,
        bytes: storages.reduce((sum, { bytes }) => sum + bytes, 0),
      },
    }));
  }

  /** Its dispatches in order. */
  get dispatches(): readonly DispatchInfo[] {
    return this.#steps.map(({ info }) => info);
  }

  /** Its memory: what it holds, and when how much of that is alive. */
  report(): ProgramReport {
    return new ProgramReport(this.dispatches, this.#lifetimes, this.#owned, this.#held);
  }

  /** Storages from outside whose buffers the program reads or writes. */
  get captured(): readonly Storage[] {
    return this.#held;
  }

  /** Storages from outside that every replay changes. */
  get written(): Iterable<Storage> {
    return this.#written.keys();
  }

  /** What it writes has got a copy since, which the program knows nothing of, or memory it has bound has moved. */
  get stale(): boolean {
    for (const [{ generation }, before] of this.#written) if (generation !== before) return true;
    // Plain loops: this and `encode` run at every replay.
    for (let i = 0; i < this.#held.length; i++) {
      const [storage, place] = [this.#held[i]!, this.#places[i]!];
      if (storage.buffer !== place.buffer || storage.offset !== place.offset) return true;
    }
    return false;
  }

  encode(pass: GPUComputePassEncoder): void {
    let bound: GPUComputePipeline | undefined;
    const [steps, offsets] = [this.#steps, this.#offsets];
    for (let i = 0; i < steps.length; i++) {
      const { pipeline, bindGroup, workgroups } = steps[i]!;
      if (pipeline !== bound) pass.setPipeline(pipeline);
      bound = pipeline;
      pass.setBindGroup(0, bindGroup, offsets, i, 1);
      pass.dispatchWorkgroups(workgroups[0], workgroups[1], workgroups[2]);
    }
  }

  /** Encodes dispatch `index` alone. */
  encodeOne(pass: GPUComputePassEncoder, index: number): void {
    const { pipeline, bindGroup, workgroups } = this.#steps[index]!;
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindGroup, this.#offsets, index, 1);
    pass.dispatchWorkgroups(...workgroups);
  }

  /** Returns the program's memory. `release` gives up one reference to a storage from outside. */
  dispose(release: (storage: Storage) => void): void {
    this.#params.destroy();
    for (const storage of this.#owned) this.#allocator.reclaim(storage);
    for (const storage of this.#held) release(storage);
  }
}
