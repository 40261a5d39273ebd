/** `gruGates`: the pointwise part of a GRU's step in one kernel, and one for its gradient; and the composition that it equals. */
import { defineOp } from '../autograd/op.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import { gruGatesGradientKernel, gruGatesKernel } from '../kernels/gates.ts';
import { requireDType } from '../values/dtype.ts';
import { ShapeError } from '../values/errors.ts';
import { sameShape, showShape } from '../values/shape.ts';
import { add } from './add.ts';
import { cast } from './cast.ts';
import { split } from './concat.ts';
import { requireOneDType } from './input.ts';
import { mul } from './mul.ts';
import { secondDerivatives } from './second-derivative.ts';
import { sigmoid } from './sigmoid.ts';
import { sub } from './sub.ts';
import { tanh } from './tanh.ts';

const op = defineOp<undefined>({
  name: 'gruGates',
  precision: 'allow',
  infer: ([x, inner, h]) => {
    requireDType('gruGates', 'x', x!.dtype, ['float32', 'float16']);
    requireOneDType('gruGates', { x, inner, h });
    const wanted = [h!.shape[0]!, 3 * h!.shape[1]!];
    if (h!.rank !== 2 || !sameShape(x!.shape, wanted) || !sameShape(inner!.shape, wanted)) {
      throw new ShapeError(
        `gruGates: x is ${showShape(x!.shape)}, inner is ${showShape(inner!.shape)}, h is ${showShape(h!.shape)}; use (rows, 3 units) twice and (rows, units)`,
      );
    }
    return [{ shape: h!.shape, dtype: h!.dtype }];
  },
  forward: ([x, inner, h], [y]) => gruGatesKernel(x!, inner!, h!, y!, h!.shape[1]!),
  backward: ({ gradients: [dy], inputs: [x, inner, h] }) => gradientOp([x!, inner!, h!, dy!], undefined),
});

const gradientOp = defineOp<undefined>({
  name: 'gruGatesGradient',
  precision: 'allow',
  infer: ([x, inner, h]) => [x!, inner!, h!].map(({ shape, dtype }) => ({ shape, dtype })),
  forward: ([x, inner, h, dy], [dx, dInner, dh]) =>
    gruGatesGradientKernel([x!, inner!, h!, dy!], [dx!, dInner!, dh!], h!.shape[1]!),
  backward: ({ gradients, inputs: [x, inner, h, dy] }) => {
    const composition = (...xs: Tensor[]) => [composedGruGates(xs[0]!, xs[1]!, xs[2]!, tanh, sigmoid)];
    return secondDerivatives(composition, [x!, inner!, h!], [dy!], gradients);
  },
});

/**
 * The state (rows, units) after a step: z h + (1 - z) tanh(xc + r ic), z = sigmoid(xz + iz), r = sigmoid(xr + ir), from `x`
 * (rows, 3 units), which is xz, xr and xc side by side, and `inner`, the product of `h` and the recurrent kernel, likewise. Cho et al.
 * 2014 with the reset after the product. All of one dtype. Throws `ShapeError`, `DtypeError`.
 */
export function gruGates(x: Tensor, inner: Tensor, h: Tensor): Tensor {
  return op([x, inner, h], undefined)[0]!;
}

type Function = (x: Tensor) => Tensor;

/** The same with other functions: `activation` of the candidate, `recurrent` of the gates; in float32 until the state is stored. */
export function composedGruGates(
  x: Tensor,
  inner: Tensor,
  h: Tensor,
  activation: Function,
  recurrent: Function,
): Tensor {
  return tidy(() => {
    const [xz, xr, xc] = split(cast(x, 'float32'), 3, 1) as [Tensor, Tensor, Tensor];
    const [iz, ir, ic] = split(cast(inner, 'float32'), 3, 1) as [Tensor, Tensor, Tensor];
    const candidate = activation(add(xc, mul(recurrent(add(xr, ir)), ic)));
    return cast(between(recurrent(add(xz, iz)), cast(h, 'float32'), candidate), h.dtype);
  });
}

/** `z a + (1 - z) b`. */
export function between(z: Tensor, a: Tensor, b: Tensor): Tensor {
  return tidy(() => add(b, mul(z, sub(a, b))));
}
