/** What TensorFlow.js keeps of training, `trainingConfig` and the weights of its optimizers, as Keras has them, and back. */
import type { Variable } from '../../autograd/variable.ts';
import type { Model } from '../../nn/model.ts';
import { LossScaleOptimizer } from '../../nn/optimizers/loss-scale-optimizer.ts';
import type { Optimizer } from '../../nn/optimizers/optimizer.ts';
import { optimizerClassName } from '../../nn/optimizers/registry.ts';
import { isRecord, type Json } from '../json.ts';
import { camel } from '../keras/names.ts';
import type { OptimizerVariable } from '../optimizer-variables.ts';
import type { StoredTensor } from '../stored-model.ts';

/** A class of optimizers there, and what it is in Keras. */
interface Kind {
  readonly tfjs: string;
  readonly keras: string;
  /** Names of settings there, and in Keras. */
  readonly settings: Readonly<Record<string, string>>;
  /** Ends of weights' names there, in their order, and our slots. */
  readonly slots: readonly (readonly [tfjs: string, own: string])[];
}

const RATE = { learningRate: 'learning_rate' };
const BETAS = { beta1: 'beta_1', beta2: 'beta_2', epsilon: 'epsilon' };

/** Momentum there is the sum of gradients; Keras's is that times the rate, with the step's own sign. */
const KINDS: readonly Kind[] = [
  { tfjs: 'SGD', keras: 'SGD', settings: RATE, slots: [] },
  {
    ...{ tfjs: 'Momentum', keras: 'SGD', slots: [['momentum', 'momentum']] },
    settings: { ...RATE, momentum: 'momentum', useNesterov: 'nesterov' },
  },
  {
    ...{ tfjs: 'Adam', keras: 'Adam', settings: { ...RATE, ...BETAS } },
    slots: [
      ['m', 'mean'],
      ['v', 'variance'],
    ],
  },
  {
    ...{ tfjs: 'RMSProp', keras: 'RMSprop' },
    settings: { ...RATE, decay: 'rho', momentum: 'momentum', epsilon: 'epsilon', centered: 'centered' },
    slots: [
      ['rms', 'velocity'],
      ['momentum', 'momentum'],
      ['mg', 'averageGradient'],
    ],
  },
  {
    ...{ tfjs: 'Adagrad', keras: 'Adagrad', slots: [['accumulator', 'accumulator']] },
    settings: { ...RATE, initialAccumulatorValue: 'initial_accumulator_value' },
  },
  {
    ...{ tfjs: 'Adadelta', keras: 'Adadelta', settings: { ...RATE, rho: 'rho', epsilon: 'epsilon' } },
    slots: [
      ['accum_grad', 'accumulatedGradient'],
      ['accum_var', 'accumulatedDelta'],
    ],
  },
];

/** `training` and the weights of its optimizer in Keras's form; what is in it already stays as it is. */
export function fromTensorFlowJs(
  training: Json,
  weights: readonly StoredTensor[],
): { training: Json; weights: readonly StoredTensor[] } {
  const optimizer = training.optimizer_config;
  const kind = isRecord(optimizer) ? KINDS.find(({ tfjs }) => tfjs === optimizer.class_name) : undefined;
  const config = isRecord(optimizer) && isRecord(optimizer.config) ? optimizer.config : {};
  if (!kind || !('learningRate' in config)) return { training, weights };
  const settings = Object.entries(config).map(([name, value]) => [kind.settings[name] ?? name, value]);
  const optimizer_config = { class_name: kind.keras, config: Object.fromEntries(settings) };
  const kept = weights.filter(({ name }) => config.momentum !== 0 || !name.endsWith('/momentum'));
  const rate = Number(config.learningRate);
  return {
    training: { ...training, optimizer_config },
    weights: kind.tfjs === 'Momentum' ? kept.map((tensor) => scaled(tensor, -rate)) : kept,
  };
}

function scaled(tensor: StoredTensor, factor: number): StoredTensor {
  if (tensor.shape.length === 0) return tensor;
  return { ...tensor, read: async () => Float32Array.from(await tensor.read(), (value) => value * factor) };
}

/** The loss scale, which TensorFlow.js does not have: beside our own `training_config`, as variables of an optimizer. */
export function scaleIn(training: Json | undefined): readonly StoredTensor[] {
  const scale = training?.loss_scale;
  if (!isRecord(scale)) return [];
  return ['dynamic_scale', 'step_counter'].map((name) => ({
    ...{ name, shape: [], dtype: 'float32' },
    read: async () => Float32Array.of(Number(scale[name])),
  }));
}

/** Losses and metrics that it has by these names. */
const LOSSES =
  /^(mean_squared_error|mean_absolute_error|mean_absolute_percentage_error|mean_squared_logarithmic_error|squared_hinge|hinge|categorical_hinge|logcosh|categorical_crossentropy|sparse_categorical_crossentropy|binary_crossentropy|poisson)$/;
const METRICS =
  /^(accuracy|acc|crossentropy|binary_accuracy|categorical_accuracy|mse|mae|mean_squared_error|mean_absolute_error)$/;

/** What `trainingConfig` would say, and the optimizer's weights in the order that it takes. */
export interface TensorFlowJsTraining {
  readonly config: Json;
  readonly weights: readonly OptimizerVariable[];
  /** What `scaleIn` reads. */
  readonly scale: Json | undefined;
}

/** Undefined where it has no such optimizer, setting or loss. Reads from the GPU. */
export async function toTensorFlowJs(
  model: Model,
  training: Json,
  variables: readonly Variable[],
): Promise<TensorFlowJsTraining | undefined> {
  const { optimizer } = model;
  const inner = optimizer instanceof LossScaleOptimizer ? optimizer.innerOptimizer : optimizer;
  const kind = kindOf(inner);
  const losses = everyName(training.loss);
  if (!kind || losses === undefined || !losses.every((name) => LOSSES.test(name))) return undefined;
  if (training.loss_weights !== null) return undefined;
  const { scale, slots } = await inner.state();
  const rate = scale.learningRate ?? inner.learningRate;
  const own: Json = { ...inner.getConfig(), learningRate: rate };
  const settings = Object.entries(kind.settings).map(([name, keras]) => [name, own[camel(keras)]]);
  const metrics = (everyName(training.metrics) ?? []).filter((name) => METRICS.test(name));
  return {
    config: {
      ...{ loss: training.loss, metrics },
      optimizer_config: { class_name: kind.tfjs, config: Object.fromEntries(settings) },
    },
    weights: weightsOf(kind, variables, inner, scale.iterations ?? 0, slots, rate),
    scale:
      optimizer instanceof LossScaleOptimizer && scale.scale !== undefined
        ? { dynamic_scale: scale.scale, step_counter: scale.growthCounter ?? 0 }
        : undefined,
  };
}

/** Settings of ours that change nothing at these values, beside those that it has. */
const NEUTRAL: Readonly<Record<string, unknown>> = {
  ...{ amsgrad: false, useEma: false, gradientAccumulationSteps: 1, weightDecay: 0, epsilon: 1e-7 },
  ...{ momentum: 0, nesterov: false },
};

function kindOf(optimizer: Optimizer): Kind | undefined {
  const config = optimizer.getConfig();
  if (typeof config.learningRate !== 'number') return undefined;
  const className = optimizerClassName(optimizer);
  const known = KINDS.filter(({ keras }) => keras === className);
  const kind = known.length > 1 && Number(config.momentum) > 0 ? known[1] : known[0];
  const names = new Set(Object.values(kind?.settings ?? {}).map(camel));
  const foreign = Object.entries(config).some(
    ([name, value]) =>
      !names.has(name) &&
      name !== 'name' &&
      value !== undefined &&
      value !== null &&
      NEUTRAL[name] !== value &&
      !(name.startsWith('ema') && config.useEma !== true),
  );
  return foreign ? undefined : kind;
}

function weightsOf(
  kind: Kind,
  variables: readonly Variable[],
  optimizer: Optimizer,
  iterations: number,
  slots: Readonly<Record<string, Readonly<Record<string, Float32Array>>>>,
  rate: number,
): readonly OptimizerVariable[] {
  const iter = { name: 'iter', shape: [], values: Int32Array.of(iterations) };
  // Before the first step it has none either.
  if (Object.keys(slots).length === 0) return [iter];
  const { centered } = optimizer.getConfig() as { centered?: boolean };
  const kept = kind.slots.filter(([, own]) => own !== 'averageGradient' || centered === true);
  const factor = kind.tfjs === 'Momentum' ? -1 / rate : 1;
  const all = kept.flatMap(([end, own]) =>
    variables.map(({ name, shape, size }) => ({
      ...{ name: `${name}/${end}`, shape },
      values: (slots[own]?.[name] ?? new Float32Array(size)).map((value) => value * factor),
    })),
  );
  return [iter, ...all];
}

/** The names in one, a list or an object by outputs; undefined where one is no name. */
function everyName(value: unknown): readonly string[] | undefined {
  const all = typeof value === 'string' ? [value] : Object.values((value ?? {}) as object);
  return all.every((item) => typeof item === 'string') ? all : undefined;
}
