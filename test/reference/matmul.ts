// Reference: products of matrices, each transposed first where asked, with bias, residual and activation.
import { build, type Plain } from './array.ts';
import { relu, sigmoid } from './elementwise.ts';

export const ACTIVATIONS = {
  linear: (x: number) => x,
  relu,
  sigmoid,
  tanh: Math.tanh,
  relu6: (x: number) => Math.min(relu(x), 6),
};

export interface MatMulOptions {
  transposeA?: boolean;
  transposeB?: boolean;
  bias?: Plain | undefined;
  residual?: Plain | undefined;
  activation?: keyof typeof ACTIVATIONS;
}

/** Leading sizes broadcast as in NumPy: there is a product for each place of them. */
export function matMul(a: Plain, b: Plain, options: MatMulOptions = {}): Plain {
  const { transposeA = false, transposeB = false, bias, residual, activation = 'linear' } = options;
  const [shapeA, shapeB] = [a.shape.slice(-2), b.shape.slice(-2)];
  const [m, inner] = transposeA ? [shapeA[1]!, shapeA[0]!] : [shapeA[0]!, shapeA[1]!];
  const n = transposeB ? shapeB[0]! : shapeB[1]!;
  const count = Math.max(a.shape.length, b.shape.length) - 2;
  const sizeAt = ({ shape }: Plain, axis: number) => shape[axis - count - 2 + shape.length] ?? 1;
  const lead = Array.from({ length: count }, (_, axis) => Math.max(sizeAt(a, axis), sizeAt(b, axis)));
  /** Which matrix of an operand serves a place. */
  const matrixOf = (x: Plain, place: readonly number[]) =>
    place.reduce((at, i, axis) => at * sizeAt(x, axis) + (sizeAt(x, axis) === 1 ? 0 : i), 0);
  return build([...lead, m, n], (index) => {
    const [i, j] = index.slice(-2) as [number, number];
    const place = index.slice(0, -2);
    const [fromA, fromB] = [matrixOf(a, place) * m * inner, matrixOf(b, place) * inner * n];
    const matrix = place.reduce((at, own, axis) => at * lead[axis]! + own, 0);
    let sum = (bias ? bias.data[j]! : 0) + (residual ? residual.data[(matrix * m + i) * n + j]! : 0);
    for (let k = 0; k < inner; k++) {
      const left = a.data[fromA + (transposeA ? k * m + i : i * inner + k)]!;
      const right = b.data[fromB + (transposeB ? j * inner + k : k * n + j)]!;
      sum += left * right;
    }
    return ACTIVATIONS[activation](sum);
  });
}
