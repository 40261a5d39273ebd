/** The variables of a step in runs of one plan, and how they are updated once the step is decided on. */
import { unobserved } from '../../autograd/observing.ts';
import type { Tensor } from '../../autograd/tensor.ts';
import type { Variable } from '../../autograd/variable.ts';
import type { ArenaRun } from '../../autograd/variable-arena.ts';
import type { Storage } from '../../gpu/storage.ts';
import { accumulateKernel } from '../../kernels/accumulate.ts';
import { averageKernel, constrainKernel, type UpdateTarget, updateKernel } from '../../kernels/optimizer.ts';
import { AVERAGE } from './average.ts';
import { clip, type GradientRun } from './clipping.ts';
import { COMPENSATION, type Float16Weights, float16WeightsOf, roundingOf } from './float16-weights.ts';
import type { Settings } from './settings.ts';
import type { SlotPlan } from './slots.ts';

/** The name of the slot in which gradients are gathered. */
export const ACCUMULATOR = 'gradientAccumulator';

/** What is done with a variable. */
export interface Plan extends SlotPlan {
  /** Slots of the optimizer itself. */
  readonly own: readonly string[];
  /** Share of the weights that a step takes off, times the learning rate. */
  readonly decay: number;
  /** How float16 variables take their new values. */
  readonly float16Weights: Float16Weights;
  /** The gradient takes the place of the values. */
  readonly statistic: boolean;
}

/** A statistic has no slots of the optimizer itself, and nothing but its gradient changes it. */
export function planOf(
  variable: Variable,
  asked: Pick<Plan, 'own' | 'decay'>,
  { average, window, float16 }: Settings,
): Plan {
  const statistic = variable.overwriteWithGradient;
  const float16Weights = float16WeightsOf(variable, float16.float16Weights);
  const [own, decay] = statistic ? [[], 0] : [asked.own, asked.decay];
  const slots = [...own];
  if (float16Weights === 'kahan') slots.push(COMPENSATION);
  if (window > 1) slots.push(ACCUMULATOR);
  if (average && !statistic) slots.push(AVERAGE);
  const halves = [COMPENSATION];
  if (variable.dtype === 'float16' && float16.slotDType === 'float16') halves.push(...own);
  return { own, slots, halves, decay, statistic, float16Weights, group: `${own.join()} ${decay}` };
}

export interface Part extends GradientRun {
  readonly plan: Plan;
  readonly slots: Readonly<Record<string, Tensor>>;
  /** Elements of each block of the gradient that are still to be looked through. */
  readonly unchecked: Tensor;
}

/** What all parts of a step have in common. */
export interface StepSettings extends Settings {
  /** Nothing changes before the end of a window: it is decided on as a whole. */
  readonly windowed: boolean;
}

/** Updates all variables of a step that has been decided on: gathers, clips, updates by `update`, averages, constrains, as Keras does. */
export function updateParts(
  parts: readonly Part[],
  state: Storage,
  { clipping, average, window, windowed }: StepSettings,
  update: (target: UpdateTarget, slots: readonly Tensor[], run: ArenaRun) => void,
): void {
  const taken = window > 1 ? gathered(parts, state) : parts;
  const updated = taken.filter(({ plan }) => !plan.statistic);
  const clips = clip(updated, clipping, state);
  for (const [index, part] of taken.entries()) {
    const { run, plan, slots, gradient } = part;
    const rounding = roundingOf(plan.float16Weights, slots, index);
    const target = { gradient, master: run.masters, copy: run.copies?.storage, rounding, state };
    if (plan.statistic) {
      updateKernel('overwrite', target);
      continue;
    }
    const own = plan.own.map((name) => slots[name]!);
    unobserved(() => {
      update({ ...target, clip: clips[updated.indexOf(part)], decay: plan.decay }, own, run);
      if (average) averageKernel(target, slots[AVERAGE]!, average);
      for (const variable of run.variables) constrain(variable, state, !windowed);
    });
  }
}

/** Nothing changes in a step that is not finite. */
function constrain(variable: Variable, state: Storage, gathering: boolean): void {
  if (!variable.constraint) return;
  const values = variable.constraint(variable.values);
  variable.checkValue(values);
  if (values.storage === variable.storage) return;
  constrainKernel(values, { master: variable.values, copy: variable.halfStorage, state }, gathering);
}

/** The same parts with the gradients of the window so far in the place of this step's: their sum; of statistics the largest. */
function gathered(parts: readonly Part[], state: Storage): Part[] {
  return parts.map((part) => {
    const accumulator = part.slots[ACCUMULATOR]!;
    accumulateKernel(part.gradient, state, accumulator, part.plan.statistic);
    return { ...part, gradient: accumulator };
  });
}
