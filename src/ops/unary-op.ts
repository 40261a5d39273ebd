/** Makes ops of one input that work element by element, floats only, on a case of `unary.wgsl`. */
import { defineOp, type PrecisionClass } from '../autograd/op.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { type UnaryCase, unaryKernel } from '../kernels/unary.ts';
import { requireDType } from '../values/dtype.ts';
import { type TensorLike, toTensor } from './input.ts';

/** `gradient` gives the gradient by x from the upstream one, x and y; absent where it is zero almost everywhere. */
export function unaryOp(
  name: string,
  kernel: UnaryCase,
  precision: PrecisionClass,
  gradient: ((upstream: Tensor, x: Tensor, y: Tensor) => Tensor) | undefined,
): (x: TensorLike) => Tensor {
  const op = defineOp<undefined>({
    name,
    precision,
    infer: ([x]) => {
      requireDType(name, 'x', x!.dtype, ['float32', 'float16']);
      return [{ shape: x!.shape, dtype: x!.dtype }];
    },
    forward: ([x], [y]) => unaryKernel(kernel, x!, y!),
    backward: ({ gradients, inputs, outputs }) => [gradient?.(gradients[0]!, inputs[0]!, outputs[0]!)],
  });
  return (x) => op([toTensor(name, x)], undefined)[0]!;
}
