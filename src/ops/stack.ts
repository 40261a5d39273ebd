/** `stack` and `unstack`: tensors put together along a new axis, and taken apart along one that goes. */
import type { Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import { show } from '../values/dtype.ts';
import { ShapeError } from '../values/errors.ts';
import { normaliseAxes, sameShape, showShape } from '../values/shape.ts';
import { concatAlong, split, toParts } from './concat.ts';
import { type TensorLike, toTensor } from './input.ts';
import { expandDims, squeeze } from './squeeze.ts';

/** Tensors of one shape and dtype along a new axis `axis`; -1 is the last. Throws `ShapeError`, `DtypeError`, `ArgumentError`. */
export function stack(tensors: readonly TensorLike[], axis = 0): Tensor {
  return tidy(() => {
    const parts = toParts('stack', tensors);
    const { rank, shape } = parts[0]!;
    if (!Number.isInteger(axis) || axis < -rank - 1 || axis > rank) {
      throw new ShapeError(
        `stack: axis ${show(axis)} for tensors of rank ${rank}; use ${-rank - 1} to ${rank}`,
      );
    }
    const other = parts.findIndex((part) => !sameShape(part.shape, shape));
    if (other >= 0) {
      throw new ShapeError(
        `stack: tensor 0 is ${showShape(shape)}, tensor ${other} is ${showShape(parts[other]!.shape)}; use one shape`,
      );
    }
    const along = axis < 0 ? axis + rank + 1 : axis;
    return concatAlong(
      parts.map((part) => expandDims(part, along)),
      along,
    );
  });
}

/** One tensor for each place along `axis`, without it. Throws `ShapeError` for a scalar. */
export function unstack(x: TensorLike, axis = 0): Tensor[] {
  return tidy(() => {
    const tensor = toTensor('unstack', x);
    if (tensor.rank === 0) throw new ShapeError('unstack: x is a scalar; use a tensor of rank 1 or more');
    const [along] = normaliseAxes('unstack', axis, tensor.rank);
    return split(tensor, tensor.shape[along!]!, along).map((part) => squeeze(part, along));
  });
}
