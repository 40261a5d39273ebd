/** `study`: matrix products in arithmetics that nothing else here computes in, for those who study precision. */
import { defineOp } from '../autograd/op.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { type Arithmetic, sumProductsKernel } from '../kernels/sum_products.ts';
import { list, requireDType, show } from '../values/dtype.ts';
import { ArgumentError, ShapeError } from '../values/errors.ts';
import { checkOptions } from '../values/options.ts';
import { showShape } from '../values/shape.ts';
import { type TensorLike, toTensors } from './input.ts';

const ARITHMETICS = { float32: 'FLOAT32', float16: 'FLOAT16', chunked: 'CHUNKED', kahan: 'KAHAN' } as const;

export type Accumulate = keyof typeof ARITHMETICS;

export interface StudyMatMulOptions {
  /**
   * How products are summed, in the order of k. `'float32'`: as everywhere in Halftape. `'float16'`: product and sum are rounded to
   * float16 each time. `'chunked'`: the sums of `chunk` neighbours in float16, those in float32. `'kahan'`: in float16, with the
   * rounding of each sum taken off the next product (Kahan 1965). Default `'float32'`.
   */
  accumulate?: Accumulate;
  /** Of `'chunked'`. Default 16. */
  chunk?: number;
  /**
   * `'device'`: float16 operations of the device, where it has them. `'emulated'`: of float32 ones, rounded to nearest, ties to even, on
   * every device alike. Default `'device'`; devices without `shader-f16` emulate always.
   */
  arithmetic?: 'device' | 'emulated';
}

interface Attributes {
  readonly arithmetic: Arithmetic;
  readonly chunk: number;
  readonly emulated: boolean;
}

const op = defineOp<Attributes>({
  name: 'study.matMul',
  precision: 'clear',
  infer: ([a, b]) => {
    for (const [name, { shape, dtype }] of Object.entries({ a: a!, b: b! })) {
      if (shape.length !== 2)
        throw new ShapeError(`study.matMul: ${name} is ${showShape(shape)}; use a matrix, rank 2`);
      requireDType('study.matMul', name, dtype, ['float16']);
    }
    if (a!.shape[1] !== b!.shape[0])
      throw new ShapeError(
        `study.matMul: inner sizes differ: a is ${showShape(a!.shape)}, b is ${showShape(b!.shape)}`,
      );
    return [{ shape: [a!.shape[0]!, b!.shape[1]!], dtype: 'float32' }];
  },
  forward: ([a, b], [c], attributes) => {
    const [m, k] = a!.shape as [number, number];
    sumProductsKernel(a!, b!, c!, { m, k, n: b!.shape[1]!, ...attributes });
  },
});

/**
 * `a` (m, k) times `b` (k, n), both float16; the result is float32, so that its error is that of the sum. A plain kernel, not a fast
 * one, without a gradient. Throws `ShapeError`, `DtypeError`, `ArgumentError`.
 */
function matMul(a: TensorLike, b: TensorLike, options: StudyMatMulOptions = {}): Tensor {
  checkOptions('study.matMul', options, ['accumulate', 'chunk', 'arithmetic']);
  const { accumulate = 'float32', chunk = 16, arithmetic = 'device' } = options;
  if (!Object.hasOwn(ARITHMETICS, accumulate))
    throw new ArgumentError(
      `study.matMul: accumulate ${show(accumulate)}; use ${list(Object.keys(ARITHMETICS))}`,
    );
  if (!(Number.isInteger(chunk) && chunk >= 1 && chunk < 2 ** 32))
    throw new ArgumentError(`study.matMul: chunk ${show(chunk)}; use a whole number of products, 1 or more`);
  if (options.chunk !== undefined && accumulate !== 'chunked')
    throw new ArgumentError(`study.matMul: chunk with accumulate '${accumulate}'; it is of 'chunked'`);
  if (arithmetic !== 'device' && arithmetic !== 'emulated')
    throw new ArgumentError(`study.matMul: arithmetic ${show(arithmetic)}; use 'device' or 'emulated'`);
  const attributes = { arithmetic: ARITHMETICS[accumulate], chunk, emulated: arithmetic === 'emulated' };
  return op(toTensors('study.matMul', a, b), attributes)[0]!;
}

export const study = { matMul };
