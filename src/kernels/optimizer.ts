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
import type { Engine } from '../gpu/engine.ts';
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

/** How masters in float16 take new values. Random streams tell apart the parts of a step: two from `stream` on, of its update and its average. */
export type Rounding =
  | { readonly kind: 'STOCHASTIC'; readonly stream: number }
  | { readonly kind: 'KAHAN'; readonly compensation: Storage };

/** One variable, or an arena of them. */
export interface UpdateTarget {
  readonly gradient: Operand;
  readonly master: Operand;
  /** Halves to write beside a float32 master. */
  readonly copy: Storage | undefined;
  /** Default: masters in float16 are rounded to nearest. */
  readonly rounding?: Rounding | undefined;
  readonly state: Storage;
  readonly clip?: Clip | undefined;
  /** Share of the weights that a step takes off, times the learning rate. Default 0. */
  readonly decay?: number;
}

/** One step by a rule: its slots by the names of its bindings (those that are missing are not touched), its numbers and its flags. */
export function updateKernel(
  rule: Rule,
  { gradient, master, copy, rounding, state, clip, decay = 0 }: UpdateTarget,
  slots: Readonly<Record<string, Operand | undefined>> = {},
  numbers: Readonly<Record<string, number>> = {},
  flags: Readonly<Record<string, boolean | number>> = {},
): void {
  const { engine, size } = master;
  const shader: Shader = RULES[rule];
  const { constants } = overwrite;
  const halves = halvesOf({ copy, rounding });
  const [slot = { engine, dtype: 'float32' as const }] = Object.values(slots).filter(
    (one) => one !== undefined,
  );
  const shared: Readonly<Record<string, Storage>> = {
    ...{ gradient: gradient.storage, state, master: master.storage },
    ...(clip && clip.kind !== 'CLIP_VALUE' ? { factors: clip.factors } : {}),
    ...(halves ? { halves } : {}),
  };
  engine.run(shader, {
    types: { In4: elementOf(gradient), Out4: elementOf(slot), Master4: elementOf(master), Acc: 'f32' },
    overrides: {
      COPY: copy !== undefined,
      ...roundingOverrides(engine, rounding),
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

/** What lies beside masters: the copy of those in float32, what rounding took off those in float16. */
function halvesOf({ copy, rounding }: Pick<UpdateTarget, 'copy' | 'rounding'>): Storage | undefined {
  return rounding?.kind === 'KAHAN' ? rounding.compensation : copy;
}

function roundingOverrides(
  { seed }: Engine,
  rounding: Rounding | undefined,
  use = 0,
): Record<string, number> {
  const { constants } = overwrite;
  if (rounding?.kind !== 'STOCHASTIC') return { ROUNDING: constants[rounding?.kind ?? 'NEAREST'] };
  return { ROUNDING: constants.STOCHASTIC, SEED: seed, STREAM: rounding.stream + use };
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
  { master, copy, rounding, state }: Pick<UpdateTarget, 'master' | 'copy' | 'rounding' | 'state'>,
  slot: Operand,
  { momentum, frequency }: { readonly momentum: number; readonly frequency: number },
): void {
  const { engine, size } = master;
  engine.run(average, {
    types: { Out4: elementOf(slot), Master4: elementOf(master), Acc: 'f32' },
    overrides: { COPY: copy !== undefined, ...roundingOverrides(engine, rounding, 1) },
    bindings: {
      ...{ state, master: master.storage, average: slot.storage },
      halves: halvesOf({ copy, rounding }) ?? unusedStorage(engine),
    },
    params: { size, momentum, frequency },
    workgroups: linearGrid(quadsOf(master), 64),
  });
}
