/** The options by which `LossScaleOptimizer` and `GradScaler` are told how the loss is scaled. */
import {
  checkLossScale,
  checkRules,
  type DynamicOptions,
  dynamicLossScale,
  type LossScale,
  type Rules,
  staticLossScale,
} from '../../precision/loss-scale.ts';
import { list } from '../../values/dtype.ts';
import { ArgumentError } from '../../values/errors.ts';
import { checkOptions } from '../../values/options.ts';
import { checkFlag } from '../checks.ts';

export interface LossScaleOptions extends DynamicOptions {
  /** Which library's defaults and conventions. Default `'keras3'`, of `GradScaler` `'pytorch'`. */
  rules?: Rules;
  /** False for a fixed scale, `initialScale`, with the rules of tf.keras or PyTorch. Default true. */
  dynamic?: boolean;
  /** One of `ht.mixedPrecision.noLossScale()`, `staticLossScale` and `dynamicLossScale`, in place of the rules and numbers. */
  lossScale?: LossScale;
  name?: string;
}

/** Options that say nothing of a fixed scale. */
const DYNAMIC_OPTIONS = [
  ...['growthSteps', 'growthFactor', 'backoffFactor', 'minScale', 'maxScale'],
  ...['hysteresis', 'consecutiveHysteresis', 'accumulation'],
];
const NUMBERS = ['rules', 'dynamic', 'initialScale', ...DYNAMIC_OPTIONS, 'countSkipped'];
const INNER_OPTIONS = [
  ...['learningRate', 'clipNorm', 'globalClipNorm', 'clipValue', 'lossScaleFactor', 'weightDecay'],
  ...['useEma', 'emaMomentum', 'emaOverwriteFrequency', 'gradientAccumulationSteps'],
  ...['float16Weights', 'slotDType'],
];

/** The loss scale that `options` describe; `own` names options beside them. Throws `ArgumentError`. */
export function lossScaleOf(
  where: string,
  options: LossScaleOptions,
  rules: Rules,
  own: readonly string[] = [],
): LossScale {
  const inner = Object.keys(options).find((name) => INNER_OPTIONS.includes(name));
  if (inner) throw new ArgumentError(`${where}: ${inner} belongs to the inner optimizer; set it there`);
  checkOptions(where, options, [...NUMBERS, 'lossScale', 'name', ...own]);
  if (options.lossScale !== undefined) {
    const twice = NUMBERS.filter((name) => options[name as keyof LossScaleOptions] !== undefined);
    if (twice.length > 0)
      throw new ArgumentError(`${where}: lossScale and ${twice.join(', ')} given; use one of both`);
    return checkLossScale(where, options.lossScale);
  }
  const used = checkRules(options.rules ?? rules);
  if (checkFlag(where, 'dynamic', options.dynamic ?? true)) return dynamicLossScale(options, used);
  if (used === 'keras3') {
    throw new ArgumentError(
      `${where}: dynamic false is not in the rules 'keras3'; set lossScaleFactor on the inner optimizer, or use rules ${list(['tf.keras', 'pytorch'])}`,
    );
  }
  if (options.initialScale === undefined)
    throw new ArgumentError(`${where}: dynamic false needs initialScale, the fixed scale`);
  const useless = DYNAMIC_OPTIONS.filter((name) => name in options);
  if (useless.length > 0)
    throw new ArgumentError(`${where}: ${useless.join(', ')} with dynamic false; leave it out`);
  return staticLossScale(options.initialScale, used);
}
