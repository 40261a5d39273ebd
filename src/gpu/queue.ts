/** Recorded GPU work in order: dispatches, uploads, copies and programs; one encoder, one pass and one submit a flush. */
import { BufferUsage } from './constants.ts';
import type { Dispatch } from './dispatch.ts';
import { PARAMS_STRIDE, type Pipeline, type Pipelines } from './pipelines.ts';
import type { Workgroups } from './shader.ts';
import { type Allocator, type DeviceBuffer, type Span, type Storage, spanOf } from './storage.ts';

/** Work that encodes itself into the open pass, its buffers bound beforehand: a planned program. */
export interface Replayable {
  encode(pass: GPUComputePassEncoder): void;
}

type Command =
  | {
      kind: 'dispatch';
      pipeline: Pipeline;
      spans: readonly Span[];
      params: ArrayBuffer;
      workgroups: Workgroups;
    }
  | { kind: 'upload'; buffer: DeviceBuffer; offset: number; bytes: Uint8Array<ArrayBuffer> }
  | { kind: 'copy'; from: Span; to: Span; bytes: number }
  | { kind: 'replay'; replayable: Replayable };

/** Commands recorded before they are submitted by themselves. */
const LONG = 64;
/** Submits whose work is not finished; beyond it commands wait in JavaScript, where they cost little. */
const MAX_IN_FLIGHT = 8;
/** Bytes of waiting uploads beyond which they are submitted all the same. */
const MAX_WAITING_BYTES = 2 ** 28;

export class CommandQueue {
  readonly #device: GPUDevice;
  readonly #pipelines: Pipelines;
  readonly #allocator: Allocator;
  #commands: Command[] = [];
  #waitingBytes = 0;
  /** A flush waits for earlier work to end. */
  #held = false;
  /** Set while work is recorded that must stay in one pass. */
  #whole: { readonly timestamps: GPUComputePassTimestampWrites | undefined } | undefined;
  /** Serial of the command list being recorded. */
  #serial = 1;
  #inFlight = new Set<Promise<unknown>>();
  #arena: { gpu: GPUBuffer; id: number } | undefined;
  #arenas = 0;
  /** Submits made so far. */
  submits = 0;

  constructor(device: GPUDevice, pipelines: Pipelines, allocator: Allocator) {
    this.#device = device;
    this.#pipelines = pipelines;
    this.#allocator = allocator;
    allocator.relieve = () => this.submit();
  }

  dispatch({ pipeline, storages, params, workgroups }: Dispatch): void {
    // Buffers are taken now: a storage may be released, and its buffer given to another one, before the flush.
    this.#push({
      kind: 'dispatch',
      pipeline,
      spans: storages.map((storage) => this.#use(storage)),
      params,
      workgroups,
    });
  }

  /** Writes `data` from byte `offset` of `storage` on, a multiple of 4, after everything recorded before. */
  upload(storage: Storage, data: ArrayBufferView, offset = 0): void {
    const { buffer, offset: start } = spanOf(storage);
    const own = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
    const waits = buffer.usedBy === this.#serial;
    let bytes = own;
    if (waits || own.byteLength % 4 !== 0) {
      bytes = new Uint8Array(Math.ceil(own.byteLength / 4) * 4);
      bytes.set(own);
    }
    if (waits) {
      this.#waitingBytes += bytes.byteLength;
      this.#push({ kind: 'upload', buffer: this.#use(storage).buffer, offset: start + offset, bytes });
    } else {
      this.#device.queue.writeBuffer(buffer.gpu, start + offset, bytes);
    }
  }

  copy(from: Storage, to: Storage, bytes: number): void {
    this.#push({ kind: 'copy', from: this.#use(from), to: this.#use(to), bytes: Math.ceil(bytes / 4) * 4 });
  }

  replay(replayable: Replayable, storages: readonly Storage[]): void {
    for (const { buffer } of storages) buffer!.usedBy = this.#serial;
    this.#push({ kind: 'replay', replayable });
  }

  /** Submits what is recorded, or leaves it to the end of earlier work when much is in flight. */
  flush(): void {
    this.#held = this.#inFlight.size >= MAX_IN_FLIGHT && this.#waitingBytes <= MAX_WAITING_BYTES;
    if (!this.#held) this.submit();
  }

  /** Submits what is recorded. */
  submit(): void {
    this.#held = false;
    if (this.#commands.length > 0) {
      this.#encode();
      this.submits++;
      const ended = () => {
        this.#inFlight.delete(done);
        if (this.#held) this.flush();
      };
      const done: Promise<void> = this.#device.queue.onSubmittedWorkDone().then(ended, ended);
      this.#inFlight.add(done);
    }
    if (this.#allocator.destroyCondemned()) this.#pipelines.forgetBindGroups();
  }

  /** Submits what `work` records, dispatches only, in one pass that writes `timestamps`. */
  inOnePass(work: () => void, timestamps?: GPUComputePassTimestampWrites): void {
    this.submit();
    this.#whole = { timestamps };
    try {
      work();
      this.submit();
    } finally {
      this.#whole = undefined;
    }
  }

  /** Resolves when no more than `most` submits are unfinished. */
  async settle(most: number): Promise<void> {
    while (this.#inFlight.size > most) await Promise.race(this.#inFlight);
  }

  #use(storage: Storage): Span {
    const span = spanOf(storage);
    span.buffer.usedBy = this.#serial;
    return span;
  }

  #push(command: Command): void {
    this.#commands.push(command);
    if (this.#commands.length >= LONG && !this.#whole) this.flush();
  }

  #encode(): void {
    const commands = this.#commands;
    this.#commands = [];
    this.#waitingBytes = 0;
    this.#serial++;
    const { queue } = this.#device;
    const arena = this.#writeParams(commands);
    let encoder: GPUCommandEncoder | undefined;
    let pass: GPUComputePassEncoder | undefined;
    let bound: GPUComputePipeline | undefined;
    let offset = 0;
    const endPass = () => {
      pass?.end();
      pass = bound = undefined;
    };
    const submit = () => {
      endPass();
      if (encoder) queue.submit([encoder.finish()]);
      encoder = undefined;
    };
    for (const command of commands) {
      if (command.kind === 'upload') {
        submit();
        queue.writeBuffer(command.buffer.gpu, command.offset, command.bytes);
        continue;
      }
      encoder ??= this.#device.createCommandEncoder();
      if (command.kind === 'copy') {
        endPass();
        const { from, to, bytes } = command;
        encoder.copyBufferToBuffer(from.buffer.gpu, from.offset, to.buffer.gpu, to.offset, bytes);
        continue;
      }
      pass ??= encoder.beginComputePass(
        this.#whole?.timestamps && { timestampWrites: this.#whole.timestamps },
      );
      if (command.kind === 'replay') {
        command.replayable.encode(pass);
        bound = undefined;
        continue;
      }
      const { pipeline, spans, workgroups } = command;
      if (bound !== pipeline.gpu) pass.setPipeline(pipeline.gpu);
      bound = pipeline.gpu;
      pass.setBindGroup(0, this.#pipelines.bindGroup(pipeline, spans, arena!.gpu, arena!.id), [offset]);
      pass.dispatchWorkgroups(...workgroups);
      offset += PARAMS_STRIDE;
    }
    submit();
  }

  /** Params of every dispatch in one write; the arena may be rewritten at once, since queue operations keep their order. */
  #writeParams(commands: readonly Command[]): { gpu: GPUBuffer; id: number } | undefined {
    const dispatches = commands.filter((command) => command.kind === 'dispatch');
    if (dispatches.length === 0) return this.#arena;
    const bytes = new Uint8Array(dispatches.length * PARAMS_STRIDE);
    for (const [index, { params }] of dispatches.entries())
      bytes.set(new Uint8Array(params), index * PARAMS_STRIDE);
    if (!this.#arena || this.#arena.gpu.size < bytes.byteLength) {
      this.#arena?.gpu.destroy();
      this.#pipelines.forgetBindGroups();
      this.#arena = {
        gpu: this.#device.createBuffer({
          label: 'params',
          size: Math.max(2 * bytes.byteLength, LONG * PARAMS_STRIDE),
          usage: BufferUsage.UNIFORM | BufferUsage.COPY_DST,
        }),
        id: ++this.#arenas,
      };
    }
    this.#device.queue.writeBuffer(this.#arena.gpu, 0, bytes);
    return this.#arena;
  }
}
