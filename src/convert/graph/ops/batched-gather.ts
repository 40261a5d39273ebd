/** Elements by indices that differ by batch: `tf.gather` with `batch_dims`. */
import type { Tensor } from '../../../autograd/tensor.ts';
import { add } from '../../../ops/add.ts';
import { range } from '../../../ops/creation.ts';
import { gather } from '../../../ops/gather.ts';
import { reshape } from '../../../ops/reshape.ts';
import { transpose } from '../../../ops/transpose.ts';
import { ShapeError } from '../../../values/errors.ts';
import { normaliseAxes, sameShape, showShape, sizeOf } from '../../../values/shape.ts';

/**
 * `x`, (batch, outer, rows, inner), at int32 `indices`, (batch, places), along the axis of rows: (batch, outer, places, inner), where
 * batch are the first `batchDims` axes. Throws `ShapeError`.
 */
export function batchedGather(x: Tensor, indices: Tensor, axis: number, batchDims: number): Tensor {
  const [along] = normaliseAxes('the axis', axis, x.rank) as [number];
  const [first] = normaliseAxes('batch_dims', batchDims, indices.rank + 1) as [number];
  if (first === 0) return gather(x, indices, along);
  const batch = x.shape.slice(0, first);
  if (along < first || !sameShape(batch, indices.shape.slice(0, first)))
    throw new ShapeError(
      `batch_dims ${batchDims}, axis ${axis} of ${showShape(x.shape)} at ${showShape(indices.shape)}; use indices that begin with the shape of the batch`,
    );
  const axes = x.shape.map((_, i) => i);
  const moved =
    along === first
      ? x
      : transpose(x, [...axes.slice(0, first), along, ...axes.slice(first, along), ...axes.slice(along + 1)]);
  const [count, length] = [sizeOf(batch), x.shape[along]!];
  const begins = range(0, count * length, length, 'int32', { engine: x.engine });
  const places = indices.shape.slice(first);
  const flat = add(reshape(indices, [count, sizeOf(places)]), reshape(begins, [count, 1]));
  const rest = moved.shape.slice(first + 1);
  const taken = reshape(gather(reshape(moved, [count * length, sizeOf(rest)]), flat), [
    ...batch,
    ...places,
    ...rest,
  ]);
  if (along === first) return taken;
  const own = taken.shape.map((_, i) => i);
  const [middle, outer] = [first + places.length, first + places.length + along - first];
  return transpose(taken, [
    ...own.slice(0, first),
    ...own.slice(middle, outer),
    ...own.slice(first, middle),
    ...own.slice(outer),
  ]);
}
