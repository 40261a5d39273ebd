/** `gatherND`, `scatterND` and `tensorScatterUpdate`: elements, or slices, at index tuples. */
import { defineOp } from '../autograd/op.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import { flatIndicesKernel } from '../kernels/gather.ts';
import { segmentLastKernel } from '../kernels/segments.ts';
import { requireDType } from '../values/dtype.ts';
import { DtypeError, ShapeError } from '../values/errors.ts';
import { checkShape, type Shape, sameShape, showShape, sizeOf } from '../values/shape.ts';
import { greaterEqual } from './compare.ts';
import { gather, unsortedSegmentSum } from './gather.ts';
import { type TensorLike, toIndices, toTensor } from './input.ts';
import { reshape } from './reshape.ts';
import { where } from './where.ts';

/** Places of index tuples in an array of this shape. */
const flatOp = defineOp<Shape>({
  name: 'flatIndices',
  precision: 'clear',
  infer: ([indices]) => [{ shape: [sizeOf(indices!.shape.slice(0, -1))], dtype: 'int32' }],
  forward: ([indices], [flat], shape) => flatIndicesKernel(indices!, flat!, shape),
});

/** For each of so many segments the last place among ids that names it, or -1. */
const lastOp = defineOp<number>({
  name: 'segmentLast',
  precision: 'clear',
  infer: (_, segments) => [{ shape: [segments], dtype: 'int32' }],
  forward: ([ids], [y]) => segmentLastKernel(ids!, y!),
});

/** What index tuples name in an array of `shape`. */
interface Places {
  /** Shape of the axes that tuples go along, of the tuples' array, and of what each of them names. */
  readonly named: Shape;
  readonly lead: Shape;
  readonly slice: Shape;
}

function placesOf(where: string, indices: Tensor, shape: Shape): Places {
  const depth = indices.shape.at(-1) ?? 0;
  if (depth < 1 || depth > shape.length) {
    throw new ShapeError(
      `${where}: indices are ${showShape(indices.shape)} for shape ${showShape(shape)}; use tuples of 1 to ${shape.length} along the last axis`,
    );
  }
  return { named: shape.slice(0, depth), lead: indices.shape.slice(0, -1), slice: shape.slice(depth) };
}

/** Throws unless `updates` are one slice a tuple. */
function checkUpdates(where: string, updates: Tensor, { lead, slice }: Places): void {
  const wanted = [...lead, ...slice];
  if (!sameShape(updates.shape, wanted)) {
    throw new ShapeError(`${where}: updates are ${showShape(updates.shape)}; use ${showShape(wanted)}`);
  }
}

/**
 * The elements of `x`, or slices of its last axes, at the index tuples that the last axis of int32 `indices` holds. A tuple outside of `x`
 * gives zeros. Throws `ShapeError`, `DtypeError`.
 */
export function gatherND(x: TensorLike, indices: TensorLike): Tensor {
  return tidy(() => {
    const tensor = toTensor('gatherND', x);
    const tuples = toIndices('gatherND', 'indices', indices, tensor);
    const { named, lead, slice } = placesOf('gatherND', tuples, tensor.shape);
    const result = checkShape('gatherND', [...lead, ...slice]);
    const [flat] = flatOp([tuples], named);
    return reshape(gather(reshape(tensor, [sizeOf(named), sizeOf(slice)]), flat!), result);
  });
}

/**
 * A tensor of `shape`, zero but at the index tuples that the last axis of int32 `indices` holds, where `updates` stand; those for one
 * place are added in a fixed order, in f32. A tuple outside of `shape` is left out. Throws `ShapeError`, `DtypeError`.
 */
export function scatterND(indices: TensorLike, updates: TensorLike, shape: Shape): Tensor {
  return tidy(() => {
    const tensor = toTensor('scatterND', updates);
    const wanted = checkShape('scatterND', shape);
    const tuples = toIndices('scatterND', 'indices', indices, tensor);
    const places = placesOf('scatterND', tuples, wanted);
    checkUpdates('scatterND', tensor, places);
    requireDType('scatterND', 'updates', tensor.dtype, ['float32', 'float16', 'int32', 'uint32']);
    const [flat] = flatOp([tuples], places.named);
    const rows = reshape(tensor, [flat!.size, sizeOf(places.slice)]);
    return reshape(unsortedSegmentSum(rows, flat!, sizeOf(places.named)), wanted);
  });
}

/**
 * `tensor` with `updates` at the index tuples that the last axis of int32 `indices` holds; of several for one place the last one
 * counts. A tuple outside of it is left out. Throws `ShapeError`, `DtypeError`.
 */
export function tensorScatterUpdate(tensor: TensorLike, indices: TensorLike, updates: TensorLike): Tensor {
  return tidy(() => {
    const before = toTensor('tensorScatterUpdate', tensor);
    const after = toTensor('tensorScatterUpdate', updates, before);
    const tuples = toIndices('tensorScatterUpdate', 'indices', indices, before);
    if (before.dtype !== after.dtype) {
      throw new DtypeError(
        `tensorScatterUpdate: dtypes differ: tensor is ${before.dtype}, updates are ${after.dtype}; cast one`,
      );
    }
    const places = placesOf('tensorScatterUpdate', tuples, before.shape);
    checkUpdates('tensorScatterUpdate', after, places);
    const [count, row] = [sizeOf(places.named), sizeOf(places.slice)];
    const [flat] = flatOp([tuples], places.named);
    const last = lastOp([flat!], count)[0]!;
    const chosen = gather(reshape(after, [flat!.size, row]), last);
    const isNew = reshape(greaterEqual(last, 0), [count, 1]);
    return reshape(where(isNew, chosen, reshape(before, [count, row])), before.shape);
  });
}
