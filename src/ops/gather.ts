/** `gather`, rows that indices choose, and `unsortedSegmentSum`, rows added by index: each is the other's gradient. */
import { defineOp, gradientDType, type Op } from '../autograd/op.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import { gatherKernel } from '../kernels/gather.ts';
import { segmentSumKernel } from '../kernels/segments.ts';
import { type DType, requireDType, show } from '../values/dtype.ts';
import { ArgumentError, ShapeError } from '../values/errors.ts';
import { checkShape, normaliseAxes, type Shape, sameShape, showShape, sizeOf } from '../values/shape.ts';
import { type TensorLike, toIndices, toTensor } from './input.ts';

/** A tensor as outer by rows by inner, of which indices name the rows. */
interface Rows {
  readonly outer: number;
  readonly rows: number;
  readonly inner: number;
  /** Of the result. */
  readonly shape: Shape;
}

const gatherOp: Op<Rows> = defineOp<Rows>({
  name: 'gather',
  precision: 'clear',
  moves: true,
  infer: ([x], { shape }) => [{ shape, dtype: x!.dtype }],
  forward: ([x, indices], [y], attributes) => gatherKernel(x!, indices!, y!, attributes),
  backward: ({ gradients: [upstream], inputs: [x, indices], attributes }) => [
    sumOp([upstream!, indices!], { ...attributes, shape: x!.shape, dtype: gradientDType(x!) })[0]!,
  ],
});

const sumOp: Op<Rows & { dtype: DType }> = defineOp({
  name: 'unsortedSegmentSum',
  precision: 'unlisted',
  infer: (_, { shape, dtype }) => [{ shape, dtype }],
  forward: ([x, ids], [y], { outer, rows, inner }) =>
    segmentSumKernel(x!, ids!, y!, { outer, segments: rows, inner }),
  backward: ({ gradients: [upstream], inputs: [x, ids], attributes: { outer, rows, inner } }) => [
    gatherOp([upstream!, ids!], { outer, rows, inner, shape: x!.shape })[0]!,
  ],
});

/**
 * The elements of `x` at int32 `indices` along `axis`, in the shape of `x` with that axis replaced by the shape of `indices`. An
 * index outside of `x` gives zeros, as TensorFlow does on a GPU. The gradient adds what fell on one index in a fixed order, in f32.
 * Throws `ShapeError`, `DtypeError`, and `ArgumentError` for `batchDims` other than 0.
 */
export function gather(x: TensorLike, indices: TensorLike, axis = 0, batchDims = 0): Tensor {
  return tidy(() => {
    const tensor = toTensor('gather', x);
    const places = toIndices('gather', 'indices', indices, tensor);
    if (batchDims !== 0) {
      throw new ArgumentError(
        `gather: batchDims ${show(batchDims)}; use 0, and ht.gatherND for indices that differ by batch`,
      );
    }
    if (tensor.rank === 0) throw new ShapeError('gather: x is a scalar; use a tensor of rank 1 or more');
    const { shape } = tensor;
    const [along] = normaliseAxes('gather', axis, tensor.rank) as [number];
    return gatherOp([tensor, places], {
      outer: sizeOf(shape.slice(0, along)),
      rows: shape[along]!,
      inner: sizeOf(shape.slice(along + 1)),
      shape: checkShape('gather', [...shape.slice(0, along), ...places.shape, ...shape.slice(along + 1)]),
    })[0]!;
  });
}

/**
 * The rows of `params` (vocabulary, ...) that int32 `ids` name, in the shape of `ids` followed by that of a row. On the f16 copy of an f32
 * variable the rows are float16, and the gradient is the float32 sum that the variable takes. Throws like `gather`.
 */
export function embeddingLookup(params: TensorLike, ids: TensorLike): Tensor {
  return tidy(() => {
    const table = toTensor('embeddingLookup', params);
    const places = toIndices('embeddingLookup', 'ids', ids, table);
    if (table.rank < 2) {
      throw new ShapeError(
        `embeddingLookup: params is ${showShape(table.shape)}; use a table of rows, rank 2 or more`,
      );
    }
    return gather(table, places);
  });
}

/**
 * Row s of the result is the sum of the elements of `x` whose int32 `segmentIds` are s; ids that are not 0 ... `numSegments` - 1 are
 * left out. `x` has the shape of `segmentIds`, and then that of a row. Sums are held in f32 and added in a fixed order, without
 * atomics: the same ids give the same bits. Throws `ShapeError`, `DtypeError`, `ArgumentError`.
 */
export function unsortedSegmentSum(x: TensorLike, segmentIds: TensorLike, numSegments: number): Tensor {
  return tidy(() => {
    const tensor = toTensor('unsortedSegmentSum', x);
    const ids = toIndices('unsortedSegmentSum', 'segmentIds', segmentIds, tensor);
    const { shape, dtype } = tensor;
    requireDType('unsortedSegmentSum', 'x', dtype, ['float32', 'float16', 'int32', 'uint32']);
    if (!Number.isInteger(numSegments) || numSegments < 1) {
      throw new ArgumentError(
        `unsortedSegmentSum: numSegments ${show(numSegments)}; use a whole number above 0`,
      );
    }
    if (!sameShape(shape.slice(0, ids.rank), ids.shape)) {
      throw new ShapeError(
        `unsortedSegmentSum: segmentIds are ${showShape(ids.shape)}, x is ${showShape(shape)}; use ids in the shape that x begins with`,
      );
    }
    const row = shape.slice(ids.rank);
    return sumOp([tensor, ids], {
      ...{ outer: 1, rows: numSegments, inner: sizeOf(row), dtype },
      shape: checkShape('unsortedSegmentSum', [numSegments, ...row]),
    })[0]!;
  });
}
