/** Launches the GEMM family: `C = act(A' B' + bias)`, with the choice of kernel and the padding that kernels ask for. */
import { gemm_direct } from '../generated/shaders.ts';
import { linearGrid } from '../gpu/shader.ts';
import { bytesOf, elementOf, type Operand, unusedStorage } from './operand.ts';
import { padKernel } from './pad.ts';
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

/** Kernels read and write rows of whole quads; matrices that have none go through padded copies. */
export function gemm(problem: GemmProblem): void {
  const { a, b, c, m, k, n, transposeA = false, transposeB = false } = problem;
  const paddedA = withWholeQuads(a, ...(transposeA ? ([k, m] as const) : ([m, k] as const)));
  const paddedB = withWholeQuads(b, ...(transposeB ? ([n, k] as const) : ([k, n] as const)));
  const columns = wholeQuads(n);
  const paddedC = columns === n ? c : scratch(c, m * columns);
  gemmDirect({ ...problem, a: paddedA, b: paddedB, c: paddedC });
  if (paddedC !== c) stridedCopyKernel(paddedC, c, [m, n], [columns, 1]);
  for (const [padded, own] of [
    [paddedA, a],
    [paddedB, b],
    [paddedC, c],
  ] as const) {
    if (padded !== own) c.engine.release(padded.storage);
  }
}

function wholeQuads(columns: number): number {
  return Math.ceil(columns / 4) * 4;
}

function scratch({ engine, dtype }: Operand, size: number): Operand {
  return { engine, dtype, size, storage: engine.allocate(bytesOf(dtype, size), 'step', 'matMul') };
}

function withWholeQuads(x: Operand, rows: number, columns: number): Operand {
  const padded = wholeQuads(columns);
  if (padded === columns) return x;
  const copy = scratch(x, rows * padded);
  padKernel({ ...operand(x), shape: [rows, columns] }, { ...copy, shape: [rows, padded] }, [0, 0], 0);
  return copy;
}

function operand({ engine, storage, dtype, size }: Operand): Operand {
  return { engine, storage, dtype, size };
}

function gemmDirect(problem: GemmProblem): void {
  const { a, b, c, bias, m, k, n, activation = 'linear', transposeA = false, transposeB = false } = problem;
  const { TM, LINEAR, RELU, SIGMOID, TANH } = gemm_direct.constants;
  const [y, z] = linearGrid(Math.ceil(m / TM), 4);
  a.engine.run(gemm_direct, {
    types: { In4: elementOf(a), Out4: elementOf(c), Acc: 'f32' },
    overrides: {
      TRANSPOSE_A: transposeA,
      TRANSPOSE_B: transposeB,
      RAGGED_K: k % 4 !== 0,
      BIAS: bias !== undefined,
      ACTIVATION: { linear: LINEAR, relu: RELU, sigmoid: SIGMOID, tanh: TANH }[activation],
    },
    bindings: { a: a.storage, b: b.storage, bias: bias?.storage ?? unusedStorage(a.engine), c: c.storage },
    params: { m, k, n },
    workgroups: [Math.ceil(n / 4 / 16), y, z],
  });
}
