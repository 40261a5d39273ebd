// Reference: products of matrices, each transposed first where asked, with bias, residual and activation.
import { build, type Plain } from './array.ts';
import { relu, sigmoid } from './elementwise.ts';

export const ACTIVATIONS = { linear: (x: number) => x, relu, sigmoid, tanh: Math.tanh };

export interface MatMulOptions {
  transposeA?: boolean;
  transposeB?: boolean;
  bias?: Plain | undefined;
  residual?: Plain | undefined;
  activation?: keyof typeof ACTIVATIONS;
}

/** Operands of rank 2, or of rank 3 with the batch first; one of rank 2 beside one of rank 3 serves the whole batch. */
export function matMul(a: Plain, b: Plain, options: MatMulOptions = {}): Plain {
  const { transposeA = false, transposeB = false, bias, residual, activation = 'linear' } = options;
  const [shapeA, shapeB] = [a.shape.slice(-2), b.shape.slice(-2)];
  const [m, inner] = transposeA ? [shapeA[1]!, shapeA[0]!] : [shapeA[0]!, shapeA[1]!];
  const n = transposeB ? shapeB[0]! : shapeB[1]!;
  const batch = [a, b].find(({ shape }) => shape.length === 3)?.shape.slice(0, 1) ?? [];
  return build([...batch, m, n], (index) => {
    const [i, j] = index.slice(-2) as [number, number];
    const matrix = index.length === 3 ? index[0]! : 0;
    const [fromA, fromB] = [
      a.shape.length === 3 ? matrix * m * inner : 0,
      b.shape.length === 3 ? matrix * inner * n : 0,
    ];
    let sum = (bias ? bias.data[j]! : 0) + (residual ? residual.data[(matrix * m + i) * n + j]! : 0);
    for (let k = 0; k < inner; k++) {
      const left = a.data[fromA + (transposeA ? k * m + i : i * inner + k)]!;
      const right = b.data[fromB + (transposeB ? j * inner + k : k * n + j)]!;
      sum += left * right;
    }
    return ACTIVATIONS[activation](sum);
  });
}
