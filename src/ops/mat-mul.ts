/** `matMul`: the product of two matrices, with a bias and an activation in the same pass where they are given. */
import { defineOp, gradientDType } from '../autograd/op.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { gemm } from '../kernels/gemm/gemm.ts';
import { ACTIVATIONS, type Activation } from '../kernels/gemm/problem.ts';
import { type FloatDType, list, requireDType, show } from '../values/dtype.ts';
import { ArgumentError, DtypeError, ShapeError } from '../values/errors.ts';
import { checkOptions } from '../values/options.ts';
import { showShape } from '../values/shape.ts';
import { reluGradient, sigmoidGradient, tanhGradient } from './activation-gradients.ts';
import { cast } from './cast.ts';
import { type TensorLike, toTensor, toTensors } from './input.ts';
import { sumTo } from './sum.ts';

interface Attributes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly activation: Activation;
  readonly dtype: FloatDType;
}

const op = defineOp<Attributes>({
  name: 'matMul',
  precision: 'allow',
  infer: ([a, b, bias], { transposeA, transposeB, dtype }) => {
    for (const [name, { rank, shape }] of Object.entries({ a: a!, b: b! })) {
      if (rank !== 2) throw new ShapeError(`matMul: ${name} is ${showShape(shape)}; use matrices of rank 2`);
    }
    requireDType('matMul', 'a', a!.dtype, ['float32', 'float16']);
    if (a!.dtype !== b!.dtype)
      throw new DtypeError(`matMul: dtypes differ: a is ${a!.dtype}, b is ${b!.dtype}; cast one`);
    const { m, k, n, k2 } = sizes(a!, b!, transposeA, transposeB);
    if (k !== k2) {
      const flags = transposeA || transposeB ? ` (transposeA ${transposeA}, transposeB ${transposeB})` : '';
      throw new ShapeError(
        `matMul: inner sizes differ: a is ${showShape(a!.shape)}, b is ${showShape(b!.shape)}${flags}`,
      );
    }
    if (bias && (bias.rank !== 1 || bias.size !== n || bias.dtype !== a!.dtype)) {
      throw new ShapeError(`matMul: bias is ${bias.dtype} ${showShape(bias.shape)}; use ${a!.dtype} (${n})`);
    }
    return [{ shape: [m, n], dtype }];
  },
  forward: ([a, b, bias], [c], { transposeA, transposeB, activation }) => {
    const { m, k, n } = sizes(a!, b!, transposeA, transposeB);
    gemm({ a: a!, b: b!, c: c!, bias, activation, transposeA, transposeB, m, k, n });
  },
  backward: ({ gradients, inputs: [a, b, bias], outputs: [y], attributes, needs }) => {
    const { transposeA: ta, transposeB: tb, activation } = attributes;
    const upstream = beforeActivation(activation, gradients[0]!, y!);
    // dA' = G B'^T and dB' = A'^T G, each transposed again where the operand is stored transposed.
    const byA = (): Tensor =>
      ta
        ? product(b!, upstream, tb, true, gradientDType(a!))
        : product(upstream, b!, false, !tb, gradientDType(a!));
    const byB = (): Tensor =>
      tb
        ? product(upstream, a!, true, ta, gradientDType(b!))
        : product(a!, upstream, !ta, false, gradientDType(b!));
    return [
      needs[0] ? byA() : null,
      needs[1] ? byB() : null,
      bias && needs[2] ? sumTo(upstream, bias) : null,
    ];
  },
});

function beforeActivation(activation: Activation, upstream: Tensor, y: Tensor): Tensor {
  switch (activation) {
    case 'linear':
      return upstream;
    case 'relu':
      return reluGradient(upstream, y);
    case 'sigmoid':
      return sigmoidGradient(upstream, y);
    case 'tanh':
      return tanhGradient(upstream, y);
  }
}

function sizes(a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean) {
  const [m, k] = transposeA ? [a.shape[1]!, a.shape[0]!] : [a.shape[0]!, a.shape[1]!];
  const [k2, n] = transposeB ? [b.shape[1]!, b.shape[0]!] : [b.shape[0]!, b.shape[1]!];
  return { m, k, n, k2 };
}

function product(
  a: Tensor,
  b: Tensor,
  transposeA: boolean,
  transposeB: boolean,
  dtype: Tensor['dtype'],
): Tensor {
  // Both operands of one product have one dtype; an f32 gradient meets an f16 operand only on a second derivative.
  const [left, right] = a.dtype === b.dtype ? [a, b] : [cast(a, 'float32'), cast(b, 'float32')];
  return op([left, right], { transposeA, transposeB, activation: 'linear', dtype: dtype as FloatDType })[0]!;
}

export interface MatMulOptions {
  /** `b` in the product's columns. */
  bias?: TensorLike;
  /** Applied to the result before it is stored. Default `'linear'`. */
  activation?: Activation;
  /** dtype of the result; sums are held in f32 whatever it is. Default: that of the inputs. */
  dtype?: FloatDType;
}

/**
 * `a` (m, k) times `b` (k, n), each transposed first where asked. Sums are held in f32. Throws `ShapeError` unless both
 * are matrices that fit, `DtypeError` unless both are floats of one dtype.
 */
export function matMul(
  a: TensorLike,
  b: TensorLike,
  transposeA = false,
  transposeB = false,
  options: MatMulOptions = {},
): Tensor {
  checkOptions('matMul', options, ['bias', 'activation', 'dtype']);
  const [left, right] = toTensors('matMul', a, b);
  const { activation = 'linear', dtype = left.dtype as FloatDType, bias } = options;
  if (!ACTIVATIONS.includes(activation)) {
    throw new ArgumentError(`matMul: unknown activation ${show(activation)}; use ${list(ACTIVATIONS)}`);
  }
  if (options.dtype) requireDType('matMul', 'the result', dtype, ['float32', 'float16']);
  const inputs = bias === undefined ? [left, right] : [left, right, toTensor('matMul', bias, left)];
  return op(inputs, { transposeA, transposeB, activation, dtype })[0]!;
}
