/** Makes ops of two inputs that work element by element and broadcast as NumPy does, on a case of `binary.wgsl`. */
import { defineOp, type PrecisionClass } from '../autograd/op.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { type BinaryCase, binaryKernel } from '../kernels/binary.ts';
import { DtypeError } from '../values/errors.ts';
import { broadcastShapes } from '../values/shape.ts';
import { requireOneDType, type TensorLike, toTensors } from './input.ts';
import { sumTo } from './sum.ts';

export interface BinaryGradient {
  readonly upstream: Tensor;
  readonly a: Tensor;
  readonly b: Tensor;
  readonly y: Tensor;
}

/** Gradients by a and by b in the result's shape; they are summed back to the operands' shapes. Null: none. */
export type BinaryGradients = readonly [
  byA: ((context: BinaryGradient) => Tensor) | null,
  byB: ((context: BinaryGradient) => Tensor) | null,
];

export function binaryOp(
  name: string,
  kernel: BinaryCase,
  precision: PrecisionClass,
  gradients: BinaryGradients | undefined,
  result?: 'bool',
): (a: TensorLike, b: TensorLike) => Tensor {
  const op = defineOp<undefined>({
    name,
    precision,
    infer: ([a, b]) => {
      const shape = broadcastShapes(name, a!.shape, b!.shape);
      requireOneDType(name, { a, b });
      if (a!.dtype === 'bool' && !result)
        throw new DtypeError(`${name}: a and b are bool; cast them to a number first`);
      return [{ shape, dtype: result ?? a!.dtype }];
    },
    forward: ([a, b], [y]) => binaryKernel(kernel, a!, b!, y!),
    backward: ({ gradients: [upstream], inputs: [a, b], outputs: [y], needs }) => {
      const context = { upstream: upstream!, a: a!, b: b!, y: y! };
      return [a!, b!].map((input, i) => {
        const gradient = gradients?.[i];
        return needs[i] && gradient ? sumTo(gradient(context), input) : null;
      });
    },
  });
  return (a, b) => op(toTensors(name, a, b), undefined)[0]!;
}
