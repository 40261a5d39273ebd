/** What `compile` makes of its options: an optimizer, and for each output of the model its loss, weight and metrics. */
import { AdaptiveLossScale } from '../precision/adaptive-loss-scale.ts';
import { type AutocastOptions, checkAutocast } from '../precision/autocast.ts';
import type { Policy } from '../precision/policy.ts';
import { list, show } from '../values/dtype.ts';
import { ArgumentError } from '../values/errors.ts';
import { checkOptions } from '../values/options.ts';
import type { AnyLayer } from './layer.ts';
import { type Loss, type LossLike, toLoss } from './losses.ts';
import { type Metric, type MetricLike, toMetric } from './metrics.ts';
import { LossScaleOptimizer } from './optimizers/loss-scale-optimizer.ts';
import { Optimizer } from './optimizers/optimizer.ts';
import { optimizerFromConfig } from './optimizers/registry.ts';

export interface CompileOptions {
  /** An optimizer, or its name with default options. Default `'SGD'`. */
  optimizer?: Optimizer | LossScaleOptimizer | string;
  /** One for all outputs, a list in their order, or an object by their names; null for an output that is not trained. */
  loss: LossLike | readonly (LossLike | null)[] | { readonly [output: string]: LossLike | null };
  /** What each output's loss counts in the sum, in their order or by name. Default 1. */
  lossWeights?: readonly number[] | { readonly [output: string]: number };
  /** For all outputs, or a list for each, in their order or by name. */
  metrics?:
    | readonly MetricLike[]
    | readonly (readonly MetricLike[])[]
    | { readonly [output: string]: MetricLike | readonly MetricLike[] };
  /**
   * Wrap the optimizer in a `LossScaleOptimizer`. Default: under the policy `mixed_float16` of the model itself, as in Keras. True: also
   * where only layers of it have that policy. False: never.
   */
  autoScaleLoss?: boolean;
  /**
   * `'adaptive'`, or an `AdaptiveLossScale` with options: each layer that computes in float16 scales the gradient that comes back to it. An
   * optimizer that `compile` wraps then scales the loss by 1, and skips steps that overflow. Default: the loss scale of the optimizer alone.
   */
  lossScaling?: 'adaptive' | AdaptiveLossScale;
  /** Becomes `model.autocast`: steps and predictions run by these rules, the loss is scaled as under `mixed_float16`. Default: `model.autocast`. */
  autocast?: AutocastOptions;
}

/** What training wants of one output. */
export interface Target {
  readonly name: string;
  readonly loss: Loss | undefined;
  readonly weight: number;
  readonly metrics: readonly Metric[];
}

export interface Compiled {
  readonly optimizer: Optimizer | LossScaleOptimizer;
  readonly targets: readonly Target[];
  readonly lossScaling: AdaptiveLossScale | undefined;
  readonly autocast: AutocastOptions | undefined;
}

/**
 * `mixedLayers` are those under `mixed_float16`; `before` is what the model was compiled with so far, `rules` what it runs by unless `options` has others.
 * Throws `ArgumentError`.
 */
export function compiled(
  options: CompileOptions,
  outputs: readonly string[],
  policy: Policy,
  mixedLayers: readonly string[],
  before: Compiled | undefined,
  rules: AutocastOptions | undefined,
): Compiled {
  checkOptions('compile', options, [
    'optimizer',
    'loss',
    'lossWeights',
    'metrics',
    'autoScaleLoss',
    'lossScaling',
    'autocast',
  ]);
  if (options.autocast !== undefined) checkAutocast('compile', options.autocast);
  const { optimizer = 'SGD', autoScaleLoss, metrics = [], autocast = rules } = options;
  const own =
    typeof optimizer === 'string' ? optimizerFromConfig({ className: optimizer, config: {} }) : optimizer;
  if (!(own instanceof Optimizer) && !(own instanceof LossScaleOptimizer)) {
    throw new ArgumentError(
      `compile: optimizer is ${show(optimizer)}; use one of ht.optimizers, or its name`,
    );
  }
  const measures = metricsOf(metrics, outputs);
  const losses = lossesOf(options.loss, outputs);
  const weights =
    options.lossWeights === undefined ? [] : byOutput('lossWeights', options.lossWeights, outputs);
  const targets = outputs.map((name, index) => ({
    ...{ name, loss: losses[index], metrics: measures[index]! },
    weight: checkWeight(weights[index] ?? 1),
  }));
  const lossScaling = scalingOf(options.lossScaling, autocast);
  const half = policy.name === 'mixed_float16' || autocast !== undefined;
  const asked = autoScaleLoss === true && mixedLayers.length > 0;
  const wraps = (asked || (half && autoScaleLoss !== false)) && own instanceof Optimizer;
  if (!wraps && !before && autoScaleLoss === undefined && own.lossScaling.kind === 'none')
    adviseScaling(mixedLayers);
  const wrapper = before?.optimizer;
  // Compiling again with the same optimizer keeps its wrapper, and with it the scale.
  const kept = wrapper instanceof LossScaleOptimizer && wrapper.innerOptimizer === own ? wrapper : undefined;
  return {
    optimizer: wraps ? (kept ?? new LossScaleOptimizer(own, lossScaling ? SCALE_OF_ONE : {})) : own,
    targets,
    lossScaling,
    autocast,
  };
}

/** Names of the layers, and of those inside them, that compute in float16 with float32 weights. */
export function mixedIn(layers: readonly AnyLayer[]): string[] {
  return layers.flatMap(({ name, policy, sublayers }) => {
    if (sublayers.length > 0) return mixedIn(sublayers);
    return policy.computeDtype === 'float16' && policy.variableDtype === 'float32' ? [name] : [];
  });
}

function adviseScaling(mixedLayers: readonly string[]): void {
  if (mixedLayers.length === 0) return;
  console.warn(
    `compile: ${mixedLayers.map(show).join(', ')} ${mixedLayers.length > 1 ? 'compute' : 'computes'} in float16, but the model's own policy does not, so that its loss is not scaled, as in Keras; give autoScaleLoss true to scale it, or false to leave it so`,
  );
}

/** Nothing but the skipping: the layers scale. */
const SCALE_OF_ONE = { initialScale: 1, minScale: 1, maxScale: 1 } as const;

function scalingOf(
  lossScaling: CompileOptions['lossScaling'],
  autocast: AutocastOptions | undefined,
): AdaptiveLossScale | undefined {
  if (lossScaling === undefined) return undefined;
  if (lossScaling !== 'adaptive' && !(lossScaling instanceof AdaptiveLossScale))
    throw new ArgumentError(
      `compile: lossScaling is ${show(lossScaling)}; use 'adaptive' or an AdaptiveLossScale`,
    );
  if (autocast !== undefined)
    throw new ArgumentError(
      'compile: lossScaling goes by layers in float16, autocast by ops in float32 layers; use one of them',
    );
  return lossScaling === 'adaptive' ? new AdaptiveLossScale() : lossScaling;
}

function lossesOf(given: CompileOptions['loss'], outputs: readonly string[]): (Loss | undefined)[] {
  const nameless = typeof given === 'object' && given !== null && !('name' in given);
  const several = nameless || isByName(given, outputs);
  const parts = several ? byOutput('loss', given, outputs) : outputs.map(() => given);
  const losses = parts.map((part) =>
    part === null || (part === undefined && given !== undefined) ? undefined : toLoss(part as LossLike),
  );
  if (losses.every((loss) => loss === undefined))
    throw new ArgumentError('compile: no output has a loss; give at least one');
  return losses;
}

function metricsOf(
  given: NonNullable<CompileOptions['metrics']>,
  outputs: readonly string[],
): Target['metrics'][] {
  const byName =
    isByName(given, outputs) || (outputs.length > 1 && typeof given === 'object' && !Array.isArray(given));
  if (!Array.isArray(given) && !byName)
    throw new ArgumentError(`compile: metrics is ${show(given)}; use an array of names or functions`);
  const perOutput = byName || (given as readonly unknown[]).some((item) => Array.isArray(item));
  const parts = perOutput ? byOutput('metrics', given, outputs) : outputs.map(() => given);
  return parts.map((part) =>
    (part === undefined || part === null ? [] : [part].flat()).map((metric) =>
      toMetric(metric as MetricLike),
    ),
  );
}

/** Whether `given` is an object whose keys are outputs. */
function isByName(given: unknown, outputs: readonly string[]): boolean {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return false;
  const keys = Object.keys(given);
  return keys.length > 0 && keys.every((key) => outputs.includes(key));
}

/** What a list or an object gives for each output. */
function byOutput(option: string, given: unknown, outputs: readonly string[]): readonly unknown[] {
  if (Array.isArray(given)) {
    if (given.length === outputs.length) return given;
    throw new ArgumentError(
      `compile: ${option} has ${given.length} items for the outputs ${outputs.map(show).join(', ')}; give one for each`,
    );
  }
  if (typeof given !== 'object' || given === null)
    throw new ArgumentError(
      `compile: ${option} is ${show(given)}; use a list, or an object with ${list(outputs)}`,
    );
  const unknown = Object.keys(given).find((name) => !outputs.includes(name));
  if (unknown !== undefined)
    throw new ArgumentError(`compile: ${option}: no output is called '${unknown}'; use ${list(outputs)}`);
  return outputs.map((name) => (given as Record<string, unknown>)[name]);
}

function checkWeight(weight: unknown): number {
  if (typeof weight === 'number' && Number.isFinite(weight)) return weight;
  throw new ArgumentError(`compile: lossWeights holds ${show(weight)}; use numbers`);
}
