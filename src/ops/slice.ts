/** `slice`: a box cut out of a tensor. */
import type { Tensor } from '../autograd/tensor.ts';
import { show } from '../values/dtype.ts';
import { ShapeError } from '../values/errors.ts';
import { showShape } from '../values/shape.ts';
import { cut } from './cut.ts';
import { type TensorLike, toTensor } from './input.ts';

/** Elements `begin[axis] ... begin[axis] + size[axis] - 1`; a size of -1 goes to the end. Throws `ShapeError`. */
export function slice(x: TensorLike, begin: readonly number[], size: readonly number[]): Tensor {
  const tensor = toTensor('slice', x);
  const { shape } = tensor;
  const isList = (list: unknown) => Array.isArray(list) && list.length === shape.length;
  const sizes = shape.map((whole, axis) =>
    size?.[axis] === -1 ? whole - (begin?.[axis] ?? Number.NaN) : size?.[axis],
  );
  const fits = shape.every((whole, axis) => {
    const [start, length] = [begin?.[axis], sizes[axis]];
    return (
      Number.isInteger(start) &&
      Number.isInteger(length) &&
      start! >= 0 &&
      length! >= 1 &&
      start! + length! <= whole
    );
  });
  if (!isList(begin) || !isList(size) || !fits) {
    throw new ShapeError(
      `slice: begin ${show(begin)} and size ${show(size)} leave shape ${showShape(shape)}`,
    );
  }
  return cut(tensor, { begin: [...begin], size: sizes as number[] });
}
