/** Ops of a graph on lists of tensors: TensorFlow 2's `TensorList`, and TensorFlow 1's `TensorArray`, whose flow is the list. */
import { Tensor } from '../../../autograd/tensor.ts';
import { Variable } from '../../../autograd/variable.ts';
import { concat, split } from '../../../ops/concat.ts';
import { stack, unstack } from '../../../ops/stack.ts';
import { FormatError } from '../../../values/errors.ts';
import type { Shape } from '../../../values/shape.ts';
import { HostArray } from '../host-array.ts';
import { apart, joined } from '../host-functions.ts';
import type { OpCall, OpTable } from '../op-call.ts';
import { type Placed, TensorList } from '../tensor-list.ts';

export const LISTS: OpTable = {
  EmptyTensorList: (n) => new TensorList([], dtypeOf(n), elementAt(n, 0)),
  TensorListConcat: (n) => behind(n, n.list(0)),
  TensorListConcatV2: (n) => behind(n, n.list(0)),
  TensorListFromTensor: (n) => new TensorList(rowsOf(n, 0), dtypeOf(n), elementAt(n, 1)),
  TensorListGather: (n) => stacked(n, n.list(0), n.ints(1), elementAt(n, 2)),
  TensorListGetItem: (n) => owned(n.list(0).at(n.number(1))),
  TensorListLength: (n) => HostArray.scalar(n.list(0).items.length, 'int32'),
  TensorListPopBack: (n) => {
    const list = n.list(0);
    return [list.of(list.items.slice(0, -1)), owned(list.at(list.items.length - 1))];
  },
  TensorListPushBack: (n) => n.list(0).of([...n.list(0).items, owned(n.input(1))]),
  TensorListReserve: (n) => TensorList.reserved(n.number(1), dtypeOf(n), elementAt(n, 0)),
  TensorListResize: (n) => {
    const { items, dtype, element } = n.list(0);
    const { items: rest } = TensorList.reserved(n.number(1), dtype, element);
    return n.list(0).of(rest.map((_, i) => items[i]));
  },
  TensorListScatter: (n) => scattered(n, TensorList.reserved(0, dtypeOf(n), elementAt(n, 2)), 1, 0, true),
  TensorListScatterV2: (n) => {
    const length = Math.max(0, n.number(3));
    return scattered(n, TensorList.reserved(length, dtypeOf(n), elementAt(n, 2)), 1, 0, n.number(3) < 0);
  },
  TensorListSetItem: (n) =>
    n.list(0).with(n.number(1), owned(n.input(2)), n.attributes.bool('resize_if_index_out_of_bounds')),
  TensorListSplit: (n) => new TensorList(partsOf(n, 0, n.ints(2)), dtypeOf(n), elementAt(n, 1)),
  TensorListStack: (n) => stacked(n, n.list(0), undefined, elementAt(n, 1)),

  // A handle, which says nothing here, and the flow.
  TensorArrayV3: (n) => {
    const element = n.attributes.shape('element_shape');
    return [
      HostArray.scalar(0, 'int32'),
      TensorList.reserved(n.number(0), n.attributes.dtype('dtype'), element),
    ];
  },
  TensorArrayCloseV3: () => HostArray.scalar(0, 'int32'),
  TensorArrayConcatV3: (n) => behind(n, n.list(1)),
  TensorArrayGatherV3: (n) => stacked(n, n.list(2), n.ints(1), n.attributes.shape('element_shape')),
  TensorArrayReadV3: (n) => owned(n.list(2).at(n.number(1))),
  TensorArrayScatterV3: (n) => scattered(n, n.list(3), 1, 2, true),
  TensorArraySizeV3: (n) => HostArray.scalar(n.list(1).items.length, 'int32'),
  TensorArraySplitV3: (n) => n.list(3).of(partsOf(n, 1, n.ints(2))),
  TensorArrayWriteV3: (n) => n.list(3).with(n.number(1), owned(n.input(2)), true),
};

function dtypeOf({ attributes }: OpCall) {
  return attributes.dtype('element_dtype');
}

/** Input `index` as the shape of items, -1 where sizes are not known; null for the scalar -1. */
function elementAt(n: OpCall, index: number): Shape | null {
  return n.shape(index).length === 0 ? null : n.ints(index);
}

/** A handle of its own on the same values. */
function owned(value: Placed): Tensor | HostArray {
  if (value instanceof Variable) return value.values.alias();
  return value instanceof Tensor ? value.alias() : value;
}

function rowsOf(n: OpCall, index: number): (Tensor | HostArray)[] {
  const x = n.input(index);
  if (!(x instanceof HostArray)) return unstack(n.upload(x), 0);
  return partsOf(n, index, new Array<number>(x.shape[0] ?? 0).fill(1)).map((row) =>
    (row as HostArray).reshaped(x.shape.slice(1)),
  );
}

function partsOf(n: OpCall, index: number, lengths: readonly number[]): (Tensor | HostArray)[] {
  const x = n.input(index);
  if (x.shape.length === 0) throw new FormatError(`input ${index} is a scalar; use what has rows`);
  return x instanceof HostArray ? apart(x, 0, lengths) : split(n.upload(x), lengths, 0);
}

/** `list` with the rows of input `rows` at the places that input `places` names. */
function scattered(n: OpCall, list: TensorList, places: number, rows: number, grows: boolean): TensorList {
  const items = rowsOf(n, rows);
  const at = n.ints(places);
  if (at.length !== items.length) throw new FormatError(`${items.length} rows for ${at.length} places`);
  return items.reduce((sum, item, i) => sum.with(at[i]!, item, grows), list);
}

/** The items at these places, all by default, on a new first axis. */
function stacked(
  n: OpCall,
  list: TensorList,
  places: readonly number[] | undefined,
  element: Shape | null,
): Tensor | HostArray {
  const items = places ? places.map((place) => list.at(place)) : list.all();
  if (items.length === 0) return new HostArray([], [0, ...known(element ?? list.element)], list.dtype);
  if (items.every((item) => item instanceof HostArray))
    return joined(
      items.map((item) => item.reshaped([1, ...item.shape])),
      0,
    );
  return stack(
    items.map((item) => n.upload(item)),
    0,
  );
}

/** All items along their first axis, and how long each one is. */
function behind(n: OpCall, list: TensorList): [Tensor | HostArray, HostArray] {
  const items = list.all();
  if (items.some((item) => item.shape.length === 0))
    throw new FormatError('items are scalars; use what has rows');
  const lengths = HostArray.vector(items.map(({ shape }) => shape[0]!));
  if (items.length === 0)
    return [new HostArray([], [0, ...known(list.element).slice(1)], list.dtype), lengths];
  if (items.every((item) => item instanceof HostArray)) return [joined(items, 0), lengths];
  const filled = items.filter(({ shape }) => !shape.includes(0));
  return [concat(filled.map((item) => n.upload(item))), lengths];
}

/** Where a size is not known there is none. */
function known(shape: Shape | null): number[] {
  return (shape ?? []).map((size) => Math.max(0, size));
}
