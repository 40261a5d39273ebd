/** A traced list of dispatches: its step memory planned by lifetime, its bind groups made once, replayed with new inputs. */
import { BufferUsage } from './constants.ts';
import { PARAMS_STRIDE, type Pipelines } from './pipelines.ts';
import type { Replayable } from './queue.ts';
import { type Allocator, bucketOf, type Span, Storage, spanOf } from './storage.ts';
import type { Trace } from './trace.ts';

interface Step {
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly offset: number;
  readonly workgroups: readonly [number, number, number];
}

export class Program implements Replayable {
  readonly #allocator: Allocator;
  readonly #steps: Step[];
  readonly #params: GPUBuffer;
  readonly #owned: Storage[];
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
    this.#owned = plan(allocator, trace, inputs, outputs);
    const { dispatches } = trace;
    const bytes = new Uint8Array(Math.max(1, dispatches.length) * PARAMS_STRIDE);
    for (const [index, { params }] of dispatches.entries())
      bytes.set(new Uint8Array(params), index * PARAMS_STRIDE);
    this.#params = device.createBuffer({
      label: 'program params',
      size: bytes.byteLength,
      usage: BufferUsage.UNIFORM | BufferUsage.COPY_DST,
    });
    device.queue.writeBuffer(this.#params, 0, bytes);
    this.#steps = dispatches.map(({ pipeline, storages, workgroups }, index) => ({
      pipeline: pipeline.gpu,
      bindGroup: pipelines.createBindGroup(pipeline, storages.map(spanOf), this.#params),
      offset: index * PARAMS_STRIDE,
      workgroups,
    }));
  }

  get dispatches(): number {
    return this.#steps.length;
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
    return (
      [...this.#written].some(([{ generation }, before]) => generation !== before) ||
      this.#held.some(({ buffer, offset }, i) => {
        const place = this.#places[i]!;
        return buffer !== place.buffer || offset !== place.offset;
      })
    );
  }

  encode(pass: GPUComputePassEncoder): void {
    let bound: GPUComputePipeline | undefined;
    for (const { pipeline, bindGroup, offset, workgroups } of this.#steps) {
      if (pipeline !== bound) pass.setPipeline(pipeline);
      bound = pipeline;
      pass.setBindGroup(0, bindGroup, [offset]);
      pass.dispatchWorkgroups(workgroups[0], workgroups[1], workgroups[2]);
    }
  }

  /** Returns the program's memory. `release` gives up one reference to a storage from outside. */
  dispose(release: (storage: Storage) => void): void {
    this.#params.destroy();
    for (const storage of this.#owned) this.#allocator.reclaim(storage);
    for (const storage of this.#held) release(storage);
  }
}

/**
 * Gives every virtual storage a buffer, shared between storages whose lifetimes do not meet, and returns the storages
 * that own the buffers. A dispatch's outputs never share with its inputs: WebGPU forbids one buffer bound both ways.
 */
function plan(
  allocator: Allocator,
  { dispatches, made }: Trace,
  inputs: readonly Storage[],
  outputs: readonly Storage[],
): Storage[] {
  const last = new Map<Storage, number>();
  for (const [index, { storages }] of dispatches.entries())
    for (const storage of storages) last.set(storage.root, index);
  for (const { root } of [...inputs, ...outputs]) last.set(root, Number.POSITIVE_INFINITY);
  const owned = [...made].filter(({ buffer, arena }) => buffer !== undefined && !arena);
  const free: Storage[] = [];
  const assigned = new Map<Storage, Storage>();
  const assign = (storage: Storage): void => {
    if (storage.buffer || !made.has(storage)) return;
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
    for (const storage of inputs) assign(storage.root);
    for (const [index, { storages }] of dispatches.entries()) {
      const roots = new Set(storages.map(({ root }) => root));
      for (const storage of roots) assign(storage);
      for (const storage of roots) {
        const owner = assigned.get(storage);
        if (owner && last.get(storage) === index) free.push(owner);
      }
    }
    for (const storage of outputs) assign(storage.root);
  } catch (error) {
    for (const owner of owned) allocator.reclaim(owner);
    throw error;
  }
  return owned;
}
