/** Where layers scale the gradients that come back to them, and which scaling is at work. */
import { layerPathNow } from '../autograd/part.ts';
import { type Carried, isRecording, recordOp } from '../autograd/recording.ts';
import type { Tensor } from '../autograd/tensor.ts';
import type { Factor } from '../kernels/layer_scale.ts';

/** The gradient in float16 times a power of two, which it carries; `factor` is what the layer multiplies it with next. */
export type ScaleGradient = (gradient: Tensor, path: string, factor: Factor | undefined) => Carried;

let scaling: ScaleGradient | undefined;

/** Runs `fn`, whose layers scale their gradients by `scale`. */
export function withScaling<T>(scale: ScaleGradient, fn: () => T): T {
  const before = scaling;
  scaling = scale;
  try {
    return fn();
  } finally {
    scaling = before;
  }
}

/**
 * `y`, the result of the layer that is being called, with its gradient scaled by the layer. Only float16 needs that; without a factor,
 * only where the gradient comes in float32. `y` itself where nothing is scaled, or a layer inside does that.
 */
export function scalePoint(y: Tensor, factor: Factor | undefined): Tensor {
  if (!scaling || y.dtype !== 'float16' || y.wideGradient || !isRecording()) return y;
  const [scale, path] = [scaling, layerPathNow()];
  const point = y.alias(y.shape, { wideGradient: true });
  recordOp('lossScale', [y], [point], ([gradient]) => [
    factor || gradient!.dtype === 'float32' ? scale(gradient!, path, factor) : gradient,
  ]);
  return point;
}
