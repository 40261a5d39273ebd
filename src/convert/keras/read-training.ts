/** What `compile` was given, from a file: the optimizer with its settings, losses and metrics. */
import type { CompileOptions } from '../../nn/compile.ts';
import { auc, precision, recall, rootMeanSquaredError } from '../../nn/counted-metrics.ts';
import { losses } from '../../nn/losses.ts';
import { metrics, SHORT_METRICS } from '../../nn/metrics.ts';
import { LossScaleOptimizer } from '../../nn/optimizers/loss-scale-optimizer.ts';
import type { Optimizer } from '../../nn/optimizers/optimizer.ts';
import { optimizerFromConfig } from '../../nn/optimizers/registry.ts';
import { schedules } from '../../nn/optimizers/schedules.ts';
import { isRecord, type Json, Place } from '../json.ts';
import { camel } from './names.ts';
import { placed } from './read-layer.ts';

type Parts<T> = T | null | readonly Parts<T>[] | { readonly [output: string]: Parts<T> };

/** As `compile` takes it. Throws `FormatError` for what is not known. */
export function compileOptionsFrom(where: string, training: Json): CompileOptions {
  const place = new Place(where, training, 'training_config');
  const lossWeights = place.at('loss_weights').value;
  const optimizer =
    place.at('optimizer_config').value === undefined ? place.at('optimizer') : place.at('optimizer_config');
  const measures = [place.at('metrics'), place.at('weighted_metrics')].filter(({ value }) => !isEmpty(value));
  const options: Record<string, unknown> = {
    optimizer: optimizerFrom(optimizer),
    loss: eachPart(place.at('loss'), lossFrom),
    ...(lossWeights === null || lossWeights === undefined ? {} : { lossWeights }),
    ...(measures[0] ? { metrics: metricsFrom(measures[0]) } : {}),
  };
  return options as unknown as CompileOptions;
}

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || (Array.isArray(value) && value.length === 0);
}

/** `read` of one object, or of each in a list or an object by outputs. */
function eachPart<T>(place: Place, read: (place: Place) => T): Parts<T> {
  const { value } = place;
  if (value === null || value === undefined) return null;
  if (Array.isArray(value)) return place.items().map((item) => eachPart(item, read));
  if (isRecord(value) && !('class_name' in value))
    return Object.fromEntries(Object.keys(value).map((key) => [key, eachPart(place.at(key), read)]));
  return read(place);
}

/** Without underscores and case: `MeanSquaredError`, `mean_squared_error`. */
function plain(name: string): string {
  return name.replaceAll('_', '').toLowerCase();
}

const SHORT: Readonly<Record<string, string>> = {
  ...{ mse: 'meansquarederror', mae: 'meanabsoluteerror', acc: 'accuracy', rmse: 'rootmeansquarederror' },
  ...{ kld: 'kldivergence', kullbackleiblerdivergence: 'kldivergence', huberloss: 'huber' },
};

/** The key of `table` that a name of Keras means. */
function keyIn(table: object, name: string): string | undefined {
  const wanted = SHORT[plain(name)] ?? plain(name);
  return Object.keys(table).find((key) => plain(key) === wanted);
}

/** A class name or a function's, and what it was made with; nulls and names left out. */
function namedFrom(place: Place): { name: string; config: Record<string, unknown> } {
  if (typeof place.value === 'string') return { name: place.value, config: {} };
  const config = place.at('config');
  const name = place.at('class_name').string;
  // Keras 3's form of a function.
  if (name === 'function') return { name: config.string, config: {} };
  const entries = Object.entries(config.value === undefined || config.value === null ? {} : config.record);
  return { name, config: Object.fromEntries(entries.filter(([, value]) => value !== null)) };
}

const MEANS = ['auto', 'sum_over_batch_size', 'mean'];

function lossFrom(place: Place): unknown {
  const { name, config } = namedFrom(place);
  const own = keyIn(losses, name) ?? place.refuse(`a loss of ht.losses; ${name} is none`);
  const { name: _, fn: __, dtype: ___, axis = -1, reduction = 'auto', ...rest } = config;
  if (axis !== -1 || !MEANS.includes(reduction as string))
    place.fail(`${name} with axis ${axis} and reduction ${reduction}; use -1 and 'sum_over_batch_size'`);
  const options = Object.entries(rest).filter(([, value]) => value !== 0 && value !== false);
  return { name: own, ...Object.fromEntries(options.map(([key, value]) => [camel(key), value])) };
}

const COUNTED = { auc, precision, recall, rootMeanSquaredError } as const;

function metricsFrom(place: Place): unknown {
  const found = eachPart(place, metricFrom);
  return Array.isArray(found) || (isRecord(found) && !('counts' in found)) ? found : [found];
}

function metricFrom(place: Place): unknown {
  const { name, config } = namedFrom(place);
  if (Object.hasOwn(SHORT_METRICS, name)) return name;
  const fn = config.fn;
  const function_ = isRecord(fn) ? (fn.config ?? fn.name) : fn;
  const wrapped = name === 'MeanMetricWrapper' ? (function_ ?? config.name) : name;
  const counted = COUNTED[keyIn(COUNTED, String(wrapped)) as keyof typeof COUNTED];
  if (counted) return placed(place, () => counted(countedOptions(config)));
  return keyIn(metrics, String(wrapped)) ?? place.refuse(`a metric of ht.metrics; ${wrapped} is none`);
}

/** Options that are told apart from Keras's own defaults. */
function countedOptions(config: Readonly<Record<string, unknown>>): object {
  const { name, thresholds, num_thresholds: numThresholds, curve, from_logits: fromLogits } = config;
  const threshold = Array.isArray(thresholds) ? thresholds[0] : thresholds;
  const options = { name, threshold, numThresholds, curve, fromLogits: fromLogits || undefined };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** Settings of optimizers that mean nothing here, or nothing at these values. */
const SILENT: Readonly<Record<string, (value: unknown) => boolean>> = {
  ...{ jit_compile: () => true, is_legacy_optimizer: () => true, clip_ema: () => true },
  decay: (value) => value === 0,
  loss_scale_factor: (value) => value === null,
};
const RENAMED: Readonly<Record<string, string>> = {
  ...{ lr: 'learningRate', clipnorm: 'clipNorm', clipvalue: 'clipValue', global_clipnorm: 'globalClipNorm' },
};

function optimizerFrom(place: Place): Optimizer | LossScaleOptimizer {
  if (typeof place.value === 'string')
    return placed(place, () => optimizerFromConfig({ className: place.string, config: {} }));
  const className = place.at('class_name').string;
  const config = place.at('config');
  if (/^LossScaleOptimizer/.test(className)) return scaledFrom(config);
  const options: Record<string, unknown> = {};
  for (const key of Object.keys(config.record)) {
    const at = config.at(key);
    if (at.value === null || key === 'name') continue;
    if (SILENT[key]) {
      if (!SILENT[key](at.value)) at.fail(`${key} ${JSON.stringify(at.value)} is not supported`);
    } else options[RENAMED[key] ?? camel(key)] = /^(lr|learning_rate)$/.test(key) ? rateFrom(at) : at.value;
  }
  if (options.useEma !== true)
    for (const key of ['useEma', 'emaMomentum', 'emaOverwriteFrequency']) delete options[key];
  if (options.weightDecay === 0 && className !== 'AdamW') delete options.weightDecay;
  return placed(config, () => optimizerFromConfig({ className, config: options }));
}

function rateFrom(place: Place): unknown {
  if (typeof place.value === 'number') return place.value;
  const className =
    keyIn(schedules, place.at('class_name').string) ??
    place.refuse('a number, or a schedule of ht.schedules');
  const entries = Object.entries(place.at('config').record).filter(
    ([key, value]) => value !== null && key !== 'name',
  );
  return { className, config: Object.fromEntries(entries.map(([key, value]) => [camel(key), value])) };
}

/** Keras 3's: `initial_scale`, `dynamic_growth_steps`; tf.keras's also `dynamic`. */
function scaledFrom(config: Place): LossScaleOptimizer {
  const inner = optimizerFrom(
    config.at('inner_optimizer').value === undefined ? config.at('optimizer') : config.at('inner_optimizer'),
  );
  const { initial_scale: initialScale, dynamic_growth_steps: growthSteps, dynamic = true } = config.record;
  const options = {
    ...(typeof initialScale === 'number' ? { initialScale } : {}),
    ...(typeof growthSteps === 'number' && dynamic ? { growthSteps } : {}),
    ...(dynamic === false ? { dynamic: false, rules: 'tf.keras' as const } : {}),
  };
  return placed(config, () => new LossScaleOptimizer(inner as Optimizer, options));
}
