/** What an optimizer does with all variables alike, from its options and back to them. */
import { checkCount } from '../checks.ts';
import { type Average, averageConfig, averageOf } from './average.ts';
import { type Clipping, checkClipping } from './clipping.ts';
import { checkFloat16, type Float16Options, float16Config } from './float16-weights.ts';
import type { OptimizerOptions } from './options.ts';

export interface Settings {
  readonly clipping: Clipping;
  readonly average: Average | undefined;
  /** Steps whose gradients are gathered. */
  readonly window: number;
  readonly float16: Required<Float16Options>;
}

/** Throws `ArgumentError`. */
export function settingsOf(name: string, options: OptimizerOptions): Settings {
  return {
    average: averageOf(name, options),
    window: checkCount(name, 'gradientAccumulationSteps', options.gradientAccumulationSteps ?? 1),
    float16: checkFloat16(name, options),
    clipping: checkClipping(options),
  };
}

/** Those that are not as they are by default, as options. */
export function settingsConfig({ clipping, average, window, float16 }: Settings): OptimizerOptions {
  return {
    ...clipping,
    ...(average && averageConfig(average)),
    ...(window > 1 ? { gradientAccumulationSteps: window } : {}),
    ...float16Config(float16),
  };
}
