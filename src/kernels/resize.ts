/** Launches `resize.wgsl` and `resize_gradient.wgsl`: images sampled on another grid, and back. */
import { resize, resize_gradient } from '../generated/shaders.ts';
import type { ShapedOperand } from './binary.ts';
import { elementOf, quads, readForm } from './operand.ts';
import { stripGrid } from './strips.ts';
import { inQuads } from './whole-quads.ts';

/** How results lie on the input; TensorFlow.js's two options. */
export interface Sampling {
  readonly nearest: boolean;
  /** The first and last elements of both lie upon each other. */
  readonly alignCorners: boolean;
  /** Elements are squares, whose middles lie half an element from the edge. */
  readonly halfPixelCenters: boolean;
}

/** `x` (batch, height, width, channels) on the grid of `y`. */
export function resizeKernel(x: ShapedOperand, y: ShapedOperand, sampling: Sampling): void {
  const channels = y.shape[3]!;
  inQuads([x], y, channels, ([x4], y4) =>
    y.engine.run(resize, {
      types: { In4: readForm(x), Out4: elementOf(y), Acc: 'f32' },
      overrides: { NEAREST: sampling.nearest },
      bindings: { x: x4.storage, y: y4.storage },
      params: { ...paramsOf(x, y, sampling), size: quads(y4.size), channels: quads(channels) },
      workgroups: stripGrid(resize, y.shape),
    }),
  );
}

/** The gradient by the image of `dx`'s shape. */
export function resizeGradientKernel(upstream: ShapedOperand, dx: ShapedOperand, sampling: Sampling): void {
  const channels = dx.shape[3]!;
  inQuads([upstream], dx, channels, ([upstream4], dx4) =>
    dx.engine.run(resize_gradient, {
      types: { In4: readForm(upstream), Out4: elementOf(dx), Acc: 'f32' },
      overrides: { NEAREST: sampling.nearest },
      bindings: { upstream: upstream4.storage, dx: dx4.storage },
      params: { ...paramsOf(dx, upstream, sampling), size: quads(dx4.size), channels: quads(channels) },
      workgroups: stripGrid(resize_gradient, dx.shape),
    }),
  );
}

function paramsOf(image: ShapedOperand, result: ShapedOperand, sampling: Sampling) {
  const [, height, width] = image.shape as [number, number, number];
  const [, rows, columns] = result.shape as [number, number, number];
  const [scaleDown, shiftDown, unitDown] = placesOf(height, rows, sampling);
  const [scaleAcross, shiftAcross, unitAcross] = placesOf(width, columns, sampling);
  return {
    ...{ height, width, rows, columns, scaleDown, shiftDown, unitDown },
    ...{ scaleAcross, shiftAcross, unitAcross },
  };
}

/** Result o lies at (scale * o + shift) / unit of the input. */
function placesOf(
  from: number,
  to: number,
  { nearest, alignCorners, halfPixelCenters }: Sampling,
): [scale: number, shift: number, unit: number] {
  if (alignCorners && to > 1) {
    // The nearest, not the one before.
    return nearest ? [2 * (from - 1), to - 1, 2 * (to - 1)] : [from - 1, 0, to - 1];
  }
  if (alignCorners) return nearest ? [2 * from, to, 2 * to] : [from, 0, to];
  // At their middles; between elements that begin at theirs, half an element before.
  if (halfPixelCenters) return [2 * from, nearest ? from : from - to, 2 * to];
  return [from, 0, to];
}
