/** `lstmGates`: the pointwise part of an LSTM's step in one kernel, and one for its gradient; and the composition that it equals. */
import { defineOp } from '../autograd/op.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import { lstmGatesGradientKernel, lstmGatesKernel } from '../kernels/gates.ts';
import { requireDType } from '../values/dtype.ts';
import { ShapeError } from '../values/errors.ts';
import { showShape } from '../values/shape.ts';
import { add } from './add.ts';
import { cast } from './cast.ts';
import { split } from './concat.ts';
import { zerosLike } from './creation.ts';
import { mul } from './mul.ts';
import { secondDerivatives } from './second-derivative.ts';
import { sigmoid } from './sigmoid.ts';
import { tanh } from './tanh.ts';

const op = defineOp<undefined>({
  name: 'lstmGates',
  precision: 'allow',
  uniform: [0],
  infer: ([gates, c]) => {
    requireDType('lstmGates', 'gates', gates!.dtype, ['float32', 'float16']);
    requireDType('lstmGates', 'c', c!.dtype, ['float32']);
    const [rows, units] = c!.shape;
    if (c!.rank !== 2 || gates!.rank !== 2 || gates!.shape[0] !== rows || gates!.shape[1] !== 4 * units!) {
      throw new ShapeError(
        `lstmGates: gates are ${showShape(gates!.shape)}, c is ${showShape(c!.shape)}; use (rows, 4 units) and (rows, units)`,
      );
    }
    return [
      { shape: c!.shape, dtype: gates!.dtype },
      { shape: c!.shape, dtype: 'float32' },
    ];
  },
  forward: ([gates, c], [h, next]) => lstmGatesKernel(gates!, c!, h!, next!, c!.shape[1]!),
  backward: ({ gradients: [dh, dNext], inputs: [gates, c], outputs: [h, next] }) =>
    gradientOp([gates!, c!, dh ?? zerosLike(h!), dNext ?? zerosLike(next!)], undefined),
});

const gradientOp = defineOp<undefined>({
  name: 'lstmGatesGradient',
  precision: 'allow',
  uniform: [0, 2],
  infer: ([gates, c]) => [gates!, c!].map(({ shape, dtype }) => ({ shape, dtype })),
  forward: ([gates, c, dh, dNext], [dGates, dc]) =>
    lstmGatesGradientKernel([gates!, c!, dh!, dNext!], [dGates!, dc!], c!.shape[1]!),
  backward: ({ gradients, inputs: [gates, c, dh, dNext] }) => {
    const composition = (gates: Tensor, c: Tensor) => composedLstmGates(gates, c, tanh, sigmoid);
    return secondDerivatives(composition, [gates!, c!], [dh!, dNext!], gradients);
  },
});

/**
 * Hidden state and cell (rows, units) after a step: next = sigmoid(f) c + sigmoid(i) tanh(g), h = sigmoid(o) tanh(next), from `gates`
 * (rows, 4 units), which are i, f, g and o side by side, and the cell `c` in float32. `h` has the dtype of the gates. Hochreiter and
 * Schmidhuber 1997, Gers et al. 2000. Throws `ShapeError`, `DtypeError`.
 */
export function lstmGates(gates: Tensor, c: Tensor): [h: Tensor, next: Tensor] {
  return op([gates, c], undefined) as [Tensor, Tensor];
}

type Function = (x: Tensor) => Tensor;

/** The same with other functions: `activation` of candidate and cell, `recurrent` of the gates; in float32 until h is stored. */
export function composedLstmGates(
  gates: Tensor,
  c: Tensor,
  activation: Function,
  recurrent: Function,
): [h: Tensor, next: Tensor] {
  return tidy(() => {
    const [i, f, g, o] = split(cast(gates, 'float32'), 4, 1) as [Tensor, Tensor, Tensor, Tensor];
    const next = add(mul(recurrent(f), c), mul(recurrent(i), activation(g)));
    return [cast(mul(recurrent(o), activation(next)), gates.dtype), next];
  });
}
