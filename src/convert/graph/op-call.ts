/** A node that is run: its inputs as an op wants them, tensors or numbers on the host. */
import { Tensor } from '../../autograd/tensor.ts';
import { Variable } from '../../autograd/variable.ts';
import type { Engine } from '../../gpu/engine.ts';
import { fromValues } from '../../ops/input.ts';
import { FormatError, ShapeError } from '../../values/errors.ts';
import { type Shape, showShape } from '../../values/shape.ts';
import type { Attributes } from './attributes.ts';
import { HostArray } from './host-array.ts';
import { type Placed, TensorList } from './tensor-list.ts';

/** What nodes give. */
export type Value = Placed | TensorList;

type Results<R> = R | readonly R[];

/** One row of a table of ops: the results of a node, one or several, from its inputs and attributes. */
export type GraphOp = (call: OpCall) => Results<Tensor | HostArray | TensorList>;
export type OpTable = Readonly<Record<string, GraphOp>>;

/** The same of inputs that are all host arrays. Undefined: the result is for the GPU. */
export type HostOp = (call: OpCall) => Results<HostArray> | undefined;

/** An input that must be known on the host depends on what the GPU computes. */
export class OnGpuError extends ShapeError {
  input = 0;
}

export class OpCall {
  readonly inputs: readonly Value[];
  readonly attributes: Attributes;
  readonly engine: Engine;

  constructor(engine: Engine, inputs: readonly Value[], attributes: Attributes) {
    this.engine = engine;
    this.inputs = inputs;
    this.attributes = attributes;
  }

  /** Throws `FormatError` where the node has fewer inputs. */
  value(index: number): Value {
    const value = this.inputs.at(index);
    if (!value) throw new FormatError(`${this.inputs.length} inputs; input ${index} is needed`);
    return value;
  }

  /** Throws `FormatError` for a list too. */
  input(index: number): Placed {
    return this.placed(this.value(index));
  }

  placed(value: Value): Placed {
    if (value instanceof TensorList) throw new FormatError('an input is a list of tensors; use one tensor');
    return value;
  }

  /** Throws `FormatError` for what is no list of tensors. */
  list(index: number): TensorList {
    const value = this.value(index);
    if (value instanceof TensorList) return value;
    throw new FormatError(`input ${index}, ${showShape(value.shape)}, is no list of tensors`);
  }

  /** Input `index` on the GPU. Throws `ShapeError` for one without elements. */
  tensor(index: number): Tensor {
    return this.upload(this.input(index));
  }

  upload(given: Value): Tensor {
    const value = this.placed(given);
    if (value instanceof Variable) return value.values;
    if (value instanceof Tensor) return value;
    return fromValues(this.engine, value.values as number[], value.shape, value.dtype, 'a constant');
  }

  /** All inputs on the GPU. */
  tensors(): Tensor[] {
    return this.inputs.map((value) => this.upload(value));
  }

  shape(index: number): Shape {
    return this.input(index).shape;
  }

  /** Input `index`, which must be known on the host. Throws `OnGpuError` where it depends on what the GPU computes. */
  host(index: number): HostArray {
    const value = this.input(index);
    if (value instanceof HostArray) return value;
    const error = new OnGpuError(
      `input ${index}, ${showShape(value.shape)}, is computed from data, and sizes and axes must be known; use executeAsync`,
    );
    error.input = index < 0 ? index + this.inputs.length : index;
    throw error;
  }

  /** Input `index` as whole numbers, row by row. */
  ints(index: number): number[] {
    const { values, dtype } = this.host(index);
    const ints = Array.from(values);
    if (dtype === 'bool' || !ints.every(Number.isInteger))
      throw new FormatError(`input ${index} is ${dtype}; use whole numbers`);
    return ints;
  }

  /** Input `index`, which has one element. */
  number(index: number): number {
    const { values, shape } = this.host(index);
    if (values.length !== 1) throw new FormatError(`input ${index} is ${showShape(shape)}; use one number`);
    return values[0]!;
  }
}
