/** The engine: one device with its pipelines, memory and queue. The rest of Halftape reaches the GPU through it alone. */

import { ArgumentError } from '../values/errors.ts';
import { type EngineInfo, openDevice } from './adapter.ts';
import { type Dispatch, dispatchOf, writtenBy } from './dispatch.ts';
import { checkEngineOptions, defaultBudget, type EngineOptions, type Host } from './engine-options.ts';
import { Health } from './health.ts';
import { Pipelines } from './pipelines.ts';
import type { Profile } from './profile.ts';
import { profileProgram } from './profiler.ts';
import { type Copy, Program } from './program.ts';
import { CommandQueue } from './queue.ts';
import { Readback, type ReadRequest } from './readback.ts';
import type { Call, Shader } from './shader.ts';
import type { Libraries } from './specialise.ts';
import { Allocator, type Kind, type MemoryReport, Storage } from './storage.ts';
import { Timer } from './timer.ts';
import { Trace } from './trace.ts';

export class Engine {
  /** Adapter, features, limits and the form of float16. */
  readonly info: EngineInfo;
  readonly seed: number;
  /** Counts the times that kernels were chosen anew: programs traced before are traced again. */
  revision = 0;
  readonly #device: GPUDevice;
  readonly #wait: Host['wait'];
  readonly #pipelines: Pipelines;
  readonly #allocator: Allocator;
  readonly #queue: CommandQueue;
  readonly #health: Health;
  readonly #readback: Readback;
  #timer: Timer | undefined;
  #trace: Trace | undefined;

  /** Opens the adapter's device. Throws `AdapterError` or `ArgumentError`. */
  static async open(options: EngineOptions): Promise<Engine> {
    const { memoryBudget, seed, host } = checkEngineOptions(options);
    const { device, info } = await openDevice(options);
    const budget = memoryBudget ?? defaultBudget(info.software, host);
    return new Engine(device, info, host, options.libraries, budget, seed);
  }

  private constructor(
    device: GPUDevice,
    info: EngineInfo,
    host: Host,
    libraries: Libraries,
    memoryBudget: number,
    seed: number,
  ) {
    this.#device = device;
    this.info = info;
    this.seed = seed;
    this.#wait = host.wait;
    this.#pipelines = new Pipelines(device, libraries);
    this.#allocator = new Allocator(device, memoryBudget);
    this.#queue = new CommandQueue(device, this.#pipelines, this.#allocator);
    this.#health = new Health(device, this.#pipelines);
    this.#readback = new Readback(device, this.#health, host.wait, info.software);
  }

  /** Resolves with the reason when the device is lost or closed: later calls throw `DeviceLostError`, `DisposedError`. */
  get lost(): Promise<string> {
    return this.#health.lost;
  }

  /** Throws `DisposedError` or `DeviceLostError` unless the engine can work. */
  check(): void {
    this.#health.check();
  }

  get closed(): boolean {
    return this.#health.gone;
  }

  /** Memory of `bytes` bytes with undefined contents. Throws `OutOfMemoryError`. */
  allocate(bytes: number, life: 'kept' | 'step', where: string, kind?: Kind): Storage {
    this.check();
    const storage = new Storage(bytes, life, life === 'step' ? (kind ?? this.#trace?.kind) : kind);
    if (this.#trace && life === 'step') {
      this.#allocator.checkSize(where, bytes);
      this.#trace.make(storage);
    } else {
      this.#allocator.back(storage, where);
    }
    return storage;
  }

  /** Memory that holds `data` from the start; inside a traced function it is a constant of the program. */
  store(data: ArrayBufferView, life: 'kept' | 'step', where: string, kind?: Kind): Storage {
    this.check();
    const storage = new Storage(data.byteLength, life, kind ?? (this.#trace ? 'constants' : undefined));
    this.#allocator.back(storage, where);
    this.#queue.upload(storage, data);
    if (life === 'step') this.#trace?.make(storage);
    return storage;
  }

  /** Overwrites `storage` from byte `offset` on, after all recorded work. */
  write(storage: Storage, data: ArrayBufferView, offset = 0): void {
    this.check();
    storage.version++;
    this.#queue.upload(storage, data, offset);
  }

  /** Gives up one reference; the memory goes back when none is left. */
  release(storage: Storage): void {
    storage.references--;
    if (storage.references > 0 || storage.traced || this.closed) return;
    this.#allocator.reclaim(storage);
  }

  /** Records one dispatch. */
  run<S extends Shader>(shader: S, call: Call<S>): void {
    this.check();
    this.#record(dispatchOf(this.#pipelines, shader, call));
  }

  /**
   * Inside a traced function: lets the kernel that made `storage` set word 0 of `flag` where it stores an infinity or a
   * NaN. False where no kernel can: none made it alone, it has no such flag, or the flag was read and cleared since.
   */
  flagOverflow(storage: Storage, flag: Storage): boolean {
    const trace = this.#trace;
    const at = trace?.makerOf(storage);
    const flagging = at === undefined ? undefined : trace?.dispatches[at]?.flagging;
    if (!trace || !flagging || trace.writtenAfter(at!, flag)) return false;
    this.#record({ ...flagging(flag), flags: flag }, at);
    return true;
  }

  /** Inside a traced function: keeps a storage from outside for the program, whatever happens to its tensor. */
  capture(storage: Storage): void {
    this.#trace?.capture(storage);
  }

  /** The part of `arena` from byte `offset` on, a multiple of 256, as memory of its own right. */
  slice(arena: Storage, offset: number, bytes: number): Storage {
    const storage = new Storage(bytes, arena.life, arena.kind);
    storage.arena = arena;
    storage.offset = offset;
    storage.traced = arena.traced;
    arena.references++;
    if (this.#trace?.made.has(arena)) this.#trace.made.add(storage);
    return storage;
  }

  /** Most bytes that one storage, and so an arena, may have. */
  get largestBinding(): number {
    return this.#allocator.limit;
  }

  /**
   * Inside a traced function: lets a storage that it made lie in `arena` from the start, at byte `offset`, a multiple of 256.
   * False where it cannot: memory from outside, or work that would read one part of the arena and write another.
   */
  placeTraced(storage: Storage, arena: Storage, offset: number): boolean {
    if (!this.#trace?.canPlace(storage, arena)) return false;
    this.place(storage, arena, offset);
    return true;
  }

  /** Moves a storage, with its contents where it has any yet, into `arena` at byte `offset`, a multiple of 256. */
  place(storage: Storage, arena: Storage, offset: number): void {
    this.check();
    arena.references++;
    if (storage.buffer) {
      const slice = this.slice(arena, offset, storage.bytes);
      this.untraced(() => this.#queue.copy(storage, slice, storage.bytes));
      this.release(slice);
      this.#allocator.reclaim(storage);
    }
    storage.arena = arena;
    storage.offset = offset;
  }

  /** Runs `fn`; step memory made inside a traced function meanwhile is counted as `kind`. */
  during<T>(kind: Kind, fn: () => T): T {
    const trace = this.#trace;
    if (!trace) return fn();
    const before = trace.kind;
    trace.kind = kind;
    try {
      return fn();
    } finally {
      trace.kind = before;
    }
  }

  /** Bytes of each storage, read after all recorded work. Throws what that work or its shaders failed with. */
  read(requests: readonly ReadRequest[]): Promise<ArrayBuffer[]> {
    this.check();
    if (this.#trace) {
      throw new ArgumentError(
        'jit: a tensor is read inside a traced function; return it and read it outside',
      );
    }
    this.#queue.submit();
    return this.#readback.read(requests);
  }

  /** Submits recorded work and resolves when at most `inFlight` submits are unfinished. */
  async settle(inFlight = 0): Promise<void> {
    this.check();
    this.#queue.submit();
    await this.#wait(this.#queue.settle(inFlight), this.info.software);
    this.check();
    await this.#health.throwFailures();
  }

  /** Milliseconds that the dispatches of `work` take: by the GPU's timestamps, by the clock where it has none. */
  async time(work: () => void): Promise<number> {
    this.#timer ??= new Timer(this.#device, this.#queue);
    return this.#timer.time(work, () => this.settle());
  }

  /** Runs `fn`, its dispatches recorded into a trace instead of submitted. Step memory made inside is virtual. */
  trace<T>(fn: () => T): { result: T; trace: Trace } {
    this.check();
    const [trace, outer] = [new Trace(), this.#trace];
    this.#trace = trace;
    try {
      return { result: fn(), trace };
    } catch (error) {
      this.#forget(trace);
      throw error;
    } finally {
      this.#trace = outer;
    }
  }

  /** Runs `fn` as inside a traced function, and forgets the work that it records. */
  rehearse<T>(fn: () => T): T {
    const { result, trace } = this.trace(fn);
    this.#forget(trace);
    return result;
  }

  #forget({ made, captured }: Trace): void {
    for (const storage of made) this.#allocator.reclaim(storage);
    for (const storage of captured) this.release(storage);
  }

  get tracing(): boolean {
    return this.#trace !== undefined;
  }

  /** What is being recorded now, to tell one trace from another. */
  get openTrace(): object | undefined {
    return this.#trace;
  }

  /** Runs `fn` at once even inside a traced function: for state made on first use. */
  untraced<T>(fn: () => T): T {
    const trace = this.#trace;
    this.#trace = undefined;
    try {
      return fn();
    } finally {
      this.#trace = trace;
    }
  }

  program(trace: Trace, inputs: readonly Storage[], outputs: readonly Storage[]): Program {
    this.check();
    try {
      return new Program(this.#device, this.#pipelines, this.#allocator, trace, inputs, outputs);
    } catch (error) {
      for (const storage of trace.captured) this.release(storage);
      throw error;
    }
  }

  /** Records a replay: inputs are copied in, then the dispatches, then each output is copied out. */
  replay(program: Program, inputs: readonly Copy[], outputs: readonly Copy[]): void {
    this.check();
    for (const { from, to, bytes } of inputs) this.#queue.copy(from, to, bytes);
    this.#queue.replay(program, program.captured);
    for (const storage of program.written) storage.version++;
    for (const { from, to, bytes } of outputs) this.#queue.copy(from, to, bytes);
    this.#queue.flush();
  }

  /** Replays once, each dispatch timed by itself. */
  async profile(program: Program, inputs: readonly Copy[]): Promise<Profile> {
    this.check();
    for (const { from, to, bytes } of inputs) this.#queue.copy(from, to, bytes);
    for (const storage of program.written) storage.version++;
    return profileProgram(this.#device, program, () => this.settle());
  }

  disposeProgram(program: Program): void {
    if (this.closed) return;
    this.#queue.submit();
    program.dispose((storage) => this.release(storage));
  }

  memory(): MemoryReport {
    return this.#allocator.report();
  }

  /** What was made so far: a replayed training step should make one submit and nothing else. */
  get made(): { submits: number; buffers: number; bindGroups: number } {
    const { submits } = this.#queue;
    return { submits, buffers: this.#allocator.created, bindGroups: this.#pipelines.bindGroupsMade };
  }

  /** Frees everything; tensors and models of this engine are gone with it. Twice is once. */
  close(): void {
    if (this.closed) return;
    this.#health.close();
    this.#device.destroy();
  }

  #record(dispatch: Dispatch, at?: number): void {
    for (const storage of writtenBy(dispatch)) {
      storage.version++;
      this.#trace?.write(storage);
    }
    if (this.#trace) this.#trace.record(dispatch, at);
    else this.#queue.dispatch(dispatch);
  }
}
