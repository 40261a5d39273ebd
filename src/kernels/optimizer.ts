/** Launches the shaders on `interface/optimizer.wgsl`: unscale, clip, skip, update masters and write their f16 copies in one pass. */

import { adam, overwrite, sgd } from '../generated/shaders.ts';
import { linearGrid } from '../gpu/shader.ts';
import type { Storage } from '../gpu/storage.ts';
import { elementOf, type Operand, quadsOf, unusedStorage } from './operand.ts';

/** How gradients are held within bounds; `factors` as `clipFactorsKernel` leaves them. */
export type Clip =
  | { readonly kind: 'CLIP_VALUE'; readonly bound: number }
  | { readonly kind: 'CLIP_NORM' | 'CLIP_GLOBAL_NORM'; readonly factors: Storage };

/** One variable, or an arena of them. */
export interface UpdateTarget {
  readonly gradient: Operand;
  readonly master: Operand;
  /** Halves to write beside the master. */
  readonly copy: Storage | undefined;
  readonly state: Storage;
  readonly clip?: Clip | undefined;
}

export function sgdKernel(
  target: UpdateTarget,
  velocity: Operand | undefined,
  options: { momentum: number; nesterov: boolean },
): void {
  const { engine, size } = target.master;
  engine.run(sgd, {
    ...common(target, { MOMENTUM: velocity !== undefined, NESTEROV: options.nesterov }),
    bindings: { ...bindings(target), velocity: velocity?.storage ?? unusedStorage(engine, 2) },
    params: { size, momentum: options.momentum },
  });
}

export function adamKernel(
  target: UpdateTarget,
  mean: Operand,
  variance: Operand,
  options: { beta1: number; beta2: number; epsilon: number },
): void {
  const { engine, size } = target.master;
  engine.run(adam, {
    ...common(target, {}),
    bindings: { ...bindings(target), mean: mean.storage, variance: variance.storage },
    params: { size, ...options },
  });
}

/** The gradient replaces the master's values as it is. */
export function overwriteKernel(target: UpdateTarget): void {
  const { engine, size } = target.master;
  engine.run(overwrite, { ...common(target, {}), bindings: bindings(target), params: { size } });
}

function common<O extends Record<string, boolean>>({ gradient, master, copy, clip }: UpdateTarget, own: O) {
  const { constants } = overwrite;
  return {
    types: { In4: elementOf(gradient), Out4: elementOf(master), Acc: 'f32' },
    overrides: {
      COPY: copy !== undefined,
      CLIP: constants[clip?.kind ?? 'CLIP_NONE'],
      BOUND: clip?.kind === 'CLIP_VALUE' ? clip.bound : 0,
      ...own,
    },
    workgroups: linearGrid(quadsOf(master), 64 * constants.QUADS),
  } as const;
}

function bindings({ gradient, master, copy, state, clip }: UpdateTarget) {
  const { engine } = master;
  return {
    gradient: gradient.storage,
    state,
    factors: clip && clip.kind !== 'CLIP_VALUE' ? clip.factors : unusedStorage(engine, 0),
    master: master.storage,
    copy: copy ?? unusedStorage(engine, 1),
  };
}
