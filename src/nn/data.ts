/** Samples on the host: checked once, cut into batches, shuffled. */
import { Tensor } from '../autograd/tensor.ts';
import type { Engine } from '../gpu/engine.ts';
import { fromValues } from '../ops/input.ts';
import { type DType, isFloat, show } from '../values/dtype.ts';
import { ArgumentError, DataError, ShapeError } from '../values/errors.ts';
import { flatten, isTypedArray, shapeOfNested, type TensorValues } from '../values/nested.ts';
import { checkShape, type Shape, showShape, sizeOf } from '../values/shape.ts';

type Numbers = Float32Array | Int32Array | Uint32Array | Uint8Array;

/** Samples along the first axis: a tensor, nested arrays, or a typed array with its shape. */
export type Samples = Tensor | TensorValues | { readonly values: TensorValues; readonly shape: Shape };

export class Dataset {
  readonly name: string;
  readonly values: Numbers;
  readonly shape: Shape;
  readonly dtype: DType;
  /** Number of samples. */
  readonly count: number;
  readonly #stride: number;

  private constructor(name: string, values: Numbers, shape: Shape, dtype: DType) {
    this.name = name;
    this.values = values;
    this.shape = shape;
    this.dtype = dtype;
    this.count = shape[0]!;
    this.#stride = sizeOf(shape.slice(1));
  }

  static of(name: string, values: Float32Array, shape: Shape): Dataset {
    return new Dataset(name, values, shape, 'float32');
  }

  /** Throws `ShapeError`, `DataError`. */
  static async from(name: string, samples: Samples): Promise<Dataset> {
    if (samples instanceof Tensor) {
      if (samples.rank === 0)
        throw new ShapeError(`${name}: a scalar has no samples; its first axis must be the batch`);
      return new Dataset(name, await samples.data(), samples.shape, samples.dtype);
    }
    const shaped =
      typeof samples === 'object' && samples !== null && 'values' in samples && 'shape' in samples;
    const values = shaped ? (samples.values as TensorValues) : (samples as TensorValues);
    if (!Array.isArray(values) && !isTypedArray(values)) {
      throw new ArgumentError(
        `${name}: expected a tensor, nested arrays or { values, shape }, got ${show(values)}`,
      );
    }
    const own = isTypedArray(values) ? [values.length] : shapeOfNested(name, values);
    const shape = checkShape(name, shaped ? samples.shape : own);
    const flat = flatten(values) as ArrayLike<number>;
    if (flat.length !== sizeOf(shape)) {
      throw new ShapeError(
        `${name}: ${flat.length} values for shape ${showShape(shape)} of ${sizeOf(shape)} elements`,
      );
    }
    if (!isTypedArray(values) || typeof flat[0] === 'bigint') requireNumbers(name, flat);
    if (flat instanceof Int32Array) return new Dataset(name, flat, shape, 'int32');
    return new Dataset(name, flat instanceof Float32Array ? flat : Float32Array.from(flat), shape, 'float32');
  }

  /** The same values for an input of this dtype. Throws `DataError` where an integer is wanted and a value is none. */
  as(dtype: DType): Dataset {
    if (isFloat(dtype) === isFloat(this.dtype)) return this;
    if (isFloat(dtype)) return new Dataset(this.name, Float32Array.from(this.values), this.shape, 'float32');
    const index = this.values.findIndex((value) => !Number.isInteger(value) || Math.abs(value) > 2 ** 31 - 1);
    if (index < 0) return new Dataset(this.name, Int32Array.from(this.values), this.shape, 'int32');
    const [sample, element] = [Math.floor(index / this.#stride), index % this.#stride];
    throw new DataError(
      `${this.name}: ${this.values[index]} in sample ${sample}, element ${element}; use whole numbers of 32 bits`,
    );
  }

  /** Throws `DataError` at the first value that is NaN or infinite. */
  requireFinite(): void {
    if (!isFloat(this.dtype)) return;
    const index = this.values.findIndex((value) => !Number.isFinite(value));
    if (index < 0) return;
    const [sample, element] = [Math.floor(index / this.#stride), index % this.#stride];
    throw new DataError(
      `${this.name}: ${this.values[index]} in sample ${sample}, element ${element}; use finite numbers`,
    );
  }

  /** Throws `DataError` at the first value that is no class number below `classes`. */
  requireClasses(classes: number): void {
    const index = this.values.findIndex((value) => !Number.isInteger(value) || value < 0 || value >= classes);
    if (index < 0) return;
    throw new DataError(
      `${this.name}: label ${this.values[index]} of sample ${Math.floor(index / this.#stride)}; use class numbers from 0 to ${classes - 1}`,
    );
  }

  /** The samples named by `order[from .. to - 1]` as a tensor. */
  batch(engine: Engine, order: Uint32Array, from: number, to: number): Tensor {
    const stride = this.#stride;
    const dtype = this.dtype === 'int32' ? 'int32' : 'float32';
    const rows = new (dtype === 'int32' ? Int32Array : Float32Array)((to - from) * stride);
    for (let row = from; row < to; row++) {
      const start = order[row]! * stride;
      rows.set(this.values.subarray(start, start + stride), (row - from) * stride);
    }
    return fromValues(engine, rows, [to - from, ...this.shape.slice(1)], dtype, this.name);
  }

  /** Two datasets: the first `count - held` samples, and the last `held`. */
  split(held: number): [Dataset, Dataset] {
    const cut = this.count - held;
    const part = (from: number, to: number) => {
      const values = this.values.subarray(from * this.#stride, to * this.#stride);
      return new Dataset(this.name, values, [to - from, ...this.shape.slice(1)], this.dtype);
    };
    return [part(0, cut), part(cut, this.count)];
  }
}

/** Throws `DataError` at the first value that is neither a number nor a boolean: conversion would make 0 or NaN of it. */
function requireNumbers(name: string, values: ArrayLike<unknown>): void {
  for (let index = 0; index < values.length; index++) {
    if (typeof values[index] === 'number' || typeof values[index] === 'boolean') continue;
    throw new DataError(`${name}: value ${show(values[index])} at index ${index}; use numbers or booleans`);
  }
}

/** The numbers 0 to n - 1. */
export function inOrder(n: number): Uint32Array {
  return Uint32Array.from({ length: n }, (_, index) => index);
}
