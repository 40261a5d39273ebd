/** `isNaN`, `isInf` and `isFinite`: bools found by the bits of floats, since shader compilers may take it that there are no others. */
import type { Tensor } from '../autograd/tensor.ts';
import { requireDType } from '../values/dtype.ts';
import { binaryOp } from './binary-op.ts';
import { type TensorLike, toTensor } from './input.ts';

function bitTest(name: string, kernel: 'IS_NAN' | 'IS_INF' | 'IS_FINITE') {
  const op = binaryOp(name, kernel, 'clear', undefined, 'bool');
  return (x: TensorLike): Tensor => {
    const own = toTensor(name, x);
    requireDType(name, 'x', own.dtype, ['float32', 'float16']);
    return op(own, own);
  };
}

/** Whether x is not a number. Throws `DtypeError` unless it is a float. */
const nan = bitTest('isNaN', 'IS_NAN');
/** Whether x is infinite. Throws `DtypeError` unless it is a float. */
const infinite = bitTest('isInf', 'IS_INF');
/** Whether x is neither infinite nor NaN. Throws `DtypeError` unless it is a float. */
const finite = bitTest('isFinite', 'IS_FINITE');

export { finite as isFinite, infinite as isInf, nan as isNaN };
