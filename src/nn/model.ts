/** The base of models: Keras's compile, fit, evaluate, predict and summary; a kind of model says how layers are connected. */
import { type Jitted, jit } from '../autograd/jit.ts';
import { Tensor } from '../autograd/tensor.ts';
import type { Variable } from '../autograd/variable.ts';
import { defaultEngine } from '../gpu/default-engine.ts';
import type { Engine } from '../gpu/engine.ts';
import type { AdaptiveLossScale } from '../precision/adaptive-loss-scale.ts';
import { type AutocastOptions, checkAutocast } from '../precision/autocast.ts';
import { list } from '../values/dtype.ts';
import { ArgumentError, ShapeError } from '../values/errors.ts';
import { checkOptions } from '../values/options.ts';
import { RandomStream } from '../values/random.ts';
import { mayBeSame, type Shape, sameShape, showShape } from '../values/shape.ts';
import { Batches, type Given, type InputSpec, readBatches, readInputs } from './batches.ts';
import type { Logs } from './callbacks/callback.ts';
import { checkCount } from './checks.ts';
import { type Compiled, type CompileOptions, compiled, mixedIn } from './compile.ts';
import { type Dataset, inOrder } from './data.ts';
import { checkFitOptions, type FitOptions, fit, type History, runEpoch } from './fit.ts';
import { type AnyLayer, type CallOptions, Layer, type LayerOptions } from './layer.ts';
import type { LossScaleOptimizer } from './optimizers/loss-scale-optimizer.ts';
import type { Optimizer } from './optimizers/optimizer.ts';
import { predictBatches } from './predict.ts';
import type { SamplesBy } from './samples.ts';
import { saveTo } from './saving.ts';
import { type Like, like, shapesIn, type Tensors } from './several.ts';
import { casting, measuresOf, type Training, testStep } from './steps.ts';
import { type SummaryRow, summaryOf } from './summary.ts';

export interface BatchOptions {
  /** Default 32. */
  batchSize?: number;
}

export interface EvaluateOptions extends BatchOptions {
  /** What each sample counts in the losses. */
  sampleWeight?: SamplesBy;
}

export abstract class Model<In extends Tensors = Tensors, Out extends Tensors = Tensors> extends Layer<
  In,
  Out
> {
  /** In Keras's order, each once. */
  abstract readonly layers: readonly AnyLayer[];
  /** Whether results come as a list, be it of one. */
  protected readonly givesList: boolean = false;
  /** The inputs: name, shape of one sample where it is declared, and dtype where one is. */
  abstract readonly inputSpecs: readonly InputSpec[];
  /** By these, `compile` and `fit` tell the outputs apart. */
  abstract readonly outputNames: readonly string[];
  /** Set to true by a callback, training ends after the present step. */
  stopTraining = false;
  readonly #label: string;
  #compiled: Compiled | undefined;
  #compileOptions: CompileOptions | undefined;
  #autocast: AutocastOptions | undefined;
  #predict: Jitted<Tensor[], readonly Tensor[]> | undefined;
  #shuffles: RandomStream | undefined;
  #advised = false;

  constructor(kind: string, options: LayerOptions) {
    super(kind, options, []);
    this.#label = options.name ?? 'model';
  }

  /** What `summary` shows of each layer. */
  abstract summaryRows(): readonly SummaryRow[];

  /** By these, `fit`, `evaluate` and `predict` tell the inputs apart. */
  get inputNames(): readonly string[] {
    return this.inputSpecs.map(({ name }) => name);
  }

  protected override get where(): string {
    return this.#label;
  }

  protected call(): Out {
    throw new ArgumentError(`${this.where}: a model is run by its layers`);
  }

  /** Makes all weights, for samples of this shape; by default those that were declared. Throws `ShapeError`. */
  override build(sample?: Like<In, Shape>, engine: Engine = defaultEngine('model')): void {
    const declared = sample ?? this.#declared;
    if (!declared)
      throw new ShapeError(`${this.where}: the shape of its samples is not known; give an inputShape`);
    this.checkDeclared(this.where, shapesIn(declared));
    super.build(declared, engine);
  }

  override get weights(): readonly Variable[] {
    this.#buildAsDeclared();
    return super.weights;
  }

  /** A layer by its name or its place. Throws `ArgumentError`. */
  getLayer(which: string | number): AnyLayer {
    const found =
      typeof which === 'number' ? this.layers.at(which) : this.layers.find(({ name }) => name === which);
    if (found) return found;
    throw new ArgumentError(
      `${this.where}: no layer ${which}; it has ${this.layers.map(({ name }) => name).join(', ')}`,
    );
  }

  /** Layers whose results are the model's; models among them where such a layer is one. */
  abstract get outputLayers(): readonly AnyLayer[];

  /** Names of the layers whose results are the model's in float16. */
  get #narrowOutputs(): readonly string[] {
    return this.outputLayers.flatMap((layer) =>
      layer instanceof Model
        ? layer.#narrowOutputs
        : layer.policy.computeDtype === 'float16'
          ? [layer.name]
          : [],
    );
  }

  protected override policyChanged(): void {
    this.#predict?.dispose();
    this.#predict = undefined;
  }

  /**
   * Rules of precision by op: `predict`, `evaluate` and `fit` run in `ht.autocast` with them, the layers being float32. Set them before
   * `compile`, so that it scales the loss. Files keep them. Undefined: none. Throws `ArgumentError` as `ht.autocast` does.
   */
  get autocast(): AutocastOptions | undefined {
    return this.#autocast;
  }

  set autocast(rules: AutocastOptions | undefined) {
    if (rules !== undefined) checkAutocast(`${this.where}: autocast`, rules);
    this.#autocast = rules;
    this.policyChanged();
  }

  /**
   * Chooses optimizer, losses and metrics. Warns, once, of results in float16: what softmax and users make of them is rounded to 11 bits.
   * Throws `ArgumentError`.
   */
  compile(options: CompileOptions): void {
    const narrow = this.#narrowOutputs;
    if (narrow.length > 0 && !this.#advised)
      console.warn(
        `${this.where}: the result of ${list(narrow)} is float16; give the layer, or an activation after it, dtype 'float32'`,
      );
    this.#advised = true;
    const mixed = mixedIn(this.layers);
    this.#compiled = compiled(options, this.outputNames, this.policy, mixed, this.#compiled, this.#autocast);
    // Predictions keep their program where the rules stay.
    if (this.#compiled.autocast !== this.#autocast) this.autocast = this.#compiled.autocast;
    this.#compileOptions = options;
  }

  /** What `compile` was given; undefined before it. */
  get compileOptions(): CompileOptions | undefined {
    return this.#compileOptions;
  }

  /**
   * Writes architecture, weights, and what `compile` was given: in Node to a path, whose end names the format, or a folder for
   * TensorFlow.js; elsewhere as `ht.saveModel` says. Throws `ArgumentError` for a model that the format cannot hold.
   */
  async save(target: unknown, options: object = {}): Promise<void> {
    await saveTo(this, target, options);
  }

  /** The compiled optimizer, with its loss scaling. Throws `ArgumentError` before `compile`. */
  get optimizer(): Optimizer | LossScaleOptimizer {
    return this.#require('optimizer').optimizer;
  }

  /** The per-layer loss scaling that it was compiled with. */
  get lossScaling(): AdaptiveLossScale | undefined {
    return this.#compiled?.lossScaling;
  }

  /**
   * Trains. Models of several inputs or outputs take as many arrays, in order or by name. Throws `ShapeError`,
   * `DataError`, `ArgumentError` before any GPU work; the weights are then as they were.
   */
  async fit(x: SamplesBy, y: SamplesBy, options: FitOptions = {}): Promise<History> {
    const plan = this.#require('fit');
    checkFitOptions(options);
    const engine = this.#engineFor('fit');
    const { sampleWeight, classWeight } = options;
    let data = await this.#load('fit', plan, { x, y, sampleWeight, classWeight });
    let validation: Batches | undefined;
    if (options.validationData) {
      const { 0: heldX, 1: heldY, 2: weights } = options.validationData as readonly SamplesBy[];
      const held = { x: heldX!, y: heldY!, sampleWeight: weights };
      validation = await this.#load('fit: validationData', plan, held);
      requireSameSamples(data, validation);
    } else if (options.validationSplit) {
      [data, validation] = data.splitOff(options.validationSplit);
    }
    this.build(this.#samplesOf(data.inputs), engine);
    return fit(this.#training(engine, plan), this, data, validation, options);
  }

  /** Loss and metrics over the samples. */
  async evaluate(x: SamplesBy, y: SamplesBy, options: EvaluateOptions = {}): Promise<Logs> {
    const plan = this.#require('evaluate');
    checkOptions('evaluate', options, ['batchSize', 'sampleWeight']);
    const { batchSize = 32, sampleWeight } = options;
    checkCount('evaluate', 'batchSize', batchSize);
    const engine = this.#engineFor('evaluate');
    const data = await this.#load('evaluate', plan, { x, y, sampleWeight });
    this.build(this.#samplesOf(data.inputs), engine);
    const step = testStep(this.#training(engine, plan));
    try {
      return await runEpoch(engine, step, measuresOf(plan.targets), data, inOrder(data.count), batchSize);
    } finally {
      step.dispose();
    }
  }

  /** Predictions for all samples, in batches; float32 tensors (n, ...), one for each output. */
  async predict(x: SamplesBy, options: BatchOptions = {}): Promise<Out> {
    checkOptions('predict', options, ['batchSize']);
    const { batchSize = 32 } = options;
    checkCount('predict', 'batchSize', batchSize);
    const engine = x instanceof Tensor ? x.engine : this.#engineFor('predict');
    const data = new Batches('predict', await readInputs('predict', this.inputSpecs, x), [], []);
    const samples = this.#samplesOf(data.inputs);
    this.build(samples, engine);
    this.#predict ??= jit((...batch: Tensor[]) =>
      casting({ autocast: this.#autocast, engine }, () => {
        const masks = batch.map(() => null);
        return this.pass(batch, masks, {} as CallOptions<In>).outputs;
      }),
    );
    const results = await predictBatches(engine, this.#predict, data, batchSize);
    return like<Out, Tensor>(this.givesList, results) as Out;
  }

  /** Layers, shapes, dtypes and numbers of weights as a table; printed, and returned. */
  summary(print: (text: string) => void = console.log): string {
    this.#buildAsDeclared();
    const text = summaryOf(this.summaryRows(), this);
    print(text);
    return text;
  }

  /** Frees the weights, the optimizer's state and the programs. */
  override dispose(): void {
    this.#predict?.dispose();
    this.#predict = undefined;
    this.#shuffles = undefined;
    this.#compiled?.optimizer.dispose();
    this.#compiled?.lossScaling?.dispose();
    super.dispose();
  }

  #training(engine: Engine, plan: Compiled): Training {
    // One stream for all calls of fit: every epoch has an order of its own.
    this.#shuffles ??= new RandomStream(engine.seed, 0);
    return {
      ...{ engine, model: this, ...plan },
      random: this.#shuffles,
      forward: (inputs, training) =>
        this.pass(
          inputs,
          inputs.map(() => null),
          { training } as CallOptions<In>,
        ),
      variables: () => this.trainableVariables,
      penalties: () => this.losses,
    };
  }

  #require(method: string): Compiled {
    if (this.#compiled) return this.#compiled;
    throw new ArgumentError(`${method}: the model is not compiled; call compile({ optimizer, loss }) first`);
  }

  #engineFor(method: string): Engine {
    return this.home ?? defaultEngine(method);
  }

  #buildAsDeclared(): void {
    if (!this.built && this.#declared) this.build(this.#declared, this.#engineFor('model'));
  }

  /** Of the inputs as they were declared; undefined where one was not. */
  get #declared(): Like<In, Shape> | undefined {
    const samples = this.inputSpecs.map(({ sample }) => sample);
    if (samples.includes(undefined)) return undefined;
    return like<In, Shape>(this.takes === 'list', samples as Shape[]);
  }

  #samplesOf(inputs: readonly Dataset[]): Like<In, Shape> {
    return like(
      this.takes === 'list',
      inputs.map(({ shape }) => shape.slice(1)),
    );
  }

  /** Throws `ShapeError` for samples that are not of the declared shape. */
  protected checkDeclared(where: string, samples: readonly Shape[]): void {
    for (const [index, { name, sample }] of this.inputSpecs.entries()) {
      if (!sample || mayBeSame(sample, samples[index]!)) continue;
      const which = this.inputSpecs.length > 1 ? `input '${name}': ` : '';
      throw new ShapeError(
        `${where}: ${which}samples are ${showShape(samples[index]!)}, the model's inputShape is ${showShape(sample)}`,
      );
    }
  }

  async #load(where: string, { targets }: Compiled, given: Given): Promise<Batches> {
    return readBatches(where, { inputs: this.inputSpecs, targets }, given, (samples) => {
      this.checkDeclared(where, samples);
      return shapesIn(this.outputShape(like(this.takes === 'list', samples)));
    });
  }
}

/** Throws `ShapeError`. */
function requireSameSamples(data: Batches, held: Batches): void {
  for (const [index, { shape }] of held.inputs.entries()) {
    const [given, wanted] = [shape.slice(1), data.inputs[index]!.shape.slice(1)];
    if (sameShape(given, wanted)) continue;
    throw new ShapeError(
      `fit: validationData: samples are ${showShape(given)}, those to train on ${showShape(wanted)}; use equal shapes`,
    );
  }
}
