/** Launches the GEMM family: `C = act(A' B' + bias)`, with the choice of kernel, tile and padding. */
import { gemm_direct } from '../generated/shaders.ts';
import { elementOf, type Operand, unusedStorage } from './operand.ts';
import { stridedCopyKernel } from './strided_copy.ts';

export type Activation = 'linear' | 'relu' | 'sigmoid' | 'tanh';

export interface GemmProblem {
  /** `M x K` as stored, or `K x M` with `transposeA`. */
  readonly a: Operand;
  /** `K x N` as stored, or `N x K` with `transposeB`. Same dtype as `a`. */
  readonly b: Operand;
  /** `M x N`, float32 or float16 whatever the inputs are; sums are held in f32. */
  readonly c: Operand;
  /** N elements of the inputs' dtype. */
  readonly bias?: Operand | undefined;
  readonly activation?: Activation;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  readonly m: number;
  readonly k: number;
  readonly n: number;
}

export function gemm(problem: GemmProblem): void {
  const { c, m, n } = problem;
  if (n % 4 === 0) {
    gemmDirect(problem);
    return;
  }
  // Kernels write rows of whole quads; a second pass drops the padding.
  const columns = Math.ceil(n / 4) * 4;
  const bytes = m * columns * (c.dtype === 'float16' ? 2 : 4);
  const padded: Operand = { ...operand(c), storage: c.engine.allocate(bytes, 'step', 'matMul'), size: m * columns };
  gemmDirect({ ...problem, c: padded });
  stridedCopyKernel(padded, c, [m, n], [columns, 1]);
  c.engine.release(padded.storage);
}

function operand({ engine, storage, dtype, size }: Operand): Operand {
  return { engine, storage, dtype, size };
}

function gemmDirect(problem: GemmProblem): void {
  const { a, b, c, bias, m, k, n, activation = 'linear', transposeA = false, transposeB = false } = problem;
  const { TM, LINEAR, RELU, SIGMOID, TANH } = gemm_direct.constants;
  const alignedA = (transposeA ? m : k) % 4 === 0;
  a.engine.run(gemm_direct, {
    types: { In4: elementOf(a), Out4: elementOf(c), Acc: 'f32' },
    overrides: {
      TRANSPOSE_A: transposeA,
      TRANSPOSE_B: transposeB,
      ALIGNED_A: alignedA,
      ALIGNED_B: (transposeB ? k : n) % 4 === 0,
      BIAS: bias !== undefined,
      ACTIVATION: { linear: LINEAR, relu: RELU, sigmoid: SIGMOID, tanh: TANH }[activation],
    },
    bindings: { a: a.storage, b: b.storage, bias: bias?.storage ?? unusedStorage(a.engine), c: c.storage },
    params: { m, k, n },
    workgroups: [Math.ceil(Math.ceil(n / 4) / 16), Math.ceil(Math.ceil(m / TM) / 4), 1],
  });
}
