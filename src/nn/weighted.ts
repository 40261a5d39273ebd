/** What has weights, layers and models: a name, a dtype policy, weights in Keras's order, and whether training changes them. */
import type { Tensor } from '../autograd/tensor.ts';
import type { Variable } from '../autograd/variable.ts';
import type { Engine } from '../gpu/engine.ts';
import { type Policy, type PolicyLike, toPolicy } from '../precision/policy.ts';
import type { FloatDType } from '../values/dtype.ts';
import { ArgumentError, DisposedError } from '../values/errors.ts';
import { checkOptions } from '../values/options.ts';
import type { Shape } from '../values/shape.ts';
import type { Constraint } from './constraints.ts';
import type { InitialiserLike } from './initialisers.ts';
import type { Regularizer } from './regularizers.ts';
import { assignWeights, makeWeight, readWeights } from './weights.ts';

export interface WeightedOptions {
  name?: string;
  /** The layer's own dtype policy. Default: the global one. */
  dtype?: PolicyLike;
  /** Default true. */
  trainable?: boolean;
}

export interface WeightOptions {
  /** False for what no optimizer changes, such as moving statistics. Default true. */
  trainable?: boolean;
  /** Default: the policy's variable dtype. */
  dtype?: FloatDType;
  /** What its size adds to the loss. */
  regularizer?: Regularizer;
  /** What it is brought to after each update. */
  constraint?: Constraint;
}

const names = new Map<string, number>();

export abstract class Weighted {
  readonly name: string;
  /** Layers inside this one: their weights are its weights. */
  readonly sublayers: readonly Weighted[] = [];
  /** Where the weights are, or are being made. */
  protected engine: Engine | undefined;
  readonly #weights: Variable[] = [];
  readonly #statistics: Variable[] = [];
  readonly #regularised: { readonly weight: Variable; readonly regularizer: Regularizer }[] = [];
  #trainable: boolean;
  #policy: Policy;

  /** `accepted` names the options of this kind. */
  constructor(kind: string, options: WeightedOptions, accepted: readonly string[]) {
    checkOptions(kind, options, accepted);
    const count = names.get(kind) ?? 0;
    if (options.name === undefined) names.set(kind, count + 1);
    this.name = options.name ?? (count === 0 ? kind : `${kind}_${count}`);
    this.#policy = toPolicy(options.dtype).at(this.name);
    this.#trainable = options.trainable ?? true;
  }

  /** The dtypes that it computes in and keeps its variables in. */
  get policy(): Policy {
    return this.#policy;
  }

  /** Keras's name for `policy`. */
  get dtypePolicy(): Policy {
    return this.#policy;
  }

  /**
   * Sets the policy, that of all layers inside too, whatever they had; a `DTypePolicyMap` gives each its own, by paths that begin inside a
   * model. Weights that are there stay as they are, bit for bit. Compile anew afterwards, so that loss scaling fits. Throws `ArgumentError`
   * where weights are there in another dtype than the policy keeps them in; then nothing has changed.
   */
  set dtypePolicy(value: PolicyLike) {
    const policy = toPolicy(value);
    const changes = [...this.paths()].map(([layer, path]) => [layer, policy.at(path || this.name)] as const);
    for (const [layer, own] of changes) layer.#checkPolicy(own);
    for (const [layer, own] of changes) {
      layer.#policy = own;
      layer.policyChanged();
    }
  }

  /** Runs `fn` under another policy; afterwards every layer has its own again. */
  async underPolicy<T>(policy: PolicyLike, fn: () => T | Promise<T>): Promise<T> {
    const before = [...this.paths()].map(([layer]) => [layer, layer.#policy] as const);
    this.dtypePolicy = policy;
    try {
      return await fn();
    } finally {
      for (const [layer, own] of before) {
        layer.#policy = own;
        layer.policyChanged();
      }
    }
  }

  /** What was made for the policy of before can go. */
  protected policyChanged(): void {}

  /** Itself and the layers inside, with their paths, which begin inside a model: of that itself it is ''. */
  *paths(path = this.sublayers.length > 0 ? '' : this.name): Iterable<[Weighted, string]> {
    yield [this, path];
    for (const layer of this.sublayers) yield* layer.paths(path ? `${path}/${layer.name}` : layer.name);
  }

  #checkPolicy({ name, variableDtype }: Policy): void {
    const made = this.#policy.variableDtype;
    if (!this.#owns || variableDtype === made) return;
    throw new ArgumentError(
      `${this.name}: policy '${name}' keeps variables in ${variableDtype}; its weights are there in ${made}: use a policy that keeps ${made}`,
    );
  }

  get trainable(): boolean {
    return this.#trainable;
  }

  /** Whether training changes the weights, those of layers inside included: from the next call of `fit` on. */
  set trainable(value: boolean) {
    this.#trainable = value;
    for (const weight of this.#weights) weight.trainable = value;
    for (const layer of this.sublayers) layer.trainable = value;
  }

  /** In Keras's order: the layer's own, those that training changes first, then layer by layer those inside it; each once. */
  get weights(): readonly Variable[] {
    return [
      ...new Set([
        ...this.#weights,
        ...this.#statistics,
        ...this.sublayers.flatMap(({ weights }) => weights),
      ]),
    ];
  }

  get trainableVariables(): readonly Variable[] {
    return this.#trainable ? this.weights.filter(({ trainable }) => trainable) : [];
  }

  get nonTrainableVariables(): readonly Variable[] {
    return this.#trainable ? this.weights.filter(({ trainable }) => !trainable) : this.weights;
  }

  /**
   * What regularizers add to the loss now, float32 scalars made at each asking, those of layers inside included: `fit` and `evaluate`
   * add them; a step of one's own does so itself.
   */
  get losses(): Tensor[] {
    const inside = new Set(this.sublayers);
    return [
      ...this.#regularised.map(({ weight, regularizer }) => regularizer(weight.values)),
      ...[...inside].flatMap(({ losses }) => losses),
    ];
  }

  /** Values of all weights, in the order of `weights`, widened to float32. */
  getWeights(): Promise<Float32Array[]> {
    return readWeights(this.weights);
  }

  /** Replaces the values of all weights. Throws `ShapeError` when one does not fit; then none has changed. */
  setWeights(values: readonly ArrayLike<number>[]): void {
    assignWeights(this.weights, values);
  }

  /** Where the weights are, those of layers inside included; undefined before there are any. */
  protected get home(): Engine | undefined {
    const inside = () => this.sublayers.map(({ home }) => home).find((engine) => engine !== undefined);
    return this.#owns ? this.engine : inside();
  }

  /** A weight, for `create`. Throws `ShapeError` where the initialiser gives too many values or too few. */
  protected addWeight(
    name: string,
    shape: Shape,
    initialiser: InitialiserLike,
    options: WeightOptions = {},
  ): Variable {
    const { trainable = true, dtype = this.policy.variableDtype, regularizer, constraint } = options;
    const weight = makeWeight(this.engine!, shape, initialiser, {
      ...{ name: `${this.name}/${name}`, dtype, ...(constraint ? { constraint } : {}) },
      trainable: trainable && this.#trainable,
    });
    (trainable ? this.#weights : this.#statistics).push(weight);
    if (regularizer) this.#regularised.push({ weight, regularizer });
    return weight;
  }

  /** A weight as the layer computes with it: through its f16 copy under `mixed_float16`. */
  protected read(weight: Variable): Tensor {
    return weight.read(this.policy.computeDtype);
  }

  /** Throws `DisposedError` or `ArgumentError` where the weights cannot be used with tensors of `engine`. */
  protected checkEngine(engine: Engine): void {
    engine.check();
    if (!this.#owns) return;
    if (this.engine!.closed)
      throw new DisposedError(
        `${this.name}: its weights were on an engine that is closed; make the layer anew`,
      );
    if (this.engine !== engine)
      throw new ArgumentError(
        `${this.name}: its weights are on another engine; use the input's engine for both`,
      );
  }

  dispose(): void {
    for (const layer of this.sublayers) layer.dispose();
    this.free();
  }

  /** Frees the layer's own weights. */
  protected free(): void {
    this.#regularised.splice(0);
    for (const weight of [...this.#weights.splice(0), ...this.#statistics.splice(0)]) weight.dispose();
  }

  get #owns(): boolean {
    return this.#weights.length + this.#statistics.length > 0;
  }
}
