/**
 * Loss scales: none, static and dynamic, one form for all three, with the rule sets of Keras 3, tf.keras and PyTorch.
 *
 * A step ends so, on the GPU (`shaders/scale_update.wgsl`):
 *
 *     finite    counter + 1 = growthSteps: scale *= growthFactor unless it would pass maxScale, counter = 0; else counter += 1
 *     overflow  scale = max(scale * backoffFactor, minScale), counter = 0, and the update is skipped
 *
 * The new scale serves the next step. With `hysteresis` n the first n - 1 overflows leave the scale as it is, as in
 * DeepSpeed (`delayed_shift`) and Megatron. That tolerance is refilled when the scale would grow (DeepSpeed's default, Megatron), or
 * with `consecutiveHysteresis` by each finite step (DeepSpeed's other way, Apex).
 */
import { list, show } from '../values/dtype.ts';
import { ArgumentError } from '../values/errors.ts';

export const RULES = ['keras3', 'tf.keras', 'pytorch'] as const;
export type Rules = (typeof RULES)[number];

export const ACCUMULATIONS = ['microBatch', 'window'] as const;
/**
 * What the scale does while gradients are gathered over several steps. `microBatch`, as in Keras 3: each step by itself; one that
 * overflows is left out of the window and moves the scale. `window`, as in PyTorch: one scale and one decision for all steps of
 * a window, whose update is skipped when one of them overflows.
 */
export type Accumulation = (typeof ACCUMULATIONS)[number];

export interface LossScale {
  readonly kind: 'none' | 'static' | 'dynamic';
  readonly initialScale: number;
  /** Finite steps in a row after which the scale grows. */
  readonly growthSteps: number;
  readonly growthFactor: number;
  readonly backoffFactor: number;
  readonly minScale: number;
  readonly maxScale: number;
  /** Overflows until the scale backs off: 1, with the first one. */
  readonly hysteresis: number;
  /** Finite steps refill the tolerance that `hysteresis` gives; else only growth does. */
  readonly consecutiveHysteresis: boolean;
  readonly accumulation: Accumulation;
  /** Gradients are checked, and a step with one that is not finite is skipped. */
  readonly skips: boolean;
  /** Skipped steps count as iterations. */
  readonly countSkipped: boolean;
  /** Gradients reach the optimizer still multiplied with the scale. */
  readonly scaledGradients: boolean;
}

/** Largest power of two in float32; a scale beyond it would be infinite. */
const LARGEST = 2 ** 127;
/** Smallest normal float32; a scale that falls to 0 would make NaN of the next finite gradients. */
const SMALLEST = 2 ** -126;

const DYNAMIC = {
  kind: 'dynamic',
  growthSteps: 2000,
  growthFactor: 2,
  backoffFactor: 0.5,
  maxScale: LARGEST,
  hysteresis: 1,
  consecutiveHysteresis: false,
  accumulation: 'microBatch',
  skips: true,
} as const;

/**
 * What the three libraries do by default. Keras 3 (`LossScaleOptimizer`): no floor. tf.keras: floor 1, gradients are
 * unscaled by the caller, skipped steps advance `iterations`. PyTorch (`GradScaler`): starts at 2^16, no floor. Keras 3
 * lets the scale grow to infinity, and both let it fall to 0; here every rule set stays within 2^-126 and 2^127.
 */
const PRESETS: Readonly<Record<Rules, LossScale>> = {
  keras3: {
    ...DYNAMIC,
    initialScale: 2 ** 15,
    minScale: SMALLEST,
    countSkipped: false,
    scaledGradients: true,
  },
  'tf.keras': { ...DYNAMIC, initialScale: 2 ** 15, minScale: 1, countSkipped: true, scaledGradients: false },
  pytorch: {
    ...{ ...DYNAMIC, initialScale: 2 ** 16, minScale: SMALLEST, countSkipped: false, scaledGradients: true },
    accumulation: 'window',
  },
};

/** The identity: nothing is scaled, checked or skipped. */
export const NO_LOSS_SCALE: LossScale = {
  ...PRESETS.keras3,
  kind: 'none',
  initialScale: 1,
  skips: false,
  scaledGradients: false,
};

/** Losses stay as they are, and steps with gradients that are not finite apply: jmp's `NoOpLossScale`. */
export function noLossScale(): LossScale {
  return NO_LOSS_SCALE;
}

/** A fixed scale. As in tf.keras, gradients are not checked. Throws `ArgumentError` unless within 2^-126 and 2^127. */
export function staticLossScale(scale: number, rules: Rules = 'keras3'): LossScale {
  return { ...PRESETS[rules], kind: 'static', initialScale: positive('scale', scale), skips: false };
}

export type DynamicOptions = Partial<
  Pick<
    LossScale,
    | 'initialScale'
    | 'growthSteps'
    | 'growthFactor'
    | 'backoffFactor'
    | 'minScale'
    | 'maxScale'
    | 'hysteresis'
    | 'consecutiveHysteresis'
    | 'accumulation'
    | 'countSkipped'
  >
>;

/** A scale that finds its own height. Every number of the rule set is an option. Throws `ArgumentError`. */
export function dynamicLossScale(options: DynamicOptions = {}, rules: Rules = 'keras3'): LossScale {
  const scale = checkNumbers(withOptions(PRESETS[checkRules(rules)], options));
  if (options.minScale !== undefined && options.minScale > scale.initialScale)
    fail('minScale', options.minScale, `a number up to initialScale, ${scale.initialScale}`);
  return scale;
}

function checkNumbers(scale: LossScale): LossScale {
  positive('maxScale', scale.maxScale);
  if (!(positive('initialScale', scale.initialScale) <= scale.maxScale))
    fail('initialScale', scale.initialScale, `a number up to maxScale, ${scale.maxScale}`);
  // The GPU holds the factors in float32, where one too near to 1 is 1.
  if (!(Math.fround(scale.growthFactor) > 1 && Number.isFinite(scale.growthFactor)))
    fail('growthFactor', scale.growthFactor, 'a number above 1');
  if (!(scale.backoffFactor > 0 && Math.fround(scale.backoffFactor) < 1))
    fail('backoffFactor', scale.backoffFactor, 'a number between 0 and 1');
  if (!(scale.minScale >= 0 && scale.minScale <= scale.maxScale))
    fail('minScale', scale.minScale, 'a number from 0 to maxScale');
  for (const name of ['growthSteps', 'hysteresis'] as const) count(name, scale[name]);
  for (const name of ['countSkipped', 'consecutiveHysteresis'] as const)
    if (typeof scale[name] !== 'boolean') fail(name, scale[name], 'true or false');
  if (!(ACCUMULATIONS as readonly unknown[]).includes(scale.accumulation))
    fail('accumulation', scale.accumulation, list(ACCUMULATIONS));
  return { ...scale, minScale: Math.max(scale.minScale, SMALLEST) };
}

const KINDS = ['none', 'static', 'dynamic'] as const;

/** `given` as a loss scale, also one that went through JSON. Throws `ArgumentError`. */
export function checkLossScale(where: string, given: unknown): LossScale {
  const { kind } = (given ?? {}) as Partial<LossScale>;
  if (!(KINDS as readonly unknown[]).includes(kind))
    throw new ArgumentError(
      `${where}: lossScale is ${show(given)}; use noLossScale(), staticLossScale(scale) or dynamicLossScale(options)`,
    );
  return checkNumbers(withOptions(NO_LOSS_SCALE, given as LossScale));
}

/** The largest float32 scale that may still grow: its product with the growth factor, rounded to float32, is not above `maxScale`. */
export function growthLimit({ maxScale, growthFactor }: LossScale): number {
  const [most, factor] = [Math.fround(maxScale), Math.fround(growthFactor)];
  const bits = new Uint32Array(1);
  const value = new Float32Array(bits.buffer);
  value[0] = most / factor;
  const grown = () => Math.fround(value[0]! * factor);
  while (grown() <= most) bits[0]!++;
  while (grown() > most) bits[0]!--;
  return value[0]!;
}

export function checkRules(rules: unknown): Rules {
  if ((RULES as readonly unknown[]).includes(rules)) return rules as Rules;
  throw new ArgumentError(`loss scale: unknown rules ${show(rules)}; use ${list(RULES)}`);
}

function positive(name: string, value: number): number {
  if (value >= SMALLEST && value <= LARGEST) return value;
  return fail(name, value, 'a number above 0, from 2^-126 to 2^127');
}

function count(name: string, value: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= 0xffffffff) return;
  fail(name, value, 'a whole number from 1 on');
}

function fail(name: string, value: unknown, accepted: string): never {
  throw new ArgumentError(`loss scale: ${name} is ${show(value)}; use ${accepted}`);
}

/** `preset` with what `options` give of it. */
function withOptions(preset: LossScale, options: Partial<LossScale>): LossScale {
  const given = Object.entries(options).filter(([name, value]) => name in preset && value !== undefined);
  return { ...preset, ...Object.fromEntries(given) };
}
