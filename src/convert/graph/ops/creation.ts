/** Ops of a graph that pass on what they get, tell its shape, or make something new. */
import { Tensor } from '../../../autograd/tensor.ts';
import { Variable } from '../../../autograd/variable.ts';
import { add } from '../../../ops/add.ts';
import { cast } from '../../../ops/cast.ts';
import { full, onesLike, zerosLike } from '../../../ops/creation.ts';
import { mul } from '../../../ops/mul.ts';
import { oneHot } from '../../../ops/one-hot.ts';
import { transpose } from '../../../ops/transpose.ts';
import { FormatError } from '../../../values/errors.ts';
import { sizeOf } from '../../../values/shape.ts';
import { HostArray } from '../host-array.ts';
import type { GraphOp, OpCall, OpTable, Value } from '../op-call.ts';
import type { TensorList } from '../tensor-list.ts';

const same: GraphOp = (n) => passed(n.value(0));

export const CREATION: OpTable = {
  ...Object.fromEntries(
    [
      ...['Identity', 'StopGradient', 'PreventGradient', 'Snapshot', 'CheckNumerics', 'ReadVariableOp'],
      ...['EnsureShape', 'PlaceholderWithDefault'],
    ].map((name) => [name, same]),
  ),
  IdentityN: (n) => n.inputs.map(passed),
  Fill: (n) => full(n.ints(0), n.number(1), n.input(1).dtype, n),
  OneHot: spread,
  OnesLike: (n) => onesLike(n.tensor(0)),
  Rank: (n) => HostArray.scalar(n.shape(0).length, 'int32'),
  Shape: (n) => HostArray.vector([...n.shape(0)]),
  ShapeN: (n) => n.inputs.map((_, i) => HostArray.vector([...n.shape(i)])),
  Size: (n) => HostArray.scalar(sizeOf(n.shape(0)), 'int32'),
  ZerosLike: (n) => zerosLike(n.tensor(0)),
};

/** A handle of its own on the same values. */
function passed(value: Value): Tensor | HostArray | TensorList {
  if (value instanceof Variable) return value.values.alias();
  return value instanceof Tensor ? value.alias() : value;
}

function spread(n: OpCall): Tensor {
  const { dtype } = n.input(2);
  const [on, off] = [n.number(2), n.number(3)];
  const rows = oneHot(cast(n.tensor(0), 'int32'), n.number(1), dtype === 'bool' ? 'int32' : dtype);
  const y = cast(off === 0 && on === 1 ? rows : add(mul(rows, on - off), off), dtype);
  const axis = n.attributes.int('axis', -1);
  const last = y.rank - 1;
  if (axis === -1 || axis === last) return y;
  const order = Array.from({ length: last }, (_, i) => i);
  if (axis < 0 || axis > last) throw new FormatError(`axis ${axis} for indices of rank ${last}`);
  order.splice(axis, 0, last);
  return transpose(y, order);
}
