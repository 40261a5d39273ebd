/** `softmax`, `logSoftmax` and `logSumExp`, computed in f32: over rows; other axes are moved behind the rest first. */
import { defineOp } from '../autograd/op.ts';
import { emptyTensor, type Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import { logSumExpKernel, softmaxKernel } from '../kernels/softmax.ts';
import { requireDType } from '../values/dtype.ts';
import { ShapeError } from '../values/errors.ts';
import { normaliseAxes } from '../values/shape.ts';
import { cast } from './cast.ts';
import { exp } from './exp.ts';
import { type TensorLike, toTensor } from './input.ts';
import { mul } from './mul.ts';
import { floatInput, withAxesLast } from './normalization-inputs.ts';
import { reshape } from './reshape.ts';
import { sub } from './sub.ts';
import { sum } from './sum.ts';

type AlongAxis = (x: TensorLike, axis?: number) => Tensor;

function rowsOp(name: string, log: boolean, gradient: (upstream: Tensor, y: Tensor) => Tensor): AlongAxis {
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
  return (x, axis = -1) =>
    tidy(() => {
      const tensor = checkRows(name, toTensor(name, x));
      const { moved, back } = withAxesLast(tensor, normaliseAxes(name, axis, tensor.rank));
      return back(op([moved], undefined)[0]!);
    });
}

/** e^x / sum of e^x over an axis, the last by default. Throws `ShapeError` for a scalar. */
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

/** log of the sum of e^x over `axes` (all by default), float32; `keepDims` keeps them with size 1. Throws `ShapeError`, `DtypeError`. */
export function logSumExp(x: TensorLike, axes?: number | readonly number[], keepDims = false): Tensor {
  return tidy(() => {
    const tensor = floatInput('logSumExp', x);
    const along = normaliseAxes('logSumExp', axes, tensor.rank);
    const { moved } = withAxesLast(tensor, along);
    const others = tensor.shape.filter((_, axis) => !along.includes(axis));
    const kept = tensor.shape.map((size, axis) => (along.includes(axis) ? 1 : size));
    const rows = reshape(moved, [...others, along.reduce((size, axis) => size * tensor.shape[axis]!, 1)]);
    return reshape(logSumExpOp([rows], undefined)[0]!, keepDims ? kept : others);
  });
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
