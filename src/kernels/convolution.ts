/**
 * What a kind of convolution has: kernels for the three products of image, filter and upstream gradient, each of which is
 * the gradient of the other two.
 */
import type { Window } from '../values/window.ts';
import type { ShapedOperand } from './binary.ts';
import type { Epilogue } from './gemm/problem.ts';

export interface ConvolutionKernels {
  /** `y = act(x * filter + bias)`. */
  forward(
    x: ShapedOperand,
    filter: ShapedOperand,
    y: ShapedOperand,
    window: Window,
    epilogue?: Epilogue,
  ): void;
  /** Gradient by the image. */
  byImage(upstream: ShapedOperand, filter: ShapedOperand, dx: ShapedOperand, window: Window): void;
  /** Gradient by the filter. */
  byFilter(x: ShapedOperand, upstream: ShapedOperand, dFilter: ShapedOperand, window: Window): void;
}
