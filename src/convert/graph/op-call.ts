/** A node that is run: its inputs as an op wants them, tensors or numbers on the host. */
import { Tensor } from '../../autograd/tensor.ts';
import { Variable } from '../../autograd/variable.ts';
import type { Engine } from '../../gpu/engine.ts';
import { fromValues } from '../../ops/input.ts';
import { FormatError, ShapeError } from '../../values/errors.ts';
import { type Shape, showShape } from '../../values/shape.ts';
import type { Attributes } from './attributes.ts';
import { HostArray } from './host-array.ts';

/** What nodes give. A variable is a constant of the graph on the GPU. */
export type Value = Tensor | Variable | HostArray;

/** One row of a table of ops: the results of a node, one or several, from its inputs and attributes. */
export type GraphOp = (call: OpCall) => Tensor | HostArray | readonly (Tensor | HostArray)[];
export type OpTable = Readonly<Record<string, GraphOp>>;

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
  input(index: number): Value {
    const value = this.inputs.at(index);
    if (!value) throw new FormatError(`${this.inputs.length} inputs; input ${index} is needed`);
    return value;
  }

  /** Input `index` on the GPU. Throws `ShapeError` for one without elements. */
  tensor(index: number): Tensor {
    return this.upload(this.input(index));
  }

  upload(value: Value): Tensor {
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

  /** Input `index`, which must be known on the host. Throws `ShapeError` where it depends on what the GPU computes. */
  host(index: number): HostArray {
    const value = this.input(index);
    if (value instanceof HostArray) return value;
    throw new ShapeError(
      `input ${index}, ${showShape(value.shape)}, is computed from data; sizes and axes must follow from shapes and constants`,
    );
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
