/** Launches what ends a step: `finite_check.wgsl` and `scale_update.wgsl` on a 16-word state in GPU memory. */

import { finite_check, scale_update } from '../generated/shaders.ts';
import type { Engine } from '../gpu/engine.ts';
import { linearGrid } from '../gpu/shader.ts';
import type { Storage } from '../gpu/storage.ts';
import { BLOCK } from './clip.ts';
import { type Operand, unusedStorage } from './operand.ts';

/** The words of `shaders/lib/scale_state.wgsl`, in order. */
export const SCALE_STATE = [
  { name: 'overflow', type: 'u32' },
  { name: 'scale', type: 'f32' },
  { name: 'growthCounter', type: 'u32' },
  { name: 'apply', type: 'u32' },
  { name: 'inverse', type: 'f32' },
  { name: 'skipped', type: 'u32' },
  { name: 'iterations', type: 'u32' },
  { name: 'learningRate', type: 'f32' },
  { name: 'beta1Power', type: 'f32' },
  { name: 'beta2Power', type: 'f32' },
  { name: 'finite', type: 'u32' },
  { name: 'arriving', type: 'f32' },
  { name: 'gathered', type: 'u32' },
  { name: 'endured', type: 'u32' },
  { name: 'inARow', type: 'u32' },
] as const;

export const SCALE_STATE_BYTES = 64;

export type ScaleUpdate = { readonly [K in (typeof scale_update.params)[number]['name']]: number };

/** Sets the state's overflow flag when `x` holds an infinity or a NaN. `blocks`: elements that count in each block of an arena. */
export function finiteCheckKernel(x: Operand, state: Storage, blocks?: Storage): void {
  x.engine.run(finite_check, {
    types: {},
    overrides: { HALF: x.dtype === 'float16', BLOCKS: blocks !== undefined },
    bindings: { x: x.storage, blocks: blocks ?? unusedStorage(x.engine), state },
    params: { size: x.size },
    workgroups: linearGrid(Math.ceil(x.size / BLOCK), 64),
  });
}

/** What `scale_update.wgsl` ends: a step with a scale of its own, one under a scale that optimizers share, or those since it moved. */
export type ScalePart =
  | { readonly kind: 'ALONE' | 'SHARED' }
  | { readonly kind: 'STEP'; readonly shared: Storage };

/** Decides on the step, moves the scale, counts. */
export function scaleUpdateKernel(
  engine: Engine,
  state: Storage,
  update: ScaleUpdate,
  part: ScalePart,
): void {
  const { constants } = scale_update;
  engine.run(scale_update, {
    types: {},
    overrides: { PART: constants[part.kind] },
    bindings: { state, shared_state: part.kind === 'STEP' ? part.shared : unusedStorage(engine) },
    params: update,
    workgroups: [1, 1, 1],
  });
}
