/** Options that all optimizers take. */
import type { AverageOptions } from './average.ts';
import type { Clipping } from './clipping.ts';
import type { Float16Options } from './float16-weights.ts';
import type { Schedule, ScheduleConfig } from './schedules.ts';

export interface OptimizerOptions extends Clipping, AverageOptions, Float16Options {
  /** A number, or one of `ht.schedules`. Default: the optimizer's own. */
  learningRate?: number | Schedule | ScheduleConfig;
  /** Share of the weights that a step takes off, times the learning rate, before its update. Default: none, of AdamW 0.004. */
  weightDecay?: number;
  /** Gathers the gradients of so many steps, and updates with their mean. Which of them count is the loss scale's `accumulation`. Default: each step updates. */
  gradientAccumulationSteps?: number;
  /** A fixed loss scale: `scaleLoss` multiplies with it, `apply` divides it out. A `LossScaleOptimizer` overrules it. */
  lossScaleFactor?: number;
  name?: string;
}

/** Their names. */
export const OPTIONS = [
  ...['learningRate', 'clipNorm', 'globalClipNorm', 'clipValue', 'lossScaleFactor', 'name'],
  ...['weightDecay', 'useEma', 'emaMomentum', 'emaOverwriteFrequency', 'gradientAccumulationSteps'],
  ...['float16Weights', 'slotDType'],
];
