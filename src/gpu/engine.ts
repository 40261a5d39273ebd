/** The engine: one device with its pipelines, memory and queue. The rest of Halftape reaches the GPU through it alone. */

import type { DType } from '../values/dtype.ts';
import { ArgumentError, DeviceLostError, DisposedError, HalftapeError } from '../values/errors.ts';
import { type EngineInfo, openDevice } from './adapter.ts';
import { checkEngineOptions, defaultBudget, type EngineOptions, type Host } from './engine-options.ts';
import { encodeParams, Pipelines } from './pipelines.ts';
import { Program, type Trace } from './program.ts';
import { CommandQueue } from './queue.ts';
import { type Call, type ElementType, MAX_GROUPS, type Shader } from './shader.ts';
import type { Libraries } from './specialise.ts';
import { type ReadRequest, Staging } from './staging.ts';
import { Allocator, type MemoryReport, Storage } from './storage.ts';
import { Timer } from './timer.ts';

/** The start of one storage into that of another. */
export interface Copy {
  readonly from: Storage;
  readonly to: Storage;
  readonly bytes: number;
}

export class Engine {
  /** Adapter, features, limits and the form of float16. */
  readonly info: EngineInfo;
  /** Resolves with the reason when the device is lost or the engine closed. Every later call throws `DeviceLostError`, or
   * `DisposedError` after `close`. */
  readonly lost: Promise<string>;
  readonly seed: number;
  /** Counts the times that kernels were chosen anew: programs traced before are traced again. */
  revision = 0;
  readonly #device: GPUDevice;
  readonly #wait: Host['wait'];
  readonly #pipelines: Pipelines;
  readonly #allocator: Allocator;
  readonly #queue: CommandQueue;
  #timer: Timer | undefined;
  #gone: HalftapeError | undefined;
  #failure: HalftapeError | undefined;
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
    this.lost = device.lost.then(({ reason, message }) => {
      const text = `${reason}: ${message}`;
      this.#gone ??= new DeviceLostError(`engine: the device was lost (${text}); open a new engine`);
      return text;
    });
    device.addEventListener('uncapturederror', (event) => {
      this.#failure ??= new HalftapeError(`engine: ${(event as GPUUncapturedErrorEvent).error.message}`);
      event.preventDefault();
    });
  }

  /** Throws `DisposedError` or `DeviceLostError` unless the engine can work. */
  check(): void {
    if (this.#gone) throw this.#gone;
  }

  get closed(): boolean {
    return this.#gone !== undefined;
  }

  /** Memory of `bytes` bytes with undefined contents. Throws `OutOfMemoryError`. */
  allocate(bytes: number, life: 'kept' | 'step', where: string): Storage {
    this.check();
    const storage = new Storage(bytes, life);
    if (this.#trace && life === 'step') {
      this.#allocator.checkSize(where, bytes);
      storage.traced = true;
      this.#trace.made.add(storage);
    } else {
      this.#allocator.back(storage, where);
    }
    return storage;
  }

  /** Memory that holds `data` from the start; inside a traced function it is a constant of the program. */
  store(data: ArrayBufferView, life: 'kept' | 'step', where: string): Storage {
    this.check();
    const storage = new Storage(data.byteLength, life);
    this.#allocator.back(storage, where);
    this.#queue.upload(storage, data);
    if (this.#trace && life === 'step') {
      storage.traced = true;
      this.#trace.made.add(storage);
    }
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
    if (storage.references > 0 || storage.traced || this.#gone) return;
    this.#allocator.reclaim(storage);
  }

  /** Records one dispatch. */
  run<S extends Shader>(shader: S, call: Call<S>): void {
    this.check();
    const bindings = call.bindings as Readonly<Record<string, Storage>>;
    const storages = shader.bindings.map(({ name }) => bindings[name]!);
    for (const [index, { access, name }] of shader.bindings.entries()) {
      const storage = storages[index]!;
      if (access === 'read') continue;
      // WebGPU refuses one buffer bound both ways only at submit; here the kernel can still be named.
      if (storages.indexOf(storage) !== storages.lastIndexOf(storage)) {
        throw new TypeError(`${shader.name}: ${name} is written and bound a second time`);
      }
      storage.version++;
      this.#noteWrite(storage);
    }
    if (call.workgroups.some((count) => count > MAX_GROUPS)) {
      throw new ArgumentError(
        `${shader.name}: ${call.workgroups.join(' x ')} workgroups; an axis takes at most ${MAX_GROUPS}: use smaller tensors`,
      );
    }
    const pipeline = this.#pipelines.get(shader, call);
    const dispatch = {
      pipeline,
      storages,
      params: encodeParams(shader, call.params),
      workgroups: call.workgroups,
    };
    if (this.#trace) {
      for (const storage of storages) this.capture(storage);
      this.#trace.dispatches.push(dispatch);
    } else {
      this.#queue.dispatch(dispatch);
    }
  }

  /** Inside a traced function: keeps a storage from outside for the program, whatever happens to its tensor. */
  capture(storage: Storage): void {
    const trace = this.#trace;
    if (!trace || trace.made.has(storage) || trace.captured.has(storage)) return;
    storage.references++;
    trace.captured.add(storage);
  }

  /** The form in which a dtype lies in this engine's memory. */
  elementType(dtype: DType): ElementType {
    if (dtype === 'float32') return 'f32';
    if (dtype === 'int32') return 'i32';
    if (dtype === 'float16') return this.info.f16 === 'native' ? 'f16' : 'packed';
    return 'u32';
  }

  /** Bytes of each storage, read after all recorded work. Throws what that work or its shaders failed with. */
  read(requests: readonly ReadRequest[]): Promise<ArrayBuffer[]> {
    this.check();
    if (this.#trace) {
      throw new ArgumentError(
        'jit: a tensor is read inside a traced function; return it and read it outside',
      );
    }
    return this.#read(requests);
  }

  /** Submits recorded work and resolves when at most `inFlight` submits are unfinished. */
  async settle(inFlight = 0): Promise<void> {
    this.check();
    this.#queue.submit();
    await this.#wait(this.#queue.settle(inFlight), this.info.software);
    this.check();
    await this.#throwFailures();
  }

  /** Milliseconds that the dispatches of `work` take: by the GPU's timestamps, by the clock where it has none. */
  async time(work: () => void): Promise<number> {
    this.#timer ??= new Timer(this.#device, this.#queue);
    return this.#timer.time(work, () => this.settle());
  }

  /** Runs `fn`, its dispatches recorded into a trace instead of submitted. Step memory made inside is virtual. */
  trace<T>(fn: () => T): { result: T; trace: Trace } {
    this.check();
    const trace: Trace = { dispatches: [], made: new Set(), captured: new Set(), written: new Map() };
    const outer = this.#trace;
    this.#trace = trace;
    try {
      return { result: fn(), trace };
    } catch (error) {
      for (const storage of trace.made) this.#allocator.reclaim(storage);
      for (const storage of trace.captured) this.release(storage);
      throw error;
    } finally {
      this.#trace = outer;
    }
  }

  get tracing(): boolean {
    return this.#trace !== undefined;
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

  disposeProgram(program: Program): void {
    if (this.#gone) return;
    this.#queue.submit();
    program.dispose((storage) => this.release(storage));
  }

  memory(): MemoryReport {
    return this.#allocator.report();
  }

  /** Submits made so far; a training step should make one. */
  get submits(): number {
    return this.#queue.submits;
  }

  /** Frees everything; tensors and models of this engine are gone with it. Twice is once. */
  close(): void {
    if (this.#gone) return;
    this.#gone = new DisposedError('engine: closed; open a new one');
    this.#device.destroy();
  }

  #noteWrite(storage: Storage): void {
    const trace = this.#trace;
    if (!trace || trace.made.has(storage) || trace.written.has(storage)) return;
    trace.written.set(storage, storage.generation);
  }

  async #read(requests: readonly ReadRequest[]): Promise<ArrayBuffer[]> {
    this.#queue.submit();
    const staging = new Staging(this.#device, requests);
    try {
      await this.#wait(
        staging.map().catch(async (error) => {
          // When the device is lost, mapping may fail a moment before the loss is told.
          await Promise.race([this.lost, new Promise((resolve) => setTimeout(resolve, 50))]);
          this.check();
          throw this.#failure ?? new HalftapeError(`engine: reading failed: ${error}`);
        }),
        this.info.software,
      );
      await this.#throwFailures();
      return staging.take();
    } finally {
      staging.destroy();
    }
  }

  async #throwFailures(): Promise<void> {
    try {
      await this.#pipelines.checked();
    } catch (error) {
      // A refused pipeline made the commands around it invalid; its own error says more.
      this.#failure = undefined;
      throw error;
    }
    if (!this.#failure) return;
    const failure = this.#failure;
    this.#failure = undefined;
    throw failure;
  }
}
