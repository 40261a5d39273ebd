/** Operation: an op as a layer, with its arguments, so that models with `x[:, 0]` or `x / y` between layers can be saved. */
import type { Tensor } from '../../autograd/tensor.ts';
import type { TensorLike } from '../../ops/input.ts';
import { list, show } from '../../values/dtype.ts';
import { ArgumentError, ShapeError } from '../../values/errors.ts';
import { type NestedArray, shapeOfNested } from '../../values/nested.ts';
import { type Shape, showShape } from '../../values/shape.ts';
import { Layer, type LayerOptions } from '../layer.ts';
import { Arguments } from '../operations/arguments.ts';
import type { OperationRow } from '../operations/row.ts';
import { OPERATIONS } from '../operations/table.ts';
import { isShapeList, listed, shapesIn, type Tensors } from '../several.ts';

export interface OperationOptions extends LayerOptions {
  /** Such as `'getItem'`, `'power'`, `'mean'`: Keras's names of `keras.ops`. */
  op: string;
  /**
   * What the op takes beside its inputs, axes counted with the batch as axis 0: `{ axis: [1, 2], keepDims: true }`. A number or nested lists in
   * the place of a tensor are a constant: `{ x2: 2 }`.
   */
  arguments?: Readonly<Record<string, unknown>>;
}

/** Stands for the size of the batch while shapes are inferred: a prime, so that no arithmetic of sizes gives it by chance. */
const BATCH = 1_000_003;

/** Of one tensor, or of several in the op's order. The batch stays the first axis, and samples do not mix. */
export class Operation extends Layer<Tensors, Tensor> {
  override readonly takes = 'either';
  readonly op: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly #row: OperationRow;
  readonly #given: Arguments;

  constructor(options: OperationOptions) {
    super('operation', options, ['op', 'arguments']);
    const { op, arguments: given = {} } = options;
    if (typeof op !== 'string' || !Object.hasOwn(OPERATIONS, op))
      throw new ArgumentError(`${this.name}: unknown op ${show(op)}; use ${list(Object.keys(OPERATIONS))}`);
    this.op = op;
    this.arguments = { ...given };
    this.#row = OPERATIONS[op]!;
    const { operands, parameters } = this.#row;
    const known = [...(operands === 'list' ? [] : operands), ...parameters];
    const unknown = Object.keys(given).find((name) => !known.includes(name));
    if (unknown !== undefined)
      throw new ArgumentError(`${this.name}: unknown argument '${unknown}' of ${op}; use ${list(known)}`);
    this.#given = new Arguments(`${this.name}: ${op}`, this.arguments);
  }

  outputShape(sample: Shape | readonly Shape[]): Shape {
    const given = shapesIn(sample).map((shape) => [BATCH, ...shape]);
    const operands = this.#operands<Shape>(given, (value) => shapeOfNested(this.name, value));
    const result = this.#row.shape(operands, this.#given);
    const shapes = (isShapeList(result) ? result : [result]).map((shape) => this.#sampleOf(shape as Shape));
    return (isShapeList(result) ? shapes : shapes[0]!) as Shape;
  }

  protected call(x: Tensors): Tensor {
    const inputs = listed<Tensor>(x);
    const result = this.#row.run(
      this.#operands<TensorLike>(inputs, (value) => value),
      this.#given,
    );
    const batch = inputs[0]!.shape[0];
    const mixed = listed<Tensor>(result).find(({ shape }) => shape[0] !== batch);
    if (mixed)
      throw new ShapeError(`${this.name}: ${this.op} of ${batch} samples gives ${showShape(mixed.shape)}`);
    return result as Tensor;
  }

  /** Any number of samples of any shape that the op takes. */
  protected override checkSample(): void {}

  /** Inputs, and constants where arguments name them. Throws `ArgumentError`. */
  #operands<T>(inputs: readonly T[], constant: (value: NestedArray) => T): readonly T[] {
    const { operands } = this.#row;
    if (operands === 'list') return inputs;
    const rest = [...inputs];
    const found = operands.map((name) => {
      const value = this.arguments[name];
      return value === undefined || value === null ? rest.shift() : constant(value as NestedArray);
    });
    const wanted = operands.filter((name) => (this.arguments[name] ?? null) === null);
    if (wanted.length !== inputs.length)
      throw new ArgumentError(
        `${this.name}: ${inputs.length} inputs of ${this.op}; give ${wanted.length}: ${wanted.join(', ')}`,
      );
    return found as readonly T[];
  }

  #sampleOf(shape: Shape): Shape {
    const [batch, ...sample] = shape;
    if (batch !== BATCH || sample.some((size) => size === BATCH))
      throw new ShapeError(
        `${this.name}: ${this.op} ${show(this.arguments)} changes or moves the axis of the batch; keep it axis 0`,
      );
    return sample;
  }
}
