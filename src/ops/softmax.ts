/** `softmax`, `logSoftmax` and `logSumExp` over the last axis, computed in f32. */
import { defineOp } from '../autograd/op.ts';
import { emptyTensor, type Tensor } from '../autograd/tensor.ts';
import { logSumExpKernel, softmaxKernel } from '../kernels/softmax.ts';
import { requireDType } from '../values/dtype.ts';
import { ShapeError } from '../values/errors.ts';
import { cast } from './cast.ts';
import { exp } from './exp.ts';
import { type TensorLike, toTensor } from './input.ts';
import { mul } from './mul.ts';
import { reshape } from './reshape.ts';
import { sub } from './sub.ts';
import { sum } from './sum.ts';

function rowsOp(
  name: string,
  log: boolean,
  gradient: (upstream: Tensor, y: Tensor) => Tensor,
): (x: TensorLike) => Tensor {
  const op = defineOp<undefined>({
    name,
    precision: 'infer',
    infer: ([x]) => [{ shape: x!.shape, dtype: checkRows(name, x!).dtype }],
    forward: ([x], [y]) => {
      const lse = rowSums(x!);
      softmaxKernel(x!, lse, y!, x!.shape.at(-1)!, log);
      lse.dispose();
    },
    backward: ({ gradients, outputs }) => [gradient(gradients[0]!, outputs[0]!)],
  });
  return (x) => op([toTensor(name, x)], undefined)[0]!;
}

/** e^x / sum of e^x over the last axis. Throws `ShapeError` for a scalar. */
export const softmax = rowsOp('softmax', false, (upstream, y) => {
  const weighted = mul(upstream, y);
  return sub(weighted, mul(y, sum(weighted, -1, true)));
});

/** The logarithm of `softmax`, without its rounding to 0. */
export const logSoftmax = rowsOp('logSoftmax', true, (upstream, y) =>
  sub(upstream, mul(exp(y), sum(upstream, -1, true))),
);

const logSumExpOp = defineOp<undefined>({
  name: 'logSumExp',
  precision: 'deny',
  infer: ([x]) => [{ shape: checkRows('logSumExp', x!).shape.slice(0, -1), dtype: 'float32' }],
  forward: ([x], [y]) => logSumExpKernel(x!, y!, y!.size, x!.shape.at(-1)!, false),
  backward: ({ gradients: [upstream], inputs: [x] }) => {
    const weights = softmax(cast(x!, 'float32'));
    return [mul(weights, reshape(upstream!, [...upstream!.shape, 1]))];
  },
});

/** log of the sum of e^x over the last axis, float32. */
export function logSumExp(x: TensorLike): Tensor {
  return logSumExpOp([toTensor('logSumExp', x)], undefined)[0]!;
}

function rowSums(x: Tensor): Tensor {
  const lse = emptyTensor(x.engine, [...x.shape.slice(0, -1), 2], 'float32', 'softmax');
  logSumExpKernel(x, lse, lse.size / 2, x.shape.at(-1)!, true);
  return lse;
}

function checkRows(name: string, x: Tensor): Tensor {
  requireDType(name, 'x', x.dtype, ['float32', 'float16']);
  if (x.rank === 0) throw new ShapeError(`${name}: x is a scalar; use a tensor of rank 1 or more`);
  return x;
}
