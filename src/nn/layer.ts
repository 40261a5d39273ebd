/** The contract of layers: shapes, mathematics in the dtype of a policy, masks, and calls on tensors and symbolic tensors. */
import { partRan, unobserved } from '../autograd/observing.ts';
import { inPart } from '../autograd/part.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import type { Engine } from '../gpu/engine.ts';
import type { Factor } from '../kernels/layer_scale.ts';
import { cast } from '../ops/cast.ts';
import { div } from '../ops/div.ts';
import { type TensorLike, toTensor } from '../ops/input.ts';
import { scalePoint } from '../precision/scale-points.ts';
import { isFloat } from '../values/dtype.ts';
import { ArgumentError, ShapeError } from '../values/errors.ts';
import { checkSampleShape, mayEqual, type SampleShape, type Shape, showShape } from '../values/shape.ts';
import { gatherActivity, passActivity } from './activity.ts';
import { type Regularizer, type RegularizerLike, toRegularizer } from './regularizers.ts';
import {
  isShapeList,
  type Like,
  like,
  listed,
  type Mask,
  shapesIn,
  type Takes,
  type Tensors,
} from './several.ts';
import { areSymbolic, inputsIn, type SymbolicTensor, symbolicCall } from './symbolic.ts';
import { Weighted, type WeightedOptions } from './weighted.ts';

export interface LayerOptions extends WeightedOptions {
  /** Shape of one sample, for the first layer of a model, null for sizes that only data tell; otherwise known at the first call. */
  inputShape?: SampleShape;
  /** What the size of the results adds to the loss: a mean over the samples of the batch. Default: nothing. */
  activityRegularizer?: RegularizerLike;
}

export interface CallOptions<In extends Tensors = Tensor> {
  /** Whether layers such as dropout behave as in training. Default false. */
  training?: boolean;
  /** Which positions of each input count. Default: all. */
  mask?: Like<In, Mask>;
}

/** Results of a layer, and the masks that go on with them. */
export interface Passed {
  readonly outputs: readonly Tensor[];
  readonly masks: readonly Mask[];
  /** Whether the layer gives a list, be it of one. */
  readonly listed: boolean;
}

export type AnyLayer = Layer<Tensors, Tensors, CallOptions<Tensors>>;
export type Symbolic = SymbolicTensor<AnyLayer>;

type OrSymbolic<T> = T extends Tensor
  ? Tensor | Symbolic
  : T extends readonly (infer Item)[]
    ? readonly OrSymbolic<Item>[]
    : T;
/** Options of a call on symbolic tensors: tensors among them may be symbolic, or constants. */
export type SymbolicOptions<Options> = { [Name in keyof Options]: OrSymbolic<Options[Name]> };

/**
 * A layer of one input and one result gives `outputShape`, `call`, and where it has weights `create`. One of several
 * names their types, `Layer<readonly Tensor[], Tensor>`, sets `takes`, and gets lists in all three.
 */
export abstract class Layer<
  In extends Tensors = Tensor,
  Out extends Tensors = Tensor,
  Options extends CallOptions<In> = CallOptions<In>,
> extends Weighted {
  readonly inputShape: Shape | undefined;
  /** Whether the mask of the input is that of the result too; without it a mask ends here. */
  readonly supportsMasking: boolean = false;
  /** Whether `call` takes a tensor, a list, or a tensor where there is one input and a list where there are several. */
  readonly takes: Takes = 'one';
  override readonly sublayers: readonly AnyLayer[] = [];
  readonly #activityRegularizer: Regularizer | undefined;
  readonly #options: Readonly<Record<string, unknown>>;
  readonly #own: readonly string[];
  /** What the results of the last call add to the loss, where no other layer made it. */
  #activity: readonly Tensor[] = [];
  /** The inputs that the weights are for: those of the first call, symbolic ones included. */
  #samples: readonly Shape[] | undefined;
  #built = false;

  /** `own` names the options that a kind of layer adds. */
  constructor(kind: string, options: LayerOptions, own: readonly string[]) {
    super(kind, options, [...own, 'name', 'dtype', 'inputShape', 'trainable', 'activityRegularizer']);
    this.#options = { ...options };
    this.#own = own;
    const { inputShape, activityRegularizer } = options;
    if (activityRegularizer !== undefined)
      this.#activityRegularizer = toRegularizer(this.name, activityRegularizer);
    this.inputShape = inputShape === undefined ? undefined : checkSampleShape(this.name, inputShape);
  }

  /**
   * The options that make a layer like this one: those of its kind, given ones as they were given, others as what they came to where the layer
   * has a property of their name; name, policy, and whether it is trained, as they are now.
   */
  getConfig(): Record<string, unknown> {
    const { name, trainable, policy: dtype } = this;
    const properties = this as unknown as Readonly<Record<string, unknown>>;
    const own = [...this.#own, 'activityRegularizer'].flatMap((key) => {
      const value = this.#options[key] ?? properties[key];
      return value === undefined ? [] : [[key, value]];
    });
    return { name, trainable, dtype, ...Object.fromEntries(own) };
  }

  /** Shape of the result for inputs of a shape, batch axis left out of both. Throws `ShapeError`. */
  abstract outputShape(sample: Like<In, Shape>): Like<Out, Shape>;
  /** Makes the weights for inputs of this shape. */
  protected create(_sample: Like<In, Shape>, _engine: Engine): void {}
  /** The layer's mathematics on inputs of its compute dtype; `options.mask` is null, or a list, where none was given. */
  protected abstract call(x: In, options: Options): Out;

  /** The mask that goes on with the result of `call`, on the same inputs; null where there is none. */
  computeMask(_x: In, mask: Like<In, Mask>): Like<Out, Mask> | null {
    return (this.supportsMasking && !Array.isArray(mask) ? mask : null) as Like<Out, Mask> | null;
  }

  /**
   * The layer applied to a batch (n, ...sample), or to several. Floats are cast to the layer's compute dtype. On symbolic
   * tensors it gives symbolic ones, for `ht.model`. Throws `ShapeError`, `ArgumentError`.
   */
  apply(input: Like<In, Symbolic>, options?: SymbolicOptions<Options>): Like<Out, Symbolic>;
  apply(input: Like<In, TensorLike>, options?: Options): Out;
  apply(
    input: Like<In, Symbolic | TensorLike>,
    options = {} as Options | SymbolicOptions<Options>,
  ): Like<Out, Symbolic> | Out {
    const inputs = inputsIn(this.name, this.takes, input) as readonly (Symbolic | TensorLike)[];
    const masks = options.mask ? listed(options.mask as Mask | readonly Mask[]) : inputs.map(() => null);
    if (masks.length !== inputs.length)
      throw new ArgumentError(
        `${this.name}: ${masks.length} masks for ${inputs.length} inputs; give one for each, or null`,
      );
    if (areSymbolic<AnyLayer>(this.name, inputs, options)) return this.#connect(inputs, options);
    const tensors = inputs.map((value) => toTensor(this.where, value as TensorLike));
    // The masks made on the way end here; what regularizers add lives on.
    const results = tidy(() => {
      const { passed, losses } = this.#pass(tensors, masks, options as Options);
      return { ...passed, masks: [], losses };
    });
    return like<Out, Tensor>(results.listed, results.outputs) as Out;
  }

  /** `apply` with the masks that come in and go out beside the tensors: how models call their layers. */
  pass(inputs: readonly Tensor[], masks: readonly Mask[], options: Options): Passed {
    const { passed } = this.#pass(inputs, masks, options);
    partRan(this, inputs, passed.outputs);
    return passed;
  }

  #pass(inputs: readonly Tensor[], masks: readonly Mask[], options: Options) {
    for (const { rank } of inputs) {
      if (rank < 1)
        throw new ShapeError(`${this.where}: the input is a scalar; its first axis must be the batch`);
    }
    const samples = inputs.map(({ shape }) => shape.slice(1));
    this.#prepare(samples, inputs[0]!.engine);
    const ran = inPart(this.name, this, () =>
      tidy(() => gatherActivity(() => this.#regularised(inputs, masks, options))),
    );
    this.#activity = passActivity(ran.losses) ? [] : ran.losses;
    return ran;
  }

  /** Those of the weights, and those of the results of the last call. */
  override get losses(): Tensor[] {
    return [...super.losses, ...this.#activity.filter(({ disposed }) => !disposed)];
  }

  /** What `pass` does once the weights are there; models connect their layers here. */
  protected run(inputs: readonly Tensor[], masks: readonly Mask[], options: Options): Passed {
    const { computeDtype } = this.policy;
    const x = this.#like(
      inputs.map((input) => (isFloat(input.dtype) ? cast(input, computeDtype) : input)),
    ) as In;
    const mask = this.#like(masks) as Like<In, Mask>;
    const result = this.call(x, { ...options, mask });
    const outputs = listed<Tensor>(result);
    const kept = this.computeMask(x, mask) as Mask | readonly Mask[];
    const passed = kept === null ? outputs.map(() => null) : listed(kept);
    return { outputs, masks: passed, listed: Array.isArray(result) };
  }

  /**
   * What the layer multiplies a gradient with on its way from the result to the input, where that is a product with one weight: adaptive
   * loss scaling goes by it.
   */
  protected get gradientFactor(): Factor | undefined {
    return undefined;
  }

  /** Makes the weights, once. Throws `ShapeError` when they were made for samples of another shape. */
  build(sample: Like<In, Shape>, engine: Engine): void {
    this.#prepare(shapesIn(sample), engine);
  }

  /** Throws `ShapeError` unless samples of shape `sample` fit weights that are for `built`. */
  protected checkSample(sample: Like<In, Shape>, built: Like<In, Shape>): void {
    const [given, made] = [shapesIn(sample), shapesIn(built)];
    const fits = given.every((shape, i) => mayEqual(shape.at(-1), made[i]?.at(-1)));
    if (!fits || given.length !== made.length) this.refuseSample(sample, built);
  }

  protected refuseSample(sample: Like<In, Shape>, built: Like<In, Shape>): never {
    const [given, made] = [sample, built].map((shape) => shapesIn(shape).map(showShape).join(', '));
    throw new ShapeError(`${this.name}: samples of shape ${given}; it was built for ${made}`);
  }

  /** Name of the layer in messages about what it was given. */
  protected get where(): string {
    return this.name;
  }

  get built(): boolean {
    return this.#built;
  }

  /** Shape of the samples that the weights were made for. */
  get sampleShape(): Like<In, Shape> | undefined {
    return this.#built ? this.#like(this.#samples!) : undefined;
  }

  protected override free(): void {
    super.free();
    this.#built = false;
    this.#samples = undefined;
  }

  get #makesWeights(): boolean {
    return this.create !== Layer.prototype.create;
  }

  #regularised(inputs: readonly Tensor[], masks: readonly Mask[], options: Options): Passed {
    const ran = this.run(inputs, masks, options);
    const passed = { ...ran, outputs: ran.outputs.map((y) => scalePoint(y, this.gradientFactor)) };
    const regularizer = this.#activityRegularizer;
    if (regularizer)
      passActivity(passed.outputs.map((y) => div(regularizer(cast(y, 'float32')), y.shape[0]!)));
    return passed;
  }

  #like<T>(values: readonly T[]): Like<In, T> {
    return like(this.takes === 'list' || (this.takes === 'either' && values.length > 1), values);
  }

  #connect(inputs: readonly Symbolic[], options: object): Like<Out, Symbolic> {
    const samples = inputs.map(({ sample }) => sample);
    const shape: unknown = this.outputShape(this.#like(samples));
    this.#expect(samples);
    const several = isShapeList(shape);
    const shapes = several ? shape : [shape as Shape];
    const layer = this as unknown as AnyLayer;
    return like(several, symbolicCall({ layer, inputs, options }, this.name, shapes));
  }

  /** The first samples are those that weights are for; later ones must fit. */
  #expect(samples: readonly Shape[]): void {
    if (!this.#makesWeights || !this.#samples) this.#samples = samples;
    else this.checkSample(this.#like(samples), this.#like(this.#samples));
  }

  #prepare(samples: readonly Shape[], engine: Engine): void {
    this.checkEngine(engine);
    if (!this.#built) this.outputShape(this.#like(samples));
    this.#expect(samples);
    if (this.#built && this.engine === engine) return;
    this.engine = engine;
    try {
      unobserved(() => this.create(this.#like(samples), engine));
    } catch (error) {
      this.free();
      throw error;
    }
    this.#built = true;
  }
}
