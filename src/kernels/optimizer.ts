/** Launches `sgd.wgsl`, `adam.wgsl` and `overwrite.wgsl`: unscale, skip, update the master and write its f16 copy in one pass. */

import { adam, overwrite, sgd } from '../generated/shaders.ts';
import { linearGrid } from '../gpu/shader.ts';
import type { Storage } from '../gpu/storage.ts';
import { elementOf, type Operand, quadsOf, unusedStorage } from './operand.ts';

export interface UpdateTarget {
  readonly gradient: Operand;
  readonly master: Operand;
  /** Halves to write beside the master. */
  readonly copy: Storage | undefined;
  readonly state: Storage;
}

export function sgdKernel(
  { gradient, master, copy, state }: UpdateTarget,
  velocity: Operand | undefined,
  options: { momentum: number; nesterov: boolean },
): void {
  const { engine } = master;
  engine.run(sgd, {
    types: { In4: elementOf(gradient), Out4: elementOf(master), Acc: 'f32' },
    overrides: { MOMENTUM: velocity !== undefined, NESTEROV: options.nesterov, COPY: copy !== undefined },
    bindings: {
      gradient: gradient.storage,
      state,
      master: master.storage,
      velocity: velocity?.storage ?? unusedStorage(engine, 0),
      copy: copy ?? unusedStorage(engine, 1),
    },
    params: { size: master.size, momentum: options.momentum },
    workgroups: linearGrid(quadsOf(master), 64),
  });
}

export function adamKernel(
  { gradient, master, copy, state }: UpdateTarget,
  mean: Operand,
  variance: Operand,
  options: { beta1: number; beta2: number; epsilon: number },
): void {
  const { engine } = master;
  engine.run(adam, {
    types: { In4: elementOf(gradient), Out4: elementOf(master), Acc: 'f32' },
    overrides: { COPY: copy !== undefined },
    bindings: {
      gradient: gradient.storage,
      state,
      master: master.storage,
      mean: mean.storage,
      variance: variance.storage,
      copy: copy ?? unusedStorage(engine, 1),
    },
    params: { size: master.size, ...options },
    workgroups: linearGrid(quadsOf(master), 64),
  });
}

/** The gradient replaces the master's values as it is. */
export function overwriteKernel({ gradient, master, copy, state }: UpdateTarget): void {
  master.engine.run(overwrite, {
    types: { In4: elementOf(gradient), Out4: elementOf(master), Acc: 'f32' },
    overrides: { COPY: copy !== undefined },
    bindings: {
      gradient: gradient.storage,
      state,
      master: master.storage,
      copy: copy ?? unusedStorage(master.engine),
    },
    params: { size: master.size },
    workgroups: linearGrid(quadsOf(master), 64),
  });
}
