/** Operations element by element, operands broadcast to each other. */
import { stopGradient } from '../../autograd/custom-gradient.ts';
import { abs } from '../../ops/abs.ts';
import { add } from '../../ops/add.ts';
import { cast } from '../../ops/cast.ts';
import { ceil } from '../../ops/ceil.ts';
import { clipByValue } from '../../ops/clip-by-value.ts';
import { equal, greater, greaterEqual, less, lessEqual, notEqual } from '../../ops/compare.ts';
import { cos } from '../../ops/cos.ts';
import { div } from '../../ops/div.ts';
import { divNoNan } from '../../ops/div-no-nan.ts';
import { erf } from '../../ops/erf.ts';
import { exp } from '../../ops/exp.ts';
import { expm1 } from '../../ops/expm1.ts';
import { floor } from '../../ops/floor.ts';
import type { TensorLike } from '../../ops/input.ts';
import { log } from '../../ops/log.ts';
import { log1p } from '../../ops/log1p.ts';
import { logicalAnd, logicalNot, logicalOr, logicalXor } from '../../ops/logical.ts';
import { maximum } from '../../ops/maximum.ts';
import { minimum } from '../../ops/minimum.ts';
import { floorDiv, mod } from '../../ops/mod.ts';
import { mul } from '../../ops/mul.ts';
import { neg } from '../../ops/neg.ts';
import { oneHot } from '../../ops/one-hot.ts';
import { pow } from '../../ops/pow.ts';
import { reciprocal } from '../../ops/reciprocal.ts';
import { round } from '../../ops/round.ts';
import { rsqrt } from '../../ops/rsqrt.ts';
import { sign } from '../../ops/sign.ts';
import { sin } from '../../ops/sin.ts';
import { sqrt } from '../../ops/sqrt.ts';
import { square } from '../../ops/square.ts';
import { squaredDifference } from '../../ops/squared-difference.ts';
import { sub } from '../../ops/sub.ts';
import { where } from '../../ops/where.ts';
import { broadcastShapes, type Shape } from '../../values/shape.ts';
import { type OperationRow, type OperationTable, one } from './row.ts';

const UNARY = {
  ...{ abs, ceil, cos, erf, exp, expm1, floor, log, log1p, logicalNot, negative: neg, reciprocal },
  ...{ round, rsqrt, sign, sin, sqrt, square, stopGradient },
};

const BINARY = {
  ...{ add, subtract: sub, multiply: mul, divide: div, divideNoNan: divNoNan, floorDivide: floorDiv, mod },
  ...{ power: pow, maximum, minimum, squaredDifference, equal, notEqual, greater, greaterEqual, less },
  ...{ lessEqual, logicalAnd, logicalOr, logicalXor },
};

const DTYPES = ['float32', 'float16', 'int32', 'uint32', 'bool'] as const;

const broadcast = (shapes: readonly Shape[]) => shapes.reduce((a, b) => broadcastShapes('operation', a, b));

const row = (
  operands: readonly string[],
  run: OperationRow['run'],
  shape: OperationRow['shape'] = broadcast,
): OperationRow => ({ operands, parameters: [], shape, run });

export const ELEMENTWISE: OperationTable = {
  ...Object.fromEntries(
    Object.entries(UNARY).map(([name, fn]) => [
      name,
      one(
        [],
        (shape) => shape,
        (x) => fn(x),
      ),
    ]),
  ),
  ...Object.fromEntries(
    Object.entries(BINARY).map(
      ([name, fn]: [string, (a: TensorLike, b: TensorLike) => ReturnType<typeof add>]) => [
        name,
        row(['x1', 'x2'], ([a, b]) => fn(a!, b!)),
      ],
    ),
  ),
  cast: one(
    ['dtype'],
    (shape) => shape,
    (x, given) => cast(x, given.string('dtype', DTYPES)),
  ),
  clip: one(
    ['xMin', 'xMax'],
    (shape) => shape,
    (x, given) => clipByValue(x, given.number('xMin'), given.number('xMax')),
  ),
  oneHot: one(
    ['numClasses'],
    (shape, given) => [...shape, given.count('numClasses')],
    (x, given) => oneHot(cast(x, 'int32'), given.count('numClasses')),
  ),
  where: row(['condition', 'x1', 'x2'], ([condition, a, b]) => where(condition!, a!, b!)),
};
