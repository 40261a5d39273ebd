/** `sequential`: a model that is a list of layers, with Keras's compile, fit, evaluate, predict and summary. */
import { jit } from '../autograd/jit.ts';
import { Tensor } from '../autograd/tensor.ts';
import type { Variable } from '../autograd/variable.ts';
import { defaultEngine } from '../gpu/default-engine.ts';
import type { Engine } from '../gpu/engine.ts';
import { fromValues, type TensorLike, toTensor } from '../ops/input.ts';
import { globalPolicy, type Policy } from '../precision/policy.ts';
import { show } from '../values/dtype.ts';
import { ArgumentError, ShapeError } from '../values/errors.ts';
import { checkOptions } from '../values/options.ts';
import { RandomStream } from '../values/random.ts';
import { type Shape, sameShape, showShape, sizeOf } from '../values/shape.ts';
import { Dataset, inOrder, requireSameCount, type Samples } from './data.ts';
import {
  checkFitOptions,
  type FitOptions,
  fit,
  type History,
  type Logs,
  runEpoch,
  type Training,
  testStep,
} from './fit.ts';
import { type CallOptions, checkCount, Layer } from './layer.ts';
import { type LossLike, toLoss } from './losses.ts';
import { type MetricLike, toMetric } from './metrics.ts';
import { LossScaleOptimizer } from './optimizers/loss-scale-optimizer.ts';
import { Optimizer } from './optimizers/optimizer.ts';
import { optimizerFromConfig } from './optimizers/registry.ts';
import { summaryOf } from './summary.ts';

export interface CompileOptions {
  /** An optimizer, or its name with default options. Default `'SGD'`. */
  optimizer?: Optimizer | LossScaleOptimizer | string;
  loss: LossLike;
  metrics?: readonly MetricLike[];
  /** Under the policy `mixed_float16`, wrap the optimizer in a `LossScaleOptimizer`. Default true, as in Keras. */
  autoScaleLoss?: boolean;
}

export interface BatchOptions {
  /** Default 32. */
  batchSize?: number;
}

interface Compiled {
  readonly optimizer: Optimizer | LossScaleOptimizer;
  readonly loss: ReturnType<typeof toLoss>;
  readonly metrics: readonly ReturnType<typeof toMetric>[];
}

export class Sequential {
  readonly layers: readonly Layer[];
  /** The model's own policy, the global one at its making: `compile` goes by it. */
  readonly policy: Policy;
  #compiled: Compiled | undefined;
  #predict: (((x: Tensor) => Tensor) & { dispose(): void }) | undefined;
  #shuffles: RandomStream | undefined;

  /** Throws `ArgumentError` unless `layers` are layers, each once. */
  constructor(layers: readonly Layer[]) {
    if (!Array.isArray(layers) || layers.length === 0)
      throw new ArgumentError('sequential: no layers; give at least one');
    for (const [index, layer] of layers.entries()) {
      if (!(layer instanceof Layer)) {
        throw new ArgumentError(
          `sequential: item ${index} is ${show(layer)}; use layers, as ht.layers makes them`,
        );
      }
      if (layers.indexOf(layer) !== index)
        throw new ArgumentError(`sequential: layer ${layer.name} stands in it twice`);
      if (layers.findIndex(({ name }) => name === layer.name) !== index)
        throw new ArgumentError(`sequential: two layers are called '${layer.name}'; name them apart`);
    }
    this.layers = [...layers];
    this.policy = globalPolicy();
    const { inputShape } = this.layers[0]!;
    if (inputShape) this.outputShape(inputShape);
  }

  /** Shape of the result for samples of a shape. Throws `ShapeError`. */
  outputShape(sample: Shape): Shape {
    return this.layers.reduce((shape, layer) => layer.outputShape(shape), sample);
  }

  /** The model applied to a batch (n, ...sample). */
  apply(input: TensorLike, options: CallOptions = {}): Tensor {
    return this.layers.reduce((x, layer) => layer.apply(x, options), toTensor('model', input));
  }

  /** Makes all weights, for samples of this shape. */
  build(sample: Shape, engine: Engine = defaultEngine('model')): void {
    this.#checkSample('model', sample);
    let shape = sample;
    for (const layer of this.layers) {
      layer.build(shape, engine);
      shape = layer.outputShape(shape);
    }
  }

  get weights(): readonly Variable[] {
    this.#buildFromInputShape();
    return this.layers.flatMap(({ weights }) => weights);
  }

  get trainableVariables(): readonly Variable[] {
    this.#buildFromInputShape();
    return this.layers.flatMap(({ trainableVariables }) => trainableVariables);
  }

  /** Values of all weights, widened to float32. */
  async getWeights(): Promise<Float32Array[]> {
    return Promise.all(this.weights.map(async (weight) => Float32Array.from(await weight.data())));
  }

  /** Replaces the values of all weights. Throws `ShapeError` when one does not fit; then none has changed. */
  setWeights(values: readonly ArrayLike<number>[]): void {
    const { weights } = this;
    if (values.length !== weights.length)
      throw new ShapeError(`setWeights: ${values.length} arrays for ${weights.length} weights`);
    for (const [index, { name, size }] of weights.entries()) {
      if (values[index]!.length !== size) {
        throw new ShapeError(`setWeights: ${values[index]!.length} values for ${name} of ${size}`);
      }
    }
    for (const [index, weight] of weights.entries()) weight.assign(values[index]!);
  }

  /** Chooses optimizer, loss and metrics. Throws `ArgumentError`. */
  compile(options: CompileOptions): void {
    checkOptions('compile', options, ['optimizer', 'loss', 'metrics', 'autoScaleLoss']);
    const { optimizer = 'SGD', autoScaleLoss = true, metrics = [] } = options;
    const own =
      typeof optimizer === 'string' ? optimizerFromConfig({ className: optimizer, config: {} }) : optimizer;
    if (!(own instanceof Optimizer) && !(own instanceof LossScaleOptimizer)) {
      throw new ArgumentError(
        `compile: optimizer is ${show(optimizer)}; use one of ht.optimizers, or its name`,
      );
    }
    if (!Array.isArray(metrics))
      throw new ArgumentError(`compile: metrics is ${show(metrics)}; use an array of names or functions`);
    const compiled = { loss: toLoss(options.loss), metrics: metrics.map(toMetric) };
    const wraps = autoScaleLoss && this.policy.name === 'mixed_float16' && own instanceof Optimizer;
    const before = this.#compiled?.optimizer;
    // Compiling again with the same optimizer keeps its wrapper, and with it the scale.
    const kept = before instanceof LossScaleOptimizer && before.innerOptimizer === own ? before : undefined;
    this.#compiled = { ...compiled, optimizer: wraps ? (kept ?? new LossScaleOptimizer(own)) : own };
  }

  /** The compiled optimizer, with its loss scaling. Throws `ArgumentError` before `compile`. */
  get optimizer(): Optimizer | LossScaleOptimizer {
    return this.#require('optimizer').optimizer;
  }

  /** Trains. Throws `ShapeError`, `DataError`, `ArgumentError` before any GPU work; the weights are then as they were. */
  async fit(x: Samples, y: Samples, options: FitOptions = {}): Promise<History> {
    const compiled = this.#require('fit');
    checkFitOptions(options);
    const engine = this.#engineFor('fit');
    let data = await this.#load('fit', x, y, compiled);
    let validation = options.validationData
      ? await this.#load(
          'fit: validationData',
          options.validationData[0] as Samples,
          options.validationData[1] as Samples,
          compiled,
        )
      : undefined;
    if (validation && !sameShape(validation[0].shape.slice(1), data[0].shape.slice(1))) {
      throw new ShapeError(
        `fit: validationData: samples are ${showShape(validation[0].shape.slice(1))}, those to train on ${showShape(data[0].shape.slice(1))}; use equal shapes`,
      );
    }
    if (options.validationSplit && !validation) {
      const { count } = data[0];
      // As Keras rounds: the samples to train on are rounded down.
      const kept = Math.floor(count * (1 - options.validationSplit));
      if (kept === 0) {
        throw new ArgumentError(
          `fit: validationSplit ${options.validationSplit} of ${count} samples leaves none to train on; use a smaller one`,
        );
      }
      const [[trainX, heldX], [trainY, heldY]] = [data[0].split(count - kept), data[1].split(count - kept)];
      data = [trainX, trainY];
      validation = [heldX, heldY];
    }
    this.build(data[0].shape.slice(1), engine);
    return fit(this.#training(engine, compiled), data, validation, options);
  }

  /** Loss and metrics over the samples. */
  async evaluate(x: Samples, y: Samples, options: BatchOptions = {}): Promise<Logs> {
    const compiled = this.#require('evaluate');
    checkOptions('evaluate', options, ['batchSize']);
    const { batchSize = 32 } = options;
    checkCount('evaluate', 'batchSize', batchSize);
    const engine = this.#engineFor('evaluate');
    const data = await this.#load('evaluate', x, y, compiled);
    this.build(data[0].shape.slice(1), engine);
    const step = testStep(this.#training(engine, compiled));
    const names = ['loss', ...compiled.metrics.map(({ name }) => name)];
    try {
      return await runEpoch(engine, step, names, data, inOrder(data[0].count), batchSize);
    } finally {
      step.dispose();
    }
  }

  /** Predictions for all samples, in batches; a float32 tensor (n, ...). */
  async predict(x: Samples, options: BatchOptions = {}): Promise<Tensor> {
    checkOptions('predict', options, ['batchSize']);
    const { batchSize = 32 } = options;
    checkCount('predict', 'batchSize', batchSize);
    const engine = x instanceof Tensor ? x.engine : this.#engineFor('predict');
    const data = await Dataset.from('predict: x', x);
    this.build(data.shape.slice(1), engine);
    this.#predict ??= jit((batch: Tensor) => this.apply(batch));
    const shape = [data.count, ...this.outputShape(data.shape.slice(1))];
    const values = new Float32Array(sizeOf(shape));
    const order = inOrder(data.count);
    for (let from = 0; from < data.count; from += batchSize) {
      const batch = data.batch(engine, order, from, Math.min(from + batchSize, data.count));
      const result = this.#predict(batch);
      batch.dispose();
      values.set(await result.data(), (from * values.length) / data.count);
      result.dispose();
    }
    return fromValues(engine, values, shape, 'float32', 'predict');
  }

  /** Layers, shapes, dtypes and numbers of weights as a table; printed, and returned. */
  summary(print: (text: string) => void = console.log): string {
    this.#buildFromInputShape();
    const text = summaryOf(this.layers);
    print(text);
    return text;
  }

  /** Frees the weights, the optimizer's state and the programs. */
  dispose(): void {
    this.#predict?.dispose();
    this.#predict = undefined;
    this.#shuffles = undefined;
    this.#compiled?.optimizer.dispose();
    for (const layer of this.layers) layer.dispose();
  }

  #training(engine: Engine, { optimizer, loss, metrics }: Compiled): Training {
    // One stream for all calls of fit: every epoch has an order of its own.
    this.#shuffles ??= new RandomStream(engine.seed, 0);
    return {
      ...{ engine, optimizer, metrics, loss: loss.fn },
      random: this.#shuffles,
      forward: (x, training) => this.apply(x, { training }),
      variables: () => this.trainableVariables,
    };
  }

  #require(method: string): Compiled {
    if (this.#compiled) return this.#compiled;
    throw new ArgumentError(`${method}: the model is not compiled; call compile({ optimizer, loss }) first`);
  }

  #engineFor(method: string): Engine {
    return this.layers.flatMap(({ weights }) => weights)[0]?.engine ?? defaultEngine(method);
  }

  #buildFromInputShape(): void {
    const { inputShape, built } = this.layers[0]!;
    if (inputShape && !built) this.build(inputShape);
  }

  #checkSample(where: string, sample: Shape): void {
    const { inputShape } = this.layers[0]!;
    if (inputShape && !sameShape(inputShape, sample)) {
      throw new ShapeError(
        `${where}: samples are ${showShape(sample)}, the model's inputShape is ${showShape(inputShape)}`,
      );
    }
  }

  async #load(where: string, x: Samples, y: Samples, { loss }: Compiled): Promise<[Dataset, Dataset]> {
    const data = await Dataset.from(`${where}: x`, x);
    const labels = await Dataset.from(`${where}: y`, y);
    requireSameCount(where, data, labels);
    this.#checkSample(where, data.shape.slice(1));
    data.requireFinite();
    labels.requireFinite();
    loss.checkLabels(where, labels, this.outputShape(data.shape.slice(1)));
    return [data, labels];
  }
}

export function sequential(layers: readonly Layer[]): Sequential {
  return new Sequential(layers);
}
