/** Ops of a graph that move elements: shapes, parts, axes, rows by index. */
import type { Tensor } from '../../../autograd/tensor.ts';
import { cast } from '../../../ops/cast.ts';
import { greaterEqual, lessEqual } from '../../../ops/compare.ts';
import { concat, split } from '../../../ops/concat.ts';
import { full, range, zerosLike } from '../../../ops/creation.ts';
import { cumsum } from '../../../ops/cumsum.ts';
import { depthToSpace, spaceToDepth } from '../../../ops/depth-to-space.ts';
import { gather } from '../../../ops/gather.ts';
import { gatherND, scatterND, tensorScatterUpdate } from '../../../ops/gather-nd.ts';
import { logicalAnd } from '../../../ops/logical.ts';
import { mirrorPad, type Paddings, pad } from '../../../ops/pad.ts';
import { reshape } from '../../../ops/reshape.ts';
import { reverse } from '../../../ops/reverse.ts';
import { slice } from '../../../ops/slice.ts';
import { expandDims, squeeze } from '../../../ops/squeeze.ts';
import { stack, unstack } from '../../../ops/stack.ts';
import { stridedSlice } from '../../../ops/strided-slice.ts';
import { sub } from '../../../ops/sub.ts';
import { broadcastTo } from '../../../ops/sum.ts';
import { tile } from '../../../ops/tile.ts';
import { topk } from '../../../ops/topk.ts';
import { transpose } from '../../../ops/transpose.ts';
import { where } from '../../../ops/where.ts';
import { FormatError, ShapeError } from '../../../values/errors.ts';
import type { OpCall, OpTable, Value } from '../op-call.ts';
import { batchedGather } from './batched-gather.ts';
import { batchToSpace, onLast, spaceToBatch } from './blocks.ts';

export const ARRANGING: OpTable = {
  BatchToSpaceND: (n) => batchToSpace(n.tensor(0), n.ints(1), pairs(n, 2)),
  BroadcastTo: (n) => broadcastTo(n.tensor(0), n.ints(1)).alias(),
  Concat: (n) => behind(n, n.inputs.slice(1), n.number(0)),
  ConcatV2: (n) => behind(n, n.inputs.slice(0, -1), n.number(-1)),
  Cumsum: (n) =>
    cumsum(n.tensor(0), n.number(1), n.attributes.bool('exclusive'), n.attributes.bool('reverse')),
  DepthToSpace: (n) =>
    onLast(n.tensor(0), channelsLast(n), (x) => depthToSpace(x, n.attributes.int('block_size'))),
  ExpandDims: (n) => expandDims(n.tensor(0), n.number(1)),
  Gather: (n) => gather(n.tensor(0), cast(n.tensor(1), 'int32')),
  GatherNd: (n) => gatherND(n.tensor(0), cast(n.tensor(1), 'int32')),
  GatherV2: (n) => {
    const batchDims = n.attributes.int('batch_dims', 0);
    return batchedGather(n.tensor(0), cast(n.tensor(1), 'int32'), n.number(2), batchDims);
  },
  MatrixBandPart: (n) => banded(n.tensor(0), n.number(1), n.number(2)),
  MirrorPad: (n) => {
    const mode = n.attributes.string('mode', undefined, ['REFLECT', 'SYMMETRIC']);
    return mirrorPad(n.tensor(0), pairs(n, 1), mode === 'REFLECT' ? 'reflect' : 'symmetric');
  },
  Pack: (n) => stack(n.tensors(), n.attributes.int('axis', 0)),
  Pad: (n) => pad(n.tensor(0), pairs(n, 1)),
  PadV2: (n) => pad(n.tensor(0), pairs(n, 1), n.number(2)),
  Reshape: (n) => reshape(n.tensor(0), n.ints(1)),
  Reverse: (n) => {
    const turned = Array.from(n.host(1).values, (value, axis) => (value ? axis : -1)).filter(
      (axis) => axis >= 0,
    );
    return turned.length > 0 ? reverse(n.tensor(0), turned) : n.tensor(0).alias();
  },
  ReverseV2: (n) => reverse(n.tensor(0), n.ints(1)),
  ScatterNd: (n) => scatterND(cast(n.tensor(0), 'int32'), n.tensor(1), n.ints(2)),
  Slice: (n) => slice(n.tensor(0), n.ints(1), n.ints(2)),
  SparseToDense: (n) => {
    const [shape, values, whole] = [n.ints(1), n.tensor(2), n.number(3)];
    const places = reshape(cast(n.tensor(0), 'int32'), [-1, Math.max(1, shape.length)]);
    const given = broadcastTo(values, [places.shape[0]!]);
    return tensorScatterUpdate(full(shape, whole, values.dtype, n), places, given);
  },
  SpaceToBatchND: (n) => spaceToBatch(n.tensor(0), n.ints(1), pairs(n, 2)),
  SpaceToDepth: (n) =>
    onLast(n.tensor(0), channelsLast(n), (x) => spaceToDepth(x, n.attributes.int('block_size'))),
  Split: (n) => split(n.tensor(1), n.attributes.int('num_split'), n.number(0)),
  SplitV: (n) => split(n.tensor(0), n.ints(1), n.number(2)),
  Squeeze: (n) => {
    const axes = n.attributes.ints('squeeze_dims', n.attributes.ints('axis', []));
    return squeeze(n.tensor(0), axes.length > 0 ? axes : undefined);
  },
  StridedSlice: (n) => {
    const mask = (name: string) => n.attributes.int(`${name}_mask`, 0);
    return stridedSlice(
      ...([n.tensor(0), n.ints(1), n.ints(2), n.ints(3)] as const),
      ...([mask('begin'), mask('end'), mask('ellipsis'), mask('new_axis'), mask('shrink_axis')] as const),
    );
  },
  TensorScatterUpdate: (n) => tensorScatterUpdate(n.tensor(0), cast(n.tensor(1), 'int32'), n.tensor(2)),
  Tile: (n) => tile(n.tensor(0), n.ints(1)),
  TopKV2: (n) => {
    const { values, indices } = topk(n.tensor(0), n.number(1));
    return [values, indices];
  },
  Transpose: (n) => transpose(n.tensor(0), n.ints(1)),
  Unpack: (n) => unstack(n.tensor(0), n.attributes.int('axis', 0)),
};

/** One behind the other; those without elements are left out, unless there are no others. */
function behind(n: OpCall, parts: readonly Value[], axis: number): Tensor {
  const filled = parts.filter((part) => !n.placed(part).shape.includes(0));
  return concat(
    (filled.length > 0 ? filled : parts).map((part) => n.upload(part)),
    axis,
  );
}

/** Input `index`, (n, 2), as pairs. */
function pairs(n: OpCall, index: number): Paddings {
  const { shape } = n.host(index);
  if (shape.length !== 2 || shape[1] !== 2)
    throw new FormatError(`input ${index} is (${shape.join(', ')}); use (axes, 2)`);
  const flat = n.ints(index);
  return Array.from({ length: shape[0]! }, (_, axis) => [flat[axis * 2]!, flat[axis * 2 + 1]!]);
}

/** Below the diagonal `lower` elements, above it `upper`, all where they are below 0; elsewhere 0: `tf.linalg.band_part`. */
function banded(x: Tensor, lower: number, upper: number): Tensor {
  const [rows, columns] = x.shape.slice(-2);
  if (rows === undefined || columns === undefined) throw new ShapeError('rank below 2; use matrices');
  const below = reshape(range(0, rows, 1, 'int32', { engine: x.engine }), [rows, 1]);
  const distance = sub(below, range(0, columns, 1, 'int32', { engine: x.engine }));
  const fits = logicalAnd(
    lessEqual(distance, lower < 0 ? rows : lower),
    greaterEqual(distance, upper < 0 ? -columns : -upper),
  );
  return where(fits, x, zerosLike(x));
}

function channelsLast({ attributes }: OpCall): boolean {
  return attributes.string('data_format', 'NHWC', ['NHWC', 'NCHW']) === 'NHWC';
}
