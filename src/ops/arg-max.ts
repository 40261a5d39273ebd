/** `argMax`: the index of the largest value along an axis, the first of equals. */

import { defineOp } from '../autograd/op.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import { argMaxKernel } from '../kernels/arg_max.ts';
import { ShapeError } from '../values/errors.ts';
import { normaliseAxes } from '../values/shape.ts';
import { type TensorLike, toTensor } from './input.ts';
import { transpose } from './transpose.ts';

const op = defineOp<undefined>({
  name: 'argMax',
  precision: 'clear',
  infer: ([x]) => [{ shape: x!.shape.slice(0, -1), dtype: 'int32' }],
  forward: ([x], [y]) => argMaxKernel(x!, y!, x!.shape.at(-1)!),
});

/** int32, in the shape of `x` without `axis` (the first by default, as in TensorFlow.js). Throws `ShapeError` for a scalar. */
export function argMax(x: TensorLike, axis = 0): Tensor {
  return tidy(() => {
    const tensor = toTensor('argMax', x);
    if (tensor.rank === 0) throw new ShapeError('argMax: x is a scalar; use a tensor of rank 1 or more');
    const [along] = normaliseAxes('argMax', axis, tensor.rank);
    const others = tensor.shape.map((_, index) => index).filter((index) => index !== along);
    return op([along === tensor.rank - 1 ? tensor : transpose(tensor, [...others, along!])], undefined)[0]!;
  });
}
