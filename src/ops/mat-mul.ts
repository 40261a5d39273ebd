/** `matMul`: products of matrices, with a bias, a residual and an activation in the same pass where they are given. */
import { defineOp, gradientDType } from '../autograd/op.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import { gemm } from '../kernels/gemm/gemm.ts';
import { ACTIVATIONS, type Activation } from '../kernels/gemm/problem.ts';
import { type FloatDType, list, requireDType, show } from '../values/dtype.ts';
import { ArgumentError, ShapeError } from '../values/errors.ts';
import { checkOptions } from '../values/options.ts';
import { type Shape, sameShape, showShape, sizeOf } from '../values/shape.ts';
import { beforeActivation } from './activation-gradients.ts';
import { cast } from './cast.ts';
import { requireOneDType, type TensorLike, toTensor, toTensors } from './input.ts';
import { reshape } from './reshape.ts';
import { broadcastTo, sumTo } from './sum.ts';

interface Attributes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly activation: Activation;
  /** Default: that of the operands. */
  readonly dtype: FloatDType | undefined;
  /** The third input is a bias; the residual comes after it. */
  readonly biased: boolean;
}

const op = defineOp<Attributes>({
  name: 'matMul',
  precision: 'allow',
  // Shapes were checked before, as they were given.
  infer: ([a, b, ...rest], attributes) => {
    const [bias, residual] = attributes.biased ? rest : [undefined, rest[0]];
    requireOneDType('matMul', { a, b, bias, residual });
    const { m, n, lead } = sizes(a!, b!, attributes);
    return [{ shape: [...lead, m, n], dtype: attributes.dtype ?? a!.dtype }];
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

/** Throws unless the operands fit each other; gives the leading sizes of their product, and its rows and columns. */
function checkOperands([a, b, ...rest]: readonly Tensor[], attributes: Attributes): Shape {
  const { transposeA, transposeB, biased } = attributes;
  for (const [name, { rank, shape }] of Object.entries({ a: a!, b: b! })) {
    if (rank < 2)
      throw new ShapeError(`matMul: ${name} is ${showShape(shape)}; use matrices, rank 2 or more`);
  }
  requireDType('matMul', 'a', a!.dtype, ['float32', 'float16']);
  const { m, k, n, k2 } = sizes(a!, b!, attributes);
  if (k !== k2) {
    const flags = transposeA || transposeB ? ` (transposeA ${transposeA}, transposeB ${transposeB})` : '';
    throw new ShapeError(
      `matMul: inner sizes differ: a is ${showShape(a!.shape)}, b is ${showShape(b!.shape)}${flags}`,
    );
  }
  const [left, right] = leads(a!, b!);
  if (left.some((size, axis) => size !== right[axis] && size !== 1 && right[axis] !== 1)) {
    throw new ShapeError(
      `matMul: batches differ: a is ${showShape(a!.shape)}, b is ${showShape(b!.shape)}; use leading sizes that are equal or 1`,
    );
  }
  const shape = [...left.map((size, axis) => Math.max(size, right[axis]!)), m, n];
  for (const [name, extra, wanted] of [
    ['bias', biased ? rest[0] : undefined, [n]],
    ['residual', rest[biased ? 1 : 0], shape],
  ] as const) {
    if (extra && !sameShape(extra.shape, wanted)) {
      throw new ShapeError(`matMul: ${name} is ${showShape(extra.shape)}; use ${showShape(wanted)}`);
    }
  }
  return shape;
}

/** Leading sizes of both operands, the shorter list filled up with ones. */
function leads(a: Tensor, b: Tensor): [number[], number[]] {
  const count = Math.max(a.rank, b.rank) - 2;
  const filled = ({ shape, rank }: Tensor) => [
    ...new Array<number>(count + 2 - rank).fill(1),
    ...shape.slice(0, -2),
  ];
  return [filled(a), filled(b)];
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
 * `a` (m, k) times `b` (k, n), each transposed first where asked; with leading sizes, which broadcast as in NumPy, one product for
 * each place of them. Sums are held in f32. Throws `ShapeError` unless sizes fit, `DtypeError` unless both are floats of one dtype.
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
  const { activation = 'linear', dtype, bias, residual } = options;
  if (!ACTIVATIONS.includes(activation)) {
    throw new ArgumentError(`matMul: unknown activation ${show(activation)}; use ${list(ACTIVATIONS)}`);
  }
  if (dtype) requireDType('matMul', 'the result', dtype, ['float32', 'float16']);
  const extras = [bias, residual].filter((extra) => extra !== undefined);
  const inputs = [left, right, ...extras.map((extra) => toTensor('matMul', extra, left))];
  const attributes = { transposeA, transposeB, activation, dtype, biased: bias !== undefined };
  const shape = checkOperands(inputs, attributes);
  return tidy(() => {
    const [first, second] = aligned(left, right, transposeA);
    const rest = inputs.slice(2).map((extra, i) => {
      const { m, n, lead } = sizes(first, second, attributes);
      return attributes.biased && i === 0 ? extra : reshape(extra, [...lead, m, n]);
    });
    return reshape(op([first, second, ...rest], attributes)[0]!, shape);
  });
}

/** The operands with equal leading sizes, or rank 2 for one that serves all: what the kernels take. */
function aligned(a: Tensor, b: Tensor, transposeA: boolean): [Tensor, Tensor] {
  const [left, right] = leads(a, b);
  const columns = a.shape.at(-1)!;
  let rows = a.shape.at(-2)!;
  // Rows of several products with one B are rows of one larger matrix.
  while (!transposeA && right.at(-1) === 1) {
    rows *= left.pop()!;
    right.pop();
  }
  const first = reshape(a, [...left, rows, columns]);
  const second = reshape(b, [...right, ...b.shape.slice(-2)]);
  const isShared = (lead: readonly number[]) => lead.every((size) => size === 1);
  if (sameShape(left, right)) return [first, second];
  if (isShared(left)) return [reshape(a, [rows, columns]), second];
  if (isShared(right)) return [first, reshape(b, b.shape.slice(-2))];
  const lead = left.map((size, axis) => Math.max(size, right[axis]!));
  return [broadcastTo(first, [...lead, rows, columns]), broadcastTo(second, [...lead, ...b.shape.slice(-2)])];
}
