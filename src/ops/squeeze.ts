/** `squeeze` and `expandDims`: axes of size 1 taken out and put in; the memory stays. */
import type { Tensor } from '../autograd/tensor.ts';
import { show } from '../values/dtype.ts';
import { ShapeError } from '../values/errors.ts';
import { checkShape, normaliseAxes, showShape } from '../values/shape.ts';
import { type TensorLike, toTensor } from './input.ts';
import { reshape } from './reshape.ts';

/** Takes out `axes`, by default all of size 1. Throws `ShapeError` where one has another size. */
export function squeeze(x: TensorLike, axes?: number | readonly number[]): Tensor {
  const tensor = toTensor('squeeze', x);
  const { shape } = tensor;
  const gone = new Set(
    axes === undefined
      ? shape.flatMap((size, axis) => (size === 1 ? [axis] : []))
      : normaliseAxes('squeeze', axes, tensor.rank),
  );
  for (const axis of gone) {
    if (shape[axis] !== 1) {
      throw new ShapeError(
        `squeeze: axis ${axis} of shape ${showShape(shape)} has ${shape[axis]} elements; use axes of size 1`,
      );
    }
  }
  return reshape(
    tensor,
    shape.filter((_, axis) => !gone.has(axis)),
  );
}

/** Puts an axis of size 1 in front of axis `axis`; -1 puts it last. Throws `ShapeError`. */
export function expandDims(x: TensorLike, axis = 0): Tensor {
  const tensor = toTensor('expandDims', x);
  const { rank, shape } = tensor;
  if (!Number.isInteger(axis) || axis < -rank - 1 || axis > rank) {
    throw new ShapeError(
      `expandDims: axis ${show(axis)} for a tensor of rank ${rank}; use ${-rank - 1} to ${rank}`,
    );
  }
  const wider = [...shape];
  wider.splice(axis < 0 ? axis + rank + 1 : axis, 0, 1);
  return reshape(tensor, checkShape('expandDims', wider));
}
