/** `matMul`: products of matrices, with a bias, a residual and an activation in the same pass where they are given. */
import { defineOp, gradientDType } from '../autograd/op.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import { gemm } from '../kernels/gemm/gemm.ts';
import { ACTIVATIONS, type Activation } from '../kernels/gemm/problem.ts';
import { type FloatDType, list, requireDType, show } from '../values/dtype.ts';
import { ArgumentError, DtypeError, ShapeError } from '../values/errors.ts';
import { checkOptions } from '../values/options.ts';
import { sameShape, showShape, sizeOf } from '../values/shape.ts';
import { reluGradient, sigmoidGradient, tanhGradient } from './activation-gradients.ts';
import { cast } from './cast.ts';
import { type TensorLike, toTensor, toTensors } from './input.ts';
import { reshape } from './reshape.ts';
import { sumTo } from './sum.ts';

interface Attributes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly activation: Activation;
  readonly dtype: FloatDType;
  /** The third input is a bias; the residual comes after it. */
  readonly biased: boolean;
}

const op = defineOp<Attributes>({
  name: 'matMul',
  precision: 'allow',
  infer: ([a, b, ...rest], attributes) => {
    const { transposeA, transposeB, dtype, biased } = attributes;
    for (const [name, { rank, shape }] of Object.entries({ a: a!, b: b! })) {
      if (rank < 2)
        throw new ShapeError(`matMul: ${name} is ${showShape(shape)}; use matrices, rank 2 or more`);
    }
    requireDType('matMul', 'a', a!.dtype, ['float32', 'float16']);
    if (a!.dtype !== b!.dtype)
      throw new DtypeError(`matMul: dtypes differ: a is ${a!.dtype}, b is ${b!.dtype}; cast one`);
    const { m, k, n, k2, lead } = sizes(a!, b!, attributes);
    if (k !== k2) {
      const flags = transposeA || transposeB ? ` (transposeA ${transposeA}, transposeB ${transposeB})` : '';
      throw new ShapeError(
        `matMul: inner sizes differ: a is ${showShape(a!.shape)}, b is ${showShape(b!.shape)}${flags}`,
      );
    }
    for (const { rank, shape } of [a!, b!]) {
      if (rank > 2 && !sameShape(shape.slice(0, -2), lead)) {
        throw new ShapeError(
          `matMul: batches differ: a is ${showShape(a!.shape)}, b is ${showShape(b!.shape)}; use the same leading sizes, or rank 2 for one operand`,
        );
      }
    }
    const shape = [...lead, m, n];
    for (const [name, extra, wanted] of [
      ['bias', biased ? rest[0] : undefined, [n]],
      ['residual', rest[biased ? 1 : 0], shape],
    ] as const) {
      if (extra && (!sameShape(extra.shape, wanted) || extra.dtype !== a!.dtype)) {
        throw new ShapeError(
          `matMul: ${name} is ${extra.dtype} ${showShape(extra.shape)}; use ${a!.dtype} ${showShape(wanted)}`,
        );
      }
    }
    return [{ shape, dtype }];
  },
  forward: ([a, b, ...rest], [c], attributes) => {
    const { transposeA, transposeB, activation, biased } = attributes;
    const { m, k, n, lead } = sizes(a!, b!, attributes);
    const [bias, residual] = biased ? rest : [undefined, rest[0]];
    gemm({
      ...{ a: a!, b: b!, c: c!, bias, residual, activation, transposeA, transposeB, m, k, n },
      batch: sizeOf(lead),
      sharedA: a!.rank === 2,
      sharedB: b!.rank === 2,
    });
  },
  backward: ({ gradients, inputs: [a, b, ...rest], outputs: [y], attributes, needs }) => {
    const { transposeA: ta, transposeB: tb, activation, biased } = attributes;
    const upstream = beforeActivation(activation, gradients[0]!, y!);
    // dA' = G B'^T and dB' = A'^T G, each transposed again where the operand is stored transposed.
    const byA = (): Tensor =>
      ta ? product(b!, upstream, tb, true, a!) : product(upstream, b!, false, !tb, a!);
    const byB = (): Tensor =>
      tb ? product(upstream, a!, true, ta, b!) : product(a!, upstream, !ta, false, b!);
    return [
      needs[0] ? byA() : null,
      needs[1] ? byB() : null,
      ...rest.map((extra, i) => {
        if (!needs[2 + i]) return null;
        return biased && i === 0 ? sumTo(upstream, extra) : upstream;
      }),
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

/** Sizes of each product, and the leading sizes by which products are counted. */
function sizes(
  a: Tensor,
  b: Tensor,
  { transposeA, transposeB }: Pick<Attributes, 'transposeA' | 'transposeB'>,
) {
  const [first, second] = [a.shape.slice(-2), b.shape.slice(-2)];
  const [m, k] = (transposeA ? first.reverse() : first) as [number, number];
  const [k2, n] = (transposeB ? second.reverse() : second) as [number, number];
  return { m, k, n, k2, lead: (a.rank > 2 ? a : b).shape.slice(0, -2) };
}

/** The product that is the gradient by `source`; where that serves a whole batch, the sum over the batch. */
function product(a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean, source: Tensor): Tensor {
  // Both operands of one product have one dtype; an f32 gradient meets an f16 operand only on a second derivative.
  const [left, right] = a.dtype === b.dtype ? [a, b] : [cast(a, 'float32'), cast(b, 'float32')];
  const summed = source.rank === 2 && Math.max(a.rank, b.rank) > 2;
  const dtype = (summed ? 'float32' : gradientDType(source)) as FloatDType;
  const attributes = { transposeA, transposeB, activation: 'linear', dtype, biased: false } as const;
  return sumTo(op([left, right], attributes)[0]!, source);
}

export interface MatMulOptions {
  /** `b` in the product's columns. */
  bias?: TensorLike;
  /** Of the result's shape, added before the activation. */
  residual?: TensorLike;
  /** Applied to the result before it is stored. Default `'linear'`. */
  activation?: Activation;
  /** dtype of the result; sums are held in f32 whatever it is. Default: that of the inputs. */
  dtype?: FloatDType;
}

/**
 * `a` (m, k) times `b` (k, n), each transposed first where asked; with leading sizes, one product for each place of them,
 * and an operand of rank 2 serves them all. Sums are held in f32. Throws `ShapeError` unless sizes fit, `DtypeError` unless
 * both are floats of one dtype.
 */
export function matMul(
  a: TensorLike,
  b: TensorLike,
  transposeA = false,
  transposeB = false,
  options: MatMulOptions = {},
): Tensor {
  checkOptions('matMul', options, ['bias', 'residual', 'activation', 'dtype']);
  const [left, right] = toTensors('matMul', a, b);
  const { activation = 'linear', dtype = left.dtype as FloatDType, bias, residual } = options;
  if (!ACTIVATIONS.includes(activation)) {
    throw new ArgumentError(`matMul: unknown activation ${show(activation)}; use ${list(ACTIVATIONS)}`);
  }
  if (options.dtype) requireDType('matMul', 'the result', dtype, ['float32', 'float16']);
  const extras = [bias, residual].filter((extra) => extra !== undefined);
  const inputs = [left, right, ...extras.map((extra) => toTensor('matMul', extra, left))];
  const attributes = { transposeA, transposeB, activation, dtype, biased: bias !== undefined };
  // Rows of one operand for all are rows of one larger matrix: a single product.
  if (left.rank > 2 && right.rank === 2 && !transposeA) return tidy(() => asRows(inputs, attributes));
  return op(inputs, attributes)[0]!;
}

function asRows([a, b, ...rest]: Tensor[], attributes: Attributes): Tensor {
  const lead = a!.shape.slice(0, -1);
  const columns = b!.shape[attributes.transposeB ? 0 : 1]!;
  const flat = (tensor: Tensor) => (tensor.rank > 2 ? reshape(tensor, [-1, tensor.shape.at(-1)!]) : tensor);
  // Refused here, in the shapes that were given.
  for (const extra of rest) {
    if (extra.rank > 1 && !sameShape(extra.shape, [...lead, columns])) {
      throw new ShapeError(
        `matMul: residual is ${extra.dtype} ${showShape(extra.shape)}; use ${a!.dtype} ${showShape([...lead, columns])}`,
      );
    }
  }
  return reshape(op([flat(a!), b!, ...rest.map(flat)], attributes)[0]!, [...lead, columns]);
}
