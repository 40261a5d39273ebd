/** What a row of the tables of operations says: which arguments are tensors, and the result, its shape first. */
import type { Tensor } from '../../autograd/tensor.ts';
import type { TensorLike } from '../../ops/input.ts';
import type { Shape } from '../../values/shape.ts';
import type { Tensors } from '../several.ts';
import type { Arguments } from './arguments.ts';

export interface OperationRow {
  /** Names of the arguments that are tensors; `'list'` where they are any number without names. */
  readonly operands: readonly string[] | 'list';
  /** Names of the others. */
  readonly parameters: readonly string[];
  /** Of whole tensors, the batch's axis in front; NaN for sizes that only data tell. Throws `ShapeError`, `ArgumentError`. */
  shape(shapes: readonly Shape[], given: Arguments): Shape | readonly Shape[];
  /** Numbers and lists among the operands are constants of the operation. */
  run(operands: readonly TensorLike[], given: Arguments): Tensors;
}

export type OperationTable = Readonly<Record<string, OperationRow>>;

/** A row of one tensor. */
export function one(
  parameters: readonly string[],
  shape: (shape: Shape, given: Arguments) => Shape | readonly Shape[],
  run: (x: Tensor, given: Arguments) => Tensors,
): OperationRow {
  return {
    ...{ operands: ['x'], parameters },
    shape: ([x], given) => shape(x!, given),
    run: ([x], given) => run(x as Tensor, given),
  };
}
