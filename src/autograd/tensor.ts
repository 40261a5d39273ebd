/** Tensors: immutable arrays in GPU memory. All but reading is synchronous and only records work. */
import type { Engine } from '../gpu/engine.ts';
import type { Storage } from '../gpu/storage.ts';
import { BYTES, type DType } from '../values/dtype.ts';
import { DisposedError } from '../values/errors.ts';
import { decode, type NestedArray, nest } from '../values/nested.ts';
import { type Shape, showShape, sizeOf } from '../values/shape.ts';
import { enterScope, leaveScopes } from './scope.ts';

let ids = 0;

/** A new identity on tapes. */
export function nextId(): number {
  return ++ids;
}

interface Hold {
  readonly engine: Engine;
  readonly storage: Storage;
}

// Best effort for tensors that nobody disposed: the collector feels no pressure from GPU memory.
const forgotten = new FinalizationRegistry<Hold>(({ engine, storage }) => engine.release(storage));

export interface TensorRole {
  /** Identity on tapes; aliases of one tensor share it. */
  id?: number;
  /** The f32 values of a trainable variable: every tape watches them. */
  trainable?: boolean;
  /** The f16 copy of an f32 variable: its gradient may be, and stay, float32. */
  halfCopy?: boolean;
  /** Its gradient may be, and stay, float32, where it comes so: what narrows it scales it first. */
  wideGradient?: boolean;
  /** The variable whose values it is. */
  variable?: VariableValues;
}

/** A variable, as its values know it. */
export interface VariableValues {
  readonly name: string;
  /** Its gradient is a statistic that optimizers put in its place. */
  readonly overwriteWithGradient: boolean;
  /** The values in another dtype: an f32 variable keeps its f16 copy. */
  read(dtype: DType): Tensor;
}

export class Tensor {
  readonly id: number;
  readonly engine: Engine;
  readonly shape: Shape;
  readonly dtype: DType;
  /** Number of elements. */
  readonly size: number;
  /** Whether every tape watches it; a variable may change this of its values. */
  trainable: boolean;
  readonly halfCopy: boolean;
  readonly wideGradient: boolean;
  readonly variable: VariableValues | undefined;
  #storage: Storage | undefined;

  /** Takes over one reference to `storage`. Made by ops and by `tensor()`, not by users. */
  constructor(engine: Engine, storage: Storage, shape: Shape, dtype: DType, role: TensorRole = {}) {
    this.id = role.id ?? nextId();
    this.engine = engine;
    this.#storage = storage;
    this.shape = shape;
    this.dtype = dtype;
    this.size = sizeOf(shape);
    this.trainable = role.trainable ?? false;
    this.halfCopy = role.halfCopy ?? false;
    this.wideGradient = role.wideGradient ?? false;
    this.variable = role.variable;
    forgotten.register(this, { engine, storage }, this);
    enterScope(this);
  }

  get rank(): number {
    return this.shape.length;
  }

  get disposed(): boolean {
    return this.#storage === undefined;
  }

  /** GPU memory. Throws `DisposedError` after `dispose`, or when the engine is closed. */
  get storage(): Storage {
    this.engine.check();
    if (!this.#storage) {
      throw new DisposedError(
        `tensor of shape ${showShape(this.shape)}: it was disposed; return it from tidy, or ht.keep it`,
      );
    }
    if (this.#storage.traced && !this.engine.tracing) {
      throw new DisposedError(
        `tensor of shape ${showShape(this.shape)}: it was made inside a traced function; return it from there`,
      );
    }
    return this.#storage;
  }

  /** Another handle on the same values, with a life of its own; a view of another shape or role where given. */
  alias(
    shape: Shape = this.shape,
    role: TensorRole = {
      ...{ id: this.id, trainable: this.trainable },
      ...{ halfCopy: this.halfCopy, wideGradient: this.wideGradient },
      ...(this.variable && { variable: this.variable }),
    },
  ): Tensor {
    const { storage } = this;
    storage.references++;
    return new Tensor(this.engine, storage, shape, this.dtype, role);
  }

  /** The values in row-major order. float16 is widened to float32, which holds every half exactly; bool gives 0 and 1. */
  data(): Promise<Float32Array | Int32Array | Uint32Array | Uint8Array> {
    // Not async: inside a traced function this throws at once, where the mistake is.
    const reading = this.engine.read([{ storage: this.storage, bytes: byteLength(this) }]);
    return reading.then(([bytes]) => decode(bytes!, this.dtype, this.size));
  }

  /** The values as nested arrays; a number for a scalar. */
  array(): Promise<NestedArray> {
    return this.data().then((values) => nest(values, this.shape));
  }

  /** Frees the memory, unless another handle shares it. Twice is once. */
  dispose(): void {
    const storage = this.#storage;
    if (!storage) return;
    this.#storage = undefined;
    forgotten.unregister(this);
    leaveScopes(this);
    this.engine.release(storage);
  }

  toString(): string {
    return `Tensor ${showShape(this.shape)} ${this.dtype}`;
  }
}

export function byteLength({ size, dtype }: { size: number; dtype: DType }): number {
  return size * BYTES[dtype];
}

/** A tensor with undefined contents, for a kernel to write. */
export function emptyTensor(engine: Engine, shape: Shape, dtype: DType, where: string): Tensor {
  const bytes = sizeOf(shape) * BYTES[dtype];
  return new Tensor(engine, engine.allocate(bytes, 'step', where), shape, dtype);
}
