// Reference: the product of two matrices, each transposed first where asked, with a bias and an activation.
import { build, type Plain } from './array.ts';
import { relu, sigmoid } from './elementwise.ts';

export const ACTIVATIONS = { linear: (x: number) => x, relu, sigmoid, tanh: Math.tanh };

export interface MatMulOptions {
  transposeA?: boolean;
  transposeB?: boolean;
  bias?: Plain | undefined;
  activation?: keyof typeof ACTIVATIONS;
}

export function matMul(a: Plain, b: Plain, options: MatMulOptions = {}): Plain {
  const { transposeA = false, transposeB = false, bias, activation = 'linear' } = options;
  const [m, inner] = transposeA ? [a.shape[1]!, a.shape[0]!] : [a.shape[0]!, a.shape[1]!];
  const n = transposeB ? b.shape[0]! : b.shape[1]!;
  return build([m, n], ([i, j]) => {
    let sum = bias ? bias.data[j!]! : 0;
    for (let k = 0; k < inner; k++) {
      const left = a.data[transposeA ? k * m + i! : i! * inner + k]!;
      const right = b.data[transposeB ? j! * inner + k : k * n + j!]!;
      sum += left * right;
    }
    return ACTIVATIONS[activation](sum);
  });
}
