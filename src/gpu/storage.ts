/** GPU memory: buffers by life and size bucket, reference counts, and the engine's own byte budget. */

import { OutOfMemoryError } from '../values/errors.ts';
import { BufferUsage } from './constants.ts';

/** `kept` lives until released and is never shared over time; `step` returns to the pool when released. */
export type Life = 'kept' | 'step';

/** A GPU buffer with what the engine must know of it. */
export interface DeviceBuffer {
  readonly gpu: GPUBuffer;
  /** Identity in bind-group cache keys. */
  readonly id: number;
  readonly bytes: number;
  /** Serial of the newest recorded command list that uses it. */
  usedBy: number;
}

/** What memory is for, as reports name it. */
export type Kind =
  | 'weights'
  | 'f16 copies'
  | 'optimizer slots'
  | 'weight gradients'
  | 'activations'
  | 'gradients'
  | 'inputs'
  | 'outputs'
  | 'constants'
  | 'programs'
  | 'tensors'
  | 'other';

/** Memory of one tensor or variable, with a reference count. Without a buffer while a traced program has not been planned. */
export class Storage {
  references = 1;
  /** A storage inside another one, its arena, begins at this byte of it and has no buffer of its own. */
  arena: Storage | undefined;
  offset = 0;
  /** Storages that lie inside this one: what writes it writes them. */
  parts: readonly Storage[] = [];
  /** How often it was written: what a tape recorded must not have changed when its gradient is taken. */
  version = 0;
  /** Changes when a copy appears that is to be written with it: programs that write it must be traced anew. */
  generation = 0;
  /** Made inside a traced function: its buffer belongs to the program, not to whoever holds a reference. */
  traced = false;
  readonly bytes: number;
  readonly life: Life;
  readonly kind: Kind;
  #buffer: DeviceBuffer | undefined;

  constructor(bytes: number, life: Life, kind: Kind = life === 'kept' ? 'other' : 'tensors') {
    this.bytes = bytes;
    this.life = life;
    this.kind = kind;
  }

  get buffer(): DeviceBuffer | undefined {
    return this.arena ? this.arena.buffer : this.#buffer;
  }

  set buffer(buffer: DeviceBuffer | undefined) {
    this.#buffer = buffer;
  }

  /** The storage that owns the buffer. */
  get root(): Storage {
    return this.arena ? this.arena.root : this;
  }
}

/** A storage as it is bound: its buffer, or its part of an arena's. */
export interface Span {
  readonly buffer: DeviceBuffer;
  readonly offset: number;
  /** Bytes in whole quads; undefined for all of the buffer. */
  readonly bytes: number | undefined;
}

export function spanOf({ buffer, arena, offset, bytes }: Storage): Span {
  return { buffer: buffer!, offset, bytes: arena && Math.ceil(bytes / 16) * 16 };
}

export interface MemoryReport {
  /** Bytes of buffers that hold live tensors, variables and optimizer state. */
  bytesInUse: number;
  /** Highest value that `bytesInUse` has had. */
  peakBytes: number;
  /** Bytes of free buffers kept for reuse. */
  pooledBytes: number;
  /** Number of GPU buffers, pooled ones included. */
  buffers: number;
  /** `bytesInUse` by what they are for. */
  byKind: { [kind in Kind]?: number };
}

/** Four buckets an octave, at least 256 bytes: at most a quarter more than was asked for, and always whole quads. */
export function bucketOf(bytes: number): number {
  if (bytes <= 256) return 256;
  const step = 2 ** (Math.ceil(Math.log2(bytes)) - 3);
  return Math.ceil(bytes / step) * step;
}

export function megabytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

/** Bytes of released buffers that wait for the next submit at most. */
const MAX_CONDEMNED = 2 ** 26;

/** The driver never reports running out of memory (a touched buffer beyond it ends the process), so bytes are counted here. */
export class Allocator {
  readonly #device: GPUDevice;
  readonly #budget: number;
  readonly #free = new Map<number, DeviceBuffer[]>();
  #condemned: DeviceBuffer[] = [];
  #condemnedBytes = 0;
  /** Most bytes of one binding, in whole quads. */
  readonly #limit: number;
  /** Submits what is recorded, so that released buffers can be destroyed; set by the queue. */
  relieve: () => void = () => {};
  #report = { bytesInUse: 0, peakBytes: 0, pooledBytes: 0, buffers: 0 };
  readonly #byKind = new Map<Kind, number>();
  /** GPU buffers made so far: a replayed step makes none. */
  created = 0;
  #nextId = 1;

  constructor(device: GPUDevice, budget: number) {
    this.#device = device;
    this.#budget = budget;
    const { maxStorageBufferBindingSize, maxBufferSize } = device.limits;
    this.#limit = Math.floor(Math.min(maxStorageBufferBindingSize, maxBufferSize) / 16) * 16;
  }

  /** Most bytes of one storage. */
  get limit(): number {
    return this.#limit;
  }

  report(): MemoryReport {
    return {
      ...this.#report,
      byKind: Object.fromEntries([...this.#byKind].filter(([, bytes]) => bytes > 0)),
    };
  }

  /** Throws `OutOfMemoryError` when one storage is larger than can be bound. */
  checkSize(where: string, bytes: number): void {
    const limit = this.#limit;
    if (bytes > limit) {
      throw new OutOfMemoryError(
        `${where}: ${megabytes(bytes)} in one tensor; this adapter binds at most ${megabytes(limit)}; split it along its first axis`,
      );
    }
  }

  /** Gives `storage` a buffer. Contents are undefined. Throws `OutOfMemoryError` beyond the budget, leaving all as it was. */
  back(storage: Storage, where: string): void {
    this.checkSize(where, storage.bytes);
    const bytes = Math.min(bucketOf(storage.bytes), this.#limit);
    const pooled = this.#free.get(bytes)?.pop();
    if (pooled) this.#report.pooledBytes -= bytes;
    storage.buffer = pooled ?? this.#create(bytes, where, storage.life);
    this.#count(storage, bytes);
    this.#report.peakBytes = Math.max(this.#report.peakBytes, this.#report.bytesInUse);
  }

  /** Takes the buffer back: a `step` buffer into the pool, a `kept` one to be destroyed by `destroyCondemned`. */
  reclaim(storage: Storage): void {
    const { arena, buffer } = storage;
    if (arena) {
      storage.arena = undefined;
      if (--arena.references === 0) this.reclaim(arena);
      return;
    }
    if (!buffer) return;
    storage.buffer = undefined;
    this.#count(storage, -buffer.bytes);
    if (storage.life === 'kept') {
      this.#condemned.push(buffer);
      this.#condemnedBytes += buffer.bytes;
      if (this.#condemnedBytes > MAX_CONDEMNED) this.relieve();
      return;
    }
    this.#report.pooledBytes += buffer.bytes;
    const list = this.#free.get(buffer.bytes);
    if (list) list.push(buffer);
    else this.#free.set(buffer.bytes, [buffer]);
  }

  /** Condemns every pooled buffer. */
  trim(): void {
    for (const list of this.#free.values()) this.#condemned.push(...list);
    this.#free.clear();
    this.#condemnedBytes += this.#report.pooledBytes;
    this.#report.pooledBytes = 0;
  }

  /** Destroys released buffers and says whether there were any. Only for when no recorded command waits to be submitted. */
  destroyCondemned(): boolean {
    const condemned = this.#condemned;
    this.#condemned = [];
    this.#condemnedBytes = 0;
    for (const { gpu } of condemned) gpu.destroy();
    this.#report.buffers -= condemned.length;
    return condemned.length > 0;
  }

  #create(bytes: number, where: string, life: Life): DeviceBuffer {
    if (this.#held() + bytes > this.#budget) {
      this.trim();
      this.relieve();
    }
    if (this.#held() + bytes > this.#budget) {
      throw new OutOfMemoryError(
        `${where}: ${megabytes(bytes)} more would pass the memory budget of ${megabytes(this.#budget)} ` +
          `(${megabytes(this.#report.bytesInUse)} in use); dispose tensors, wrap steps in tidy or jit, or open({ memoryBudget })`,
      );
    }
    const gpu = this.#device.createBuffer({
      label: `${life} ${bytes}`,
      size: bytes,
      usage: BufferUsage.STORAGE | BufferUsage.COPY_SRC | BufferUsage.COPY_DST,
    });
    this.#report.buffers++;
    this.created++;
    return { gpu, id: this.#nextId++, bytes, usedBy: 0 };
  }

  #count({ kind }: Storage, bytes: number): void {
    this.#report.bytesInUse += bytes;
    this.#byKind.set(kind, (this.#byKind.get(kind) ?? 0) + bytes);
  }

  #held(): number {
    return this.#report.bytesInUse + this.#report.pooledBytes + this.#condemnedBytes;
  }
}
