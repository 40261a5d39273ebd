/** `prod`: the product over all or some axes, held in f32. */
import { gradientsThrough } from '../autograd/gradients-through.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { cast } from './cast.ts';
import { cut, inset } from './cut.ts';
import { mul } from './mul.ts';
import { withAxesLast } from './normalization-inputs.ts';
import { type ReduceGradient, reduceOp } from './reduce-op.ts';
import { reshape } from './reshape.ts';

/** Product over `axes` (all by default); `keepDims` keeps them with size 1. The gradient divides by nothing: zeros are no exception. */
export const prod = reduceOp('prod', 'PROD', 'infer', { gradient: productGradient }).reduce;

/** Through products of halves, which have gradients of any order. */
function productGradient({ upstream, x, y }: ReduceGradient): Tensor {
  const folded = x.shape.flatMap((size, axis) => (y.shape[axis] === size ? [] : [axis]));
  const byHalves = () => {
    const { moved } = withAxesLast(cast(x, 'float32'), folded);
    return [cast(reshape(productOfRows(reshape(moved, [y.size, -1])), y.shape), y.dtype)];
  };
  return gradientsThrough(byHalves, { inputs: [x], outputs: [y], needs: [true] }, [upstream])[0]!;
}

function productOfRows(x: Tensor): Tensor {
  const [rows, columns] = x.shape as [number, number];
  if (columns === 1) return x;
  const half = Math.ceil(columns / 2);
  const first = cut(x, { begin: [0, 0], size: [rows, half] });
  const rest = cut(x, { begin: [0, half], size: [rows, columns - half] });
  const filled = columns % 2 === 0 ? rest : inset(rest, [rows, half], { before: [0, 0], value: 1 });
  return productOfRows(mul(first, filled));
}
