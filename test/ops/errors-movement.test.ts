// Tests of bad input to ops that move, join and index: the right error before any GPU work.
import * as ht from '../../src/node.ts';
import { suite } from '../harness.ts';
import { any, refuses, t } from './bad-input.ts';

const { ShapeError, DtypeError, ArgumentError, DataError } = ht;

refuses(suite('bad input to ops that move and index'), {
  joining: [
    [() => ht.concat([]), ArgumentError, /^concat: tensors \[\]; use an array of one tensor or more$/],
    [() => ht.concat(any(t.v3)), ArgumentError, /^concat: tensors Tensor; use an array/],
    [
      () => ht.concat([t.m23!, t.m45!]),
      ShapeError,
      /^concat: tensor 0 is \(2, 3\), tensor 1 is \(4, 5\); sizes may differ along axis 0 alone$/,
    ],
    [
      () => ht.concat([t.v3!, t.half!]),
      DtypeError,
      /^concat: dtypes differ: tensor 0 is float32, tensor 1 is float16/,
    ],
    [() => ht.concat([t.scalar!, t.scalar!]), ShapeError, /^concat: tensor 0 is a scalar; use ht\.stack$/],
    [() => ht.concat([t.v3!], 1), ShapeError, /^concat: axis 1 for a tensor of rank 1/],
    [
      () => ht.stack([t.v3!, t.v4!]),
      ShapeError,
      /^stack: tensor 0 is \(3\), tensor 1 is \(4\); use one shape$/,
    ],
    [() => ht.stack([t.v3!], 2), ShapeError, /^stack: axis 2 for tensors of rank 1; use -2 to 1$/],
    [
      () => ht.split(t.m23!, 2, 1),
      ShapeError,
      /^split: 2 along axis 1 of shape \(2, 3\); use a divisor of 3, or sizes that add up to it$/,
    ],
    [() => ht.split(t.m23!, [1, -1, -1], 1), ShapeError, /^split: \[1, -1, -1\]/],
    [() => ht.split(t.m23!, [4, -1], 1), ShapeError, /^split: \[4, -1\]/],
    [() => ht.unstack(t.scalar!), ShapeError, /^unstack: x is a scalar/],
  ],
  moving: [
    [() => ht.reverse(t.m23!, 2), ShapeError, /^reverse: axis 2/],
    [
      () => ht.squeeze(t.m23!, 1),
      ShapeError,
      /^squeeze: axis 1 of shape \(2, 3\) has 3 elements; use axes of size 1$/,
    ],
    [() => ht.expandDims(t.m23!, 3), ShapeError, /^expandDims: axis 3 for a tensor of rank 2; use -3 to 2$/],
    [() => ht.tile(t.m23!, [2]), ShapeError, /^tile: reps \[2\] for shape \(2, 3\); give a whole number/],
    [() => ht.tile(t.m23!, [1, 0]), ShapeError, /^tile: reps \[1, 0\]/],
    [
      () =>
        ht.mirrorPad(
          t.m23!,
          [
            [0, 0],
            [3, 0],
          ],
          'reflect',
        ),
      ShapeError,
      /^mirrorPad: paddings \[3, 0\] of axis 1 in mode 'reflect' for shape \(2, 3\); use at most 2$/,
    ],
    [
      () =>
        ht.mirrorPad(
          t.m23!,
          [
            [0, 0],
            [0, 0],
          ],
          any('wrap'),
        ),
      ArgumentError,
      /^mirrorPad: unknown mode 'wrap'; use 'reflect' or 'symmetric'$/,
    ],
    [() => ht.mirrorPad(t.m23!, [[0, 0]], 'reflect'), ShapeError, /^mirrorPad: paddings \[\[0, 0\]\]/],
    [
      () => ht.stridedSlice(t.m23!, [0], [1, 2]),
      ArgumentError,
      /^stridedSlice: begin \[0\], end \[1, 2\], strides \[1\]; use lists of whole numbers, of equal lengths$/,
    ],
    [() => ht.stridedSlice(t.m23!, [0], [2], [0]), ArgumentError, /a stride of 0 goes nowhere$/],
    [() => ht.stridedSlice(t.v3!, [0, 0], [1, 1]), ArgumentError, /2 axes for shape \(3\)$/],
    [() => ht.stridedSlice(t.v3!, [2], [1]), ShapeError, /leave nothing of axis 0 of shape \(3\)$/],
    [() => ht.stridedSlice(t.v3!, [3], [9], [1], 0, 0, 0, 0, 1), ShapeError, /leave nothing of axis 0/],
    [() => ht.where(t.v3!, t.v3!, t.v3!), DtypeError, /^where: condition is float32; use 'bool'$/],
    [
      () => ht.where(t.bools!, t.v3!, t.half!),
      DtypeError,
      /^where: dtypes differ: a is float32, b is float16/,
    ],
    [() => ht.where(t.bools!, t.v4!, t.v4!), ShapeError, /^where: condition: shapes do not broadcast/],
  ],
  indexing: [
    [() => ht.gather(t.m23!, t.v3!), DtypeError, /^gather: indices is float32; use 'int32'$/],
    [() => ht.gather(t.m23!, [0.5]), DataError, /^gather: value 0\.5 at index 0 is no int32/],
    [() => ht.gather(t.m23!, t.ints!, 2), ShapeError, /^gather: axis 2/],
    [() => ht.gather(t.scalar!, t.ints!), ShapeError, /^gather: x is a scalar/],
    [() => ht.gather(t.cube!, t.ints!, 1, 1), ArgumentError, /^gather: batchDims 1; use 0, and ht\.gatherND/],
    [
      () => ht.embeddingLookup(t.v3!, t.ints!),
      ShapeError,
      /^embeddingLookup: params is \(3\); use a table of rows/,
    ],
    [
      () => ht.unsortedSegmentSum(t.m23!, t.ints!, 4),
      ShapeError,
      /^unsortedSegmentSum: segmentIds are \(3\), x is \(2, 3\); use ids in the shape that x begins with$/,
    ],
    [() => ht.unsortedSegmentSum(t.v3!, t.ints!, 0), ArgumentError, /^unsortedSegmentSum: numSegments 0/],
    [() => ht.unsortedSegmentSum(t.bools!, t.ints!, 2), DtypeError, /^unsortedSegmentSum: x is bool/],
    [
      () => ht.gatherND(t.m23!, t.ints!),
      ShapeError,
      /^gatherND: indices are \(3\) for shape \(2, 3\); use tuples of 1 to 2 along the last axis$/,
    ],
    [
      () => ht.scatterND(ht.reshape(t.ints!, [3, 1]), t.v4!, [4]),
      ShapeError,
      /^scatterND: updates are \(4\); use \(3\)$/,
    ],
    [() => ht.scatterND(t.ints!, t.v3!, [0]), ShapeError, /^scatterND: shape \(0\) has no elements/],
    [
      () => ht.tensorScatterUpdate(t.v3!, ht.reshape(t.ints!, [3, 1]), t.half!),
      DtypeError,
      /^tensorScatterUpdate: dtypes differ/,
    ],
    [() => ht.topk(t.v3!, 4), ArgumentError, /^topk: k 4 for 3 values; use a whole number of 1 to 3$/],
    [() => ht.topk(t.scalar!), ShapeError, /^topk: x is a scalar/],
    [() => ht.topk(t.bools!), DtypeError, /^topk: x is bool/],
    [() => ht.cumsum(t.bools!), DtypeError, /^cumsum: x is bool/],
    [() => ht.cumsum(t.v3!, 1), ShapeError, /^cumsum: axis 1/],
    [() => ht.argMin(t.bools!), DtypeError, /^argMin: x is bool/],
  ],
  einsum: [
    [
      () => ht.einsum('ij,jk', t.m23!, t.m23!),
      ArgumentError,
      /^einsum: 'ij,jk': use letters for axes, a comma/,
    ],
    [() => ht.einsum('...i->i', t.m23!), ArgumentError, /^einsum: '\.\.\.i->i': use letters/],
    [() => ht.einsum('i,j,k->ijk', t.v3!, t.v3!, t.v3!), ArgumentError, /3 operands; use one or two$/],
    [() => ht.einsum('ij,jk->ik', t.m23!), ArgumentError, /names 2 operands, 1 given$/],
    [() => ht.einsum('ii->i', t.m23!), ArgumentError, /'i' stands twice in 'ii'; a label names one axis$/],
    [() => ht.einsum('ij->ik', t.m23!), ArgumentError, /'k' of the output is in no operand$/],
    [() => ht.einsum('ijk->i', t.m23!), ShapeError, /'ijk' names 3 axes, operand 0 is \(2, 3\)$/],
    [() => ht.einsum('ij,jk->ik', t.m23!, t.m45!), ShapeError, /'j' is 3 and 4; use one size$/],
    [
      () => ht.einsum('i,i->', t.v3!, t.half!),
      DtypeError,
      /operand 1 is float16; use float32 or float16, the same for both$/,
    ],
  ],
});
