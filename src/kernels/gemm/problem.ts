/** What a product of matrices is asked for with, and the plain description of it that choices go by. */
import type { ElementType } from '../../gpu/shader.ts';
import type { Storage } from '../../gpu/storage.ts';
import type { DType } from '../../values/dtype.ts';
import type { Window } from '../../values/window.ts';
import type { Operand } from '../operand.ts';

/** Activations of the epilogue; `activate` in `shaders/lib/epilogue.wgsl` knows them by their place here. */
export const ACTIVATIONS = ['linear', 'relu', 'sigmoid', 'tanh', 'relu6'] as const;
export type Activation = (typeof ACTIVATIONS)[number];

/** Images, NHWC, whose patches under a window are read as rows of a matrix that is never stored: implicit GEMM. */
export interface Patches {
  readonly window: Window;
  readonly images: number;
  /** A multiple of 4. */
  readonly channels: number;
}

/** What a sum of products passes before it is stored. */
export interface Epilogue {
  /** One value for each column of C, of the inputs' dtype. */
  readonly bias?: Operand | undefined;
  /** Of C's shape and the inputs' dtype; added before the activation. */
  readonly residual?: Operand | undefined;
  readonly activation?: Activation | undefined;
  /** Its first word becomes 1 when a result is infinite or NaN, in float16 also when it is beyond 65504. */
  readonly overflow?: Storage | undefined;
}

/** `C = act(A' B' + bias + residual)`, for `batch` products side by side. */
export interface GemmProblem extends Epilogue {
  /** `batch` matrices of `M x K` as stored, or `K x M` with `transposeA`; with `patches` the images of each. */
  readonly a: Operand;
  readonly patches?: Patches | undefined;
  /** `batch` matrices of `K x N` as stored, or `N x K` with `transposeB`. Same dtype as `a`. */
  readonly b: Operand;
  /** `batch` matrices of `M x N`, float32 or float16 whatever the inputs are; sums are held in f32. */
  readonly c: Operand;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  /** Default 1. */
  readonly batch?: number;
  /** All products of the batch take the same A, or the same B. */
  readonly sharedA?: boolean;
  readonly sharedB?: boolean;
}

export type Layout = 'NN' | 'NT' | 'TN' | 'TT';

/** What choices go by. */
export interface GemmShape {
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly batch: number;
  readonly layout: Layout;
  readonly input: DType;
  readonly output: DType;
  readonly patches?: Patches | undefined;
}

export function shapeOf(problem: GemmProblem): GemmShape {
  const { a, c, m, k, n, batch = 1, transposeA, transposeB, patches } = problem;
  const layout = `${transposeA ? 'T' : 'N'}${transposeB ? 'T' : 'N'}` as Layout;
  return { m, k, n, batch, layout, input: a.dtype, output: c.dtype, patches };
}

/** Elements of one A as it lies in memory. */
export function sizeOfA({ m, k, patches }: Pick<GemmProblem, 'm' | 'k' | 'patches'>): number {
  if (!patches) return m * k;
  const [height, width] = patches.window.image;
  return patches.images * height * width * patches.channels;
}

/** The problem, its rows padded to whole quads, and the form in which its operands are read. */
export interface GemmCall extends GemmProblem {
  readonly input: ElementType;
}
