/** What a model was compiled with, as files hold it: optimizer, losses and metrics. */

import { descriptionOf } from '../../nn/described.ts';
import { losses } from '../../nn/losses.ts';
import { metrics } from '../../nn/metrics.ts';
import type { Model } from '../../nn/model.ts';
import { LossScaleOptimizer } from '../../nn/optimizers/loss-scale-optimizer.ts';
import type { Optimizer } from '../../nn/optimizers/optimizer.ts';
import { optimizerClassName } from '../../nn/optimizers/registry.ts';
import { isRecord, type Json } from '../json.ts';
import type { KerasObject } from '../stored-model.ts';
import { snake } from './names.ts';
import { type Dialect, objectOf } from './write-layer.ts';

/** `training_config` of tf.keras and TensorFlow.js, `compile_config` of Keras 3; undefined for a model that is not compiled, or with functions of a user's own. */
export function trainingToConfig(model: Model, dialect: Dialect): Json | undefined {
  const { compileOptions } = model;
  if (!compileOptions) return undefined;
  const { loss, lossWeights = null, metrics: measures = [] } = compileOptions;
  const [lossConfig, metricConfig] = [mapped(loss, lossOf(dialect)), mapped(measures, metricOf(dialect))];
  if (lossConfig === undefined || metricConfig === undefined) return undefined;
  const optimizer = optimizerToConfig(model.optimizer, dialect);
  const shared = {
    loss: lossConfig,
    metrics: metricConfig,
    weighted_metrics: null,
    loss_weights: lossWeights,
  };
  return dialect === 'keras2' ? { ...shared, optimizer_config: optimizer } : { ...shared, optimizer };
}

/** `write` of one, of each in a list, or by outputs; undefined as soon as one is that. */
function mapped(value: unknown, write: (value: unknown) => unknown): unknown {
  if (value === null) return null;
  const isOne = !Array.isArray(value) && !(isRecord(value) && !('name' in value) && !('counts' in value));
  if (isOne) return write(value);
  const entries = Object.entries(value as object).map(([key, item]) => [key, mapped(item, write)] as const);
  if (entries.some(([, item]) => item === undefined)) return undefined;
  return Array.isArray(value) ? entries.map(([, item]) => item) : Object.fromEntries(entries);
}

const SHORT = { mse: 'meanSquaredError', mae: 'meanAbsoluteError' } as const;

/** By name, which all of them read; with options as the class. */
function lossOf(dialect: Dialect) {
  return (loss: unknown): unknown => {
    const found =
      typeof loss === 'function' ? (Object.values(losses) as unknown[]).includes(loss) && loss : loss;
    if (found === false || typeof found === 'undefined') return undefined;
    const given =
      typeof found === 'function'
        ? { name: (found as unknown as { definition: { name: string } }).definition.name }
        : found;
    const { name, ...options } = typeof given === 'string' ? { name: given } : (given as { name: string });
    const whole = Object.hasOwn(SHORT, name) ? SHORT[name as keyof typeof SHORT] : name;
    if (Object.keys(options).length === 0) return snake(whole);
    const config = Object.fromEntries(Object.entries(options).map(([key, value]) => [snake(key), value]));
    const className =
      whole === 'klDivergence' ? 'KLDivergence' : whole.replace(/^./, (letter) => letter.toUpperCase());
    return objectOf(dialect, 'keras.losses', className, { ...config, name: snake(whole) });
  };
}

function metricOf(dialect: Dialect) {
  return (metric: unknown): unknown => {
    if (typeof metric === 'string') return snake(metric);
    const description = typeof metric === 'object' && metric !== null ? descriptionOf(metric) : undefined;
    if (description) {
      const config = Object.entries(description.config ?? {}).map(([key, value]) => [
        METRIC_OPTIONS[key] ?? snake(key),
        value,
      ]);
      return objectOf(dialect, 'keras.metrics', description.className, Object.fromEntries(config));
    }
    const name = Object.entries(metrics).find(([, own]) => own === metric)?.[0];
    return name && snake(name);
  };
}

const METRIC_OPTIONS: Readonly<Record<string, string>> = { threshold: 'thresholds' };

/** Options by Keras's names where they are no snake case. */
const RENAMED: Readonly<Record<string, string>> = {
  ...{
    beta1: 'beta_1',
    beta2: 'beta_2',
    clipNorm: 'clipnorm',
    clipValue: 'clipvalue',
    globalClipNorm: 'global_clipnorm',
  },
};

export function optimizerToConfig(optimizer: Optimizer | LossScaleOptimizer, dialect: Dialect): KerasObject {
  if (optimizer instanceof LossScaleOptimizer) {
    const config = {
      inner_optimizer: optimizerToConfig(optimizer.innerOptimizer, dialect),
      initial_scale: optimizer.initialScale,
      dynamic_growth_steps: optimizer.dynamic ? optimizer.growthSteps : null,
      ...(dialect === 'keras2' ? { dynamic: optimizer.dynamic } : {}),
    };
    return objectOf(dialect, 'keras.optimizers', 'LossScaleOptimizer', config);
  }
  const config = Object.entries(optimizer.getConfig()).map(([key, value]) => [
    RENAMED[key] ?? snake(key),
    written(value, dialect),
  ]);
  return objectOf(dialect, 'keras.optimizers', optimizerClassName(optimizer), Object.fromEntries(config));
}

/** A number, or a schedule. */
function written(value: unknown, dialect: Dialect): unknown {
  if (!isRecord(value) || typeof value.className !== 'string') return value;
  const config = Object.entries(value.config as object).map(([key, item]) => [snake(key), item]);
  const className = value.className.replace(/^./, (letter) => letter.toUpperCase());
  return objectOf(dialect, 'keras.optimizers.schedules', className, Object.fromEntries(config));
}
