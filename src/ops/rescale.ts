/** Gradients times powers of two whose exponents lie in GPU memory: how float16 gradients stay in range on their way back. */
import { defineOp, type Op } from '../autograd/op.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import { meetKernel, rescaleKernel } from '../kernels/rescale.ts';
import type { DType, FloatDType } from '../values/dtype.ts';
import { cast } from './cast.ts';
import { minimum } from './minimum.ts';

interface Scaling {
  readonly mode: 'UP' | 'DOWN';
  readonly dtype: DType;
}

const scaling: Op<Scaling> = defineOp<Scaling>({
  name: 'rescale',
  precision: 'clear',
  uniform: [0],
  infer: ([x], { dtype }) => [{ shape: x!.shape, dtype }],
  forward: ([x, exponent], [y], { mode }) => rescaleKernel(mode, { of: x!, exponent: exponent! }, y!),
  backward: ({ gradients: [upstream], inputs: [x, exponent], attributes: { mode } }) => [
    scaling([upstream!, exponent!], { mode, dtype: x!.dtype })[0]!,
  ],
});

const meeting = defineOp<undefined>({
  name: 'rescaledSum',
  precision: 'clear',
  uniform: [0, 2],
  infer: ([a]) => [{ shape: a!.shape, dtype: a!.dtype }],
  forward: ([a, p, b, q], [y]) => meetKernel({ of: a!, exponent: p! }, { of: b!, exponent: q! }, y!),
  backward: ({ gradients: [upstream], inputs: [a, p, b, q] }) => {
    const raised = scaleUp(upstream!, minimum(p!, q!), 'float32');
    return [scaleDown(raised, p!, a!.dtype), null, scaleDown(raised, q!, b!.dtype), null];
  },
});

/** `x` 2^exponent in `dtype`; the exponent is an int32 scalar, and beyond float32's range the product saturates. */
export function scaleUp(x: Tensor, exponent: Tensor, dtype: DType = x.dtype): Tensor {
  return scaling([x, exponent], { mode: 'UP', dtype })[0]!;
}

/** `x` 2^-exponent in `dtype`. */
export function scaleDown(x: Tensor, exponent: Tensor, dtype: DType = x.dtype): Tensor {
  return scaling([x, exponent], { mode: 'DOWN', dtype })[0]!;
}

/** What `a` is 2^p times, plus what `b` is 2^q times, times 2^min(p, q); float32 where the dtypes differ. */
export function rescaledSum(a: Tensor, p: Tensor, b: Tensor, q: Tensor): Tensor {
  return tidy(() => {
    const dtype: FloatDType = a.dtype === 'float16' && b.dtype === 'float16' ? 'float16' : 'float32';
    return meeting([cast(a, dtype), p, cast(b, dtype), q], undefined)[0]!;
  });
}
