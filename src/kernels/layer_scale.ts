/** Launches adaptive loss scaling, `adaptive_begin.wgsl`, `magnitudes.wgsl` and `layer_scale.wgsl`: a power of two for each layer, on the GPU. */
import { adaptive_begin, layer_scale, magnitudes } from '../generated/shaders.ts';
import type { Engine } from '../gpu/engine.ts';
import type { Storage } from '../gpu/storage.ts';
import { elementOf, type Operand, quadsOf, unusedStorage } from './operand.ts';

/** The words of `shaders/lib/adaptive_state.wgsl`, in order, all u32. */
export const ADAPTIVE_STATE = ['steps', 'refresh', 'retreat', 'finite'] as const;
export interface BeginRule {
  /** Every so many steps measure anew. */
  readonly refreshSteps: number;
  /** Finite steps in a row after which one power of two that skipped steps took comes back. */
  readonly growthSteps: number;
  readonly mostRetreat: number;
}

/** Begins a step; `optimizer` is the scale state of the optimizer whose skipped steps count. */
export function adaptiveBeginKernel(
  engine: Engine,
  state: Storage,
  rule: BeginRule,
  optimizer: Storage | undefined,
): void {
  engine.run(adaptive_begin, {
    types: {},
    overrides: { WATCHES: optimizer !== undefined },
    bindings: { optimizer: optimizer ?? unusedStorage(engine), state },
    params: { ...rule },
    workgroups: [1, 1, 1],
  });
}

/** What a layer multiplies gradients with on their way to its input: W, and the number of products in a sum. */
export interface Factor {
  readonly weight: Operand;
  readonly terms: number;
}

/**
 * Chooses the layer's exponent for `gradient`, with its share `underflow`, into `layer` and the int32 scalar `exponent`. `enters`: the
 * gradient comes in float32 and is to become float16.
 */
export function layerScaleKernel(
  gradient: Operand,
  factor: Factor | undefined,
  into: { readonly state: Storage; readonly layer: Storage; readonly exponent: Operand },
  underflow: number,
  enters: boolean,
): void {
  const { engine } = gradient;
  const { state, layer, exponent } = into;
  const own = magnitudesOf(gradient, state);
  const weights = factor && magnitudesOf(factor.weight, state);
  engine.run(layer_scale, {
    types: {},
    overrides: { WEIGHTS: weights !== undefined, ENTERS: enters },
    bindings: {
      ...{ state, gradient: own.parts, weights: weights?.parts ?? unusedStorage(engine) },
      ...{ layer, exponent: exponent.storage },
    },
    params: {
      ...{ size: gradient.size, parts: own.count, underflow },
      ...{
        weightSize: factor?.weight.size ?? 1,
        weightParts: weights?.count ?? 0,
        terms: factor?.terms ?? 1,
      },
    },
    workgroups: [1, 1, 1],
  });
  for (const found of [own, weights]) if (found) engine.release(found.parts);
}

/** Sum of squares and largest magnitude of `x` in up to as many parts as `layer_scale` has lanes; the caller releases them. */
function magnitudesOf(x: Operand, state: Storage): { parts: Storage; count: number } {
  const { engine } = x;
  const count = Math.min(layer_scale.constants.LANES, Math.ceil(quadsOf(x) / magnitudes.constants.LANES));
  const parts = engine.allocate(8 * count, 'step', 'loss scale');
  engine.run(magnitudes, {
    types: { In4: elementOf(x), Acc: 'f32' },
    bindings: { x: x.storage, state, parts },
    params: { size: x.size },
    workgroups: [count, 1, 1],
  });
  return { parts, count };
}
