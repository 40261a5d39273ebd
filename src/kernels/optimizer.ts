/** Launches the shaders on `interface/optimizer.wgsl`: unscale, clip, skip, update masters and write their f16 copies in one pass. */

import {
  adadelta,
  adagrad,
  adam,
  adamax,
  average,
  lion,
  muon,
  muon_direction,
  nadam,
  overwrite,
  rmsprop,
  sgd,
} from '../generated/shaders.ts';
import { linearGrid, type Shader } from '../gpu/shader.ts';
import type { Storage } from '../gpu/storage.ts';
import { elementOf, type Operand, quadsOf, unusedStorage } from './operand.ts';

/** A new rule is its shader and a place here. */
const RULES = {
  ...{ adadelta, adagrad, adam, adamax, lion, muon, muon_direction, nadam, overwrite, rmsprop, sgd },
};

export type Rule = keyof typeof RULES;

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
  /** Share of the weights that a step takes off, times the learning rate. Default 0. */
  readonly decay?: number;
}

/** One step by a rule: its slots by the names of its bindings (those that are missing are not touched), its numbers and its flags. */
export function updateKernel(
  rule: Rule,
  { gradient, master, copy, state, clip, decay = 0 }: UpdateTarget,
  slots: Readonly<Record<string, Operand | undefined>> = {},
  numbers: Readonly<Record<string, number>> = {},
  flags: Readonly<Record<string, boolean | number>> = {},
): void {
  const { engine, size } = master;
  const shader: Shader = RULES[rule];
  const { constants } = overwrite;
  const shared: Readonly<Record<string, Storage>> = {
    ...{ gradient: gradient.storage, state, master: master.storage },
    ...(clip && clip.kind !== 'CLIP_VALUE' ? { factors: clip.factors } : {}),
    ...(copy ? { copy } : {}),
  };
  engine.run(shader, {
    types: { In4: elementOf(gradient), Out4: elementOf(master), Acc: 'f32' },
    overrides: {
      COPY: copy !== undefined,
      CLIP: constants[clip?.kind ?? 'CLIP_NONE'],
      BOUND: clip?.kind === 'CLIP_VALUE' ? clip.bound : 0,
      DECAY: decay,
      ...flags,
    },
    bindings: Object.fromEntries(
      shader.bindings.map(({ name }, index) => [
        name,
        shared[name] ?? slots[name]?.storage ?? unusedStorage(engine, index),
      ]),
    ),
    params: { size, ...numbers },
    workgroups: linearGrid(quadsOf(master), 64 * constants.QUADS),
  });
}

/** Puts `values` in place of the master, and of its copy, where an update applies; with `gathering` in every finite step. */
export function constrainKernel(
  values: Operand,
  target: Pick<UpdateTarget, 'master' | 'copy' | 'state'>,
  gathering: boolean,
): void {
  updateKernel('overwrite', { gradient: values, ...target }, {}, {}, { GATHERING: gathering });
}

/** Moves `average` towards the masters; every `frequency` steps, where that is not 0, they become it. */
export function averageKernel(
  { master, copy, state }: Pick<UpdateTarget, 'master' | 'copy' | 'state'>,
  slot: Operand,
  { momentum, frequency }: { readonly momentum: number; readonly frequency: number },
): void {
  const { engine, size } = master;
  engine.run(average, {
    types: { Out4: elementOf(master), Acc: 'f32' },
    overrides: { COPY: copy !== undefined },
    bindings: {
      ...{ state, master: master.storage, average: slot.storage },
      copy: copy ?? unusedStorage(engine),
    },
    params: { size, momentum, frequency },
    workgroups: linearGrid(quadsOf(master), 64),
  });
}
