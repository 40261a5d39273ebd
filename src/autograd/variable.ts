/** Variables: values that optimizers change in place; f32 masters keep an f16 copy in step once someone has read it. */
import type { Engine } from '../gpu/engine.ts';
import type { Storage } from '../gpu/storage.ts';
import { castKernel } from '../kernels/cast.ts';
import { stridedCopyKernel } from '../kernels/strided_copy.ts';
import { BYTES, type DType, isFloat } from '../values/dtype.ts';
import { ArgumentError, DtypeError, ShapeError } from '../values/errors.ts';
import { encode, type NestedArray } from '../values/nested.ts';
import { type Shape, sameShape, showShape, sizeOf, stridesOf } from '../values/shape.ts';
import { recordOp } from './recording.ts';
import { leaveScopes } from './scope.ts';
import { Tensor } from './tensor.ts';

export interface VariableOptions {
  name?: string;
  /** Default true. */
  trainable?: boolean;
  /** Optimizers put the gradient in place of the values: for statistics that a backward pass computes. Default false. */
  overwriteWithGradient?: boolean;
  /** What optimizers bring the values to at the end of each finite step, of the same shape and dtype. Default: they stay. */
  constraint?: (values: Tensor) => Tensor;
}

let unnamed = 0;

export class Variable {
  readonly name: string;
  readonly engine: Engine;
  readonly shape: Shape;
  readonly dtype: DType;
  readonly size: number;
  readonly overwriteWithGradient: boolean;
  readonly constraint: ((values: Tensor) => Tensor) | undefined;
  /** Told when the variable is disposed: the arena in which it lies with others. */
  arena: { leave(): void } | undefined;
  readonly #values: Tensor;
  #half: Tensor | undefined;

  /** `values` in row-major order, as many as `shape` has elements; undefined where they are assigned before anything reads them. */
  constructor(
    engine: Engine,
    values: ArrayLike<number> | undefined,
    shape: Shape,
    dtype: DType,
    options: VariableOptions = {},
  ) {
    this.name = options.name ?? `variable_${++unnamed}`;
    this.engine = engine;
    this.shape = shape;
    this.dtype = dtype;
    this.size = sizeOf(shape);
    const trainable = (options.trainable ?? true) && isFloat(dtype);
    this.overwriteWithGradient = options.overwriteWithGradient ?? false;
    this.constraint = options.constraint;
    const storage = engine.untraced(() =>
      values
        ? engine.store(encode(this.name, values, dtype), 'kept', this.name, 'weights')
        : engine.allocate(this.size * BYTES[dtype], 'kept', this.name, 'weights'),
    );
    this.#values = new Tensor(engine, storage, shape, dtype, { trainable, variable: this });
    leaveScopes(this.#values);
  }

  /** The current values, without a copy: they change with the variable. */
  get values(): Tensor {
    return this.#values;
  }

  /** Whether tapes watch it by themselves. */
  get trainable(): boolean {
    return this.#values.trainable;
  }

  /** Integers stay untrainable. Programs of `jit` that were traced before go on as they are. */
  set trainable(value: boolean) {
    this.#values.trainable = value && isFloat(this.dtype);
  }

  get storage(): Storage {
    return this.#values.storage;
  }

  /** Memory of the f16 copy, where one is kept: optimizers write it together with the master. */
  get halfStorage(): Storage | undefined {
    return this.#half?.storage;
  }

  /**
   * The values as a tensor of `dtype`. An f32 variable read as float16 gives its copy, which costs no work; on tapes this
   * is a cast, and the gradient stays float32 where the op that makes it can leave it so.
   */
  read(dtype: DType = this.dtype): Tensor {
    if (dtype === this.dtype) return this.#values;
    if (this.dtype !== 'float32' || dtype !== 'float16') {
      throw new DtypeError(`${this.name}: a ${this.dtype} variable cannot be read as ${dtype}; use ht.cast`);
    }
    const copy = this.keepCopy().alias(this.shape, { halfCopy: true, variable: this });
    recordOp('cast', [this.#values], [copy], ([gradient]) => [gradient]);
    return copy;
  }

  /** Replaces the values. Throws `ShapeError` or `DtypeError` when they do not fit; then nothing has changed. */
  assign(value: Tensor | ArrayLike<number>): this {
    if (!(value instanceof Tensor)) return this.#assignValues(value);
    this.checkValue(value);
    if (value.storage === this.storage) return this;
    stridedCopyKernel(value, this.#values, this.shape, stridesOf(this.shape));
    if (this.#half) castKernel(this.#values, this.#half);
    return this;
  }

  /** Throws `ShapeError`, `DtypeError` or `ArgumentError` unless `value` can take the place of the values. */
  checkValue(value: Tensor): void {
    if (!sameShape(value.shape, this.shape)) {
      throw new ShapeError(
        `${this.name}: assigned shape ${showShape(value.shape)}, it has ${showShape(this.shape)}`,
      );
    }
    if (value.dtype !== this.dtype) {
      throw new DtypeError(`${this.name}: assigned ${value.dtype}, it is ${this.dtype}; use ht.cast`);
    }
    if (value.engine !== this.engine) {
      throw new ArgumentError(`${this.name}: assigned a tensor of another engine; use await data()`);
    }
  }

  async data(): Promise<Float32Array | Int32Array | Uint32Array | Uint8Array> {
    return this.#values.data();
  }

  async array(): Promise<NestedArray> {
    return this.#values.array();
  }

  get disposed(): boolean {
    return this.#values.disposed;
  }

  dispose(): void {
    this.#values.dispose();
    this.#half?.dispose();
    this.arena?.leave();
  }

  toString(): string {
    return `Variable ${this.name} ${showShape(this.shape)} ${this.dtype}`;
  }

  #assignValues(values: ArrayLike<number>): this {
    const { engine, name, shape, dtype } = this;
    if (values.length !== this.size) {
      throw new ShapeError(
        `${name}: assigned ${values.length} values, it has ${this.size} ${showShape(shape)}`,
      );
    }
    if (!engine.tracing) {
      engine.write(this.storage, encode(name, values, dtype));
      if (this.#half) castKernel(this.#values, this.#half);
      return this;
    }
    const constant = new Tensor(
      engine,
      engine.store(encode(name, values, dtype), 'step', name),
      shape,
      dtype,
    );
    this.assign(constant);
    constant.dispose();
    return this;
  }

  /** The f16 copy, from now on written with the master. */
  keepCopy(): Tensor {
    if (this.#half) return this.#half;
    const { engine } = this;
    return engine.untraced(() => {
      const storage = engine.allocate(this.size * BYTES.float16, 'kept', this.name, 'f16 copies');
      const half = new Tensor(engine, storage, this.shape, 'float16');
      leaveScopes(half);
      castKernel(this.#values, half);
      this.#half = half;
      this.storage.generation++;
      return half;
    });
  }
}
