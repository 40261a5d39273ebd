/** Ops of a graph that work element by element. */

import type { Tensor } from '../../../autograd/tensor.ts';
import { abs } from '../../../ops/abs.ts';
import { add } from '../../../ops/add.ts';
import { addN } from '../../../ops/add-n.ts';
import { atan2 } from '../../../ops/atan2.ts';
import { cast } from '../../../ops/cast.ts';
import { ceil } from '../../../ops/ceil.ts';
import { clipByValue } from '../../../ops/clip-by-value.ts';
import { equal, greater, greaterEqual, less, lessEqual, notEqual } from '../../../ops/compare.ts';
import { cos } from '../../../ops/cos.ts';
import { div } from '../../../ops/div.ts';
import { divNoNan } from '../../../ops/div-no-nan.ts';
import { elu } from '../../../ops/elu.ts';
import { erf } from '../../../ops/erf.ts';
import { exp } from '../../../ops/exp.ts';
import { expm1 } from '../../../ops/expm1.ts';
import { floor } from '../../../ops/floor.ts';
import { isFinite as finite, isInf, isNaN as notANumber } from '../../../ops/is-finite.ts';
import { leakyRelu } from '../../../ops/leaky-relu.ts';
import { log } from '../../../ops/log.ts';
import { log1p } from '../../../ops/log1p.ts';
import { logicalAnd, logicalNot, logicalOr, logicalXor } from '../../../ops/logical.ts';
import { maximum } from '../../../ops/maximum.ts';
import { minimum } from '../../../ops/minimum.ts';
import { floorDiv, mod } from '../../../ops/mod.ts';
import { mul } from '../../../ops/mul.ts';
import { neg } from '../../../ops/neg.ts';
import { pow } from '../../../ops/pow.ts';
import { prelu } from '../../../ops/prelu.ts';
import { reciprocal } from '../../../ops/reciprocal.ts';
import { relu } from '../../../ops/relu.ts';
import { relu6 } from '../../../ops/relu6.ts';
import { reshape } from '../../../ops/reshape.ts';
import { round } from '../../../ops/round.ts';
import { rsqrt } from '../../../ops/rsqrt.ts';
import { selu } from '../../../ops/selu.ts';
import { sigmoid } from '../../../ops/sigmoid.ts';
import { sign } from '../../../ops/sign.ts';
import { sin } from '../../../ops/sin.ts';
import { softplus } from '../../../ops/softplus.ts';
import { softsign } from '../../../ops/softsign.ts';
import { sqrt } from '../../../ops/sqrt.ts';
import { square } from '../../../ops/square.ts';
import { squaredDifference } from '../../../ops/squared-difference.ts';
import { sub } from '../../../ops/sub.ts';
import { tanh } from '../../../ops/tanh.ts';
import { where } from '../../../ops/where.ts';
import type { GraphOp, OpTable } from '../op-call.ts';
import { ARCS } from './arcs.ts';

const UNARY = {
  ...{ Abs: abs, Ceil: ceil, Cos: cos, Elu: elu, Erf: erf, Exp: exp, Expm1: expm1, Floor: floor },
  ...{ Inv: reciprocal, Log: log, Log1p: log1p, LogicalNot: logicalNot, Neg: neg, Reciprocal: reciprocal },
  ...{ Relu: relu, Relu6: relu6, Rint: round, Round: round, Rsqrt: rsqrt, Selu: selu, Sigmoid: sigmoid },
  ...{ Sign: sign, Sin: sin, Softplus: softplus, Softsign: softsign, Sqrt: sqrt, Square: square, Tanh: tanh },
  ...{ IsFinite: finite, IsInf: isInf, IsNan: notANumber },
  ...ARCS,
};

const BINARY = {
  ...{
    Add: add,
    AddV2: add,
    Atan2: atan2,
    Div: div,
    DivNoNan: divNoNan,
    FloorDiv: floorDiv,
    FloorMod: mod,
    Mod: mod,
  },
  ...{ Maximum: maximum, Minimum: minimum, Mul: mul, Pow: pow, Prelu: prelu, RealDiv: div, Sub: sub },
  ...{ Equal: equal, NotEqual: notEqual, Greater: greater, GreaterEqual: greaterEqual },
  ...{ Less: less, LessEqual: lessEqual, LogicalAnd: logicalAnd, LogicalOr: logicalOr },
  ...{ LogicalXor: logicalXor, SquaredDifference: squaredDifference },
};

export const ELEMENTWISE: OpTable = {
  ...rows(UNARY, (fn) => (n) => fn(n.tensor(0))),
  ...rows(BINARY, (fn) => (n) => fn(n.tensor(0), n.tensor(1))),
  AddN: (n) => addN(n.tensors()),
  Cast: (n) => cast(n.tensor(0), n.attributes.dtype('DstT')),
  ClipByValue: (n) => clipByValue(n.tensor(0), n.number(1), n.number(2)),
  LeakyRelu: (n) => leakyRelu(n.tensor(0), n.attributes.float('alpha', 0.2)),
  Select: (n) => where(alongRows(n.tensor(0), n.tensor(1)), n.tensor(1), n.tensor(2)),
  SelectV2: (n) => where(n.tensor(0), n.tensor(1), n.tensor(2)),
  Tan: (n) => div(sin(n.tensor(0)), cos(n.tensor(0))),
};

function rows<F>(functions: Readonly<Record<string, F>>, row: (fn: F) => GraphOp): OpTable {
  return Object.fromEntries(Object.entries(functions).map(([name, fn]) => [name, row(fn)]));
}

/** A vector of conditions chooses whole rows of what has a higher rank. */
function alongRows(condition: Tensor, values: Tensor): Tensor {
  if (condition.rank !== 1 || values.rank < 2) return condition;
  return reshape(condition, [condition.size, ...new Array<number>(values.rank - 1).fill(1)]);
}
