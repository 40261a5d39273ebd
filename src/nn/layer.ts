/** The base of layers: a name, a dtype policy, weights made at the first use, and the casts that the policy asks for. */
import type { Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import { Variable } from '../autograd/variable.ts';
import type { Engine } from '../gpu/engine.ts';
import { cast } from '../ops/cast.ts';
import { type TensorLike, toTensor } from '../ops/input.ts';
import { type Policy, type PolicyLike, toPolicy } from '../precision/policy.ts';
import { isFloat, show } from '../values/dtype.ts';
import { ArgumentError, DisposedError, ShapeError } from '../values/errors.ts';
import { checkOptions } from '../values/options.ts';
import { RandomStream } from '../values/random.ts';
import { checkShape, type Shape, showShape, sizeOf } from '../values/shape.ts';
import { type InitialiserLike, toInitialiser } from './initialisers.ts';

export interface LayerOptions {
  name?: string;
  /** The layer's own dtype policy. Default: the global one. */
  dtype?: PolicyLike;
  /** Shape of one sample, for the first layer of a model; otherwise known at the first call. */
  inputShape?: Shape;
  /** Default true. */
  trainable?: boolean;
}

export interface CallOptions {
  /** Whether layers such as dropout behave as in training. Default false. */
  training?: boolean;
}

const LAYER_OPTIONS = ['name', 'dtype', 'inputShape', 'trainable'];

const names = new Map<string, number>();
const streams = new WeakMap<Engine, { next: number }>();

/** A number for each weight of an engine, in the order of making: its random stream. */
function nextStream(engine: Engine): number {
  const count = streams.get(engine) ?? { next: 1 };
  streams.set(engine, count);
  return count.next++;
}

export abstract class Layer {
  readonly name: string;
  readonly policy: Policy;
  readonly inputShape: Shape | undefined;
  readonly trainable: boolean;
  readonly #weights: Variable[] = [];
  #built: { engine: Engine; shape: Shape } | undefined;

  /** `own` names the options that a kind of layer adds. */
  constructor(kind: string, options: LayerOptions, own: readonly string[]) {
    checkOptions(kind, options, [...own, ...LAYER_OPTIONS]);
    const count = names.get(kind) ?? 0;
    if (options.name === undefined) names.set(kind, count + 1);
    this.name = options.name ?? (count === 0 ? kind : `${kind}_${count}`);
    this.policy = toPolicy(options.dtype);
    this.inputShape =
      options.inputShape === undefined ? undefined : checkShape(this.name, options.inputShape);
    this.trainable = options.trainable ?? true;
  }

  /** Shape of the result for inputs of a shape, batch axis left out of both. Throws `ShapeError`. */
  abstract outputShape(sample: Shape): Shape;
  /** Makes the weights for inputs of this shape. */
  protected create(_sample: Shape, _engine: Engine): void {}
  /** The layer's mathematics on an input of its compute dtype. */
  protected abstract call(x: Tensor, options: CallOptions): Tensor;

  /** The layer applied to a batch (n, ...sample). Floats are cast to the layer's compute dtype. Throws `ShapeError`. */
  apply(input: TensorLike, options: CallOptions = {}): Tensor {
    const x = toTensor(this.name, input);
    if (x.rank < 1)
      throw new ShapeError(`${this.name}: the input is a scalar; its first axis must be the batch`);
    this.build(x.shape.slice(1), x.engine);
    return tidy(() => this.call(isFloat(x.dtype) ? cast(x, this.policy.computeDtype) : x, options));
  }

  /** Makes the weights, once. Throws `ShapeError` when they were made for samples of another shape. */
  build(sample: Shape, engine: Engine): void {
    engine.check();
    if (this.#built?.engine.closed)
      throw new DisposedError(
        `${this.name}: its weights were on an engine that is closed; make the layer anew`,
      );
    if (this.#built && this.#built.engine !== engine)
      throw new ArgumentError(
        `${this.name}: its weights are on another engine; use the input's engine for both`,
      );
    if (this.#built) {
      this.checkSample(sample, this.#built.shape);
      return;
    }
    this.outputShape(sample);
    try {
      this.create(sample, engine);
    } catch (error) {
      this.dispose();
      throw error;
    }
    this.#built = { engine, shape: sample };
  }

  /** Whether samples of shape `sample` fit weights that were made for `built`. */
  protected checkSample(sample: Shape, built: Shape): void {
    if (this.#weights.length > 0 && sample.at(-1) !== built.at(-1)) {
      throw new ShapeError(
        `${this.name}: samples of shape ${showShape(sample)}; it was built for ${showShape(built)}`,
      );
    }
  }

  get built(): boolean {
    return this.#built !== undefined;
  }

  /** Shape of the samples that the weights were made for. */
  get sampleShape(): Shape | undefined {
    return this.#built?.shape;
  }

  get weights(): readonly Variable[] {
    return this.#weights;
  }

  get trainableVariables(): readonly Variable[] {
    return this.#weights.filter(({ trainable }) => trainable);
  }

  /** A weight in the policy's variable dtype. */
  protected addWeight(name: string, shape: Shape, initialiser: InitialiserLike, engine: Engine): Variable {
    const random = new RandomStream(engine.seed, nextStream(engine));
    const values = toInitialiser(initialiser)(shape, random);
    if (values.length !== sizeOf(shape)) {
      throw new ShapeError(
        `${this.name}/${name}: its initialiser gave ${values.length} values for shape ${showShape(shape)} of ${sizeOf(shape)} elements`,
      );
    }
    const weight = new Variable(engine, values, shape, this.policy.variableDtype, {
      name: `${this.name}/${name}`,
      trainable: this.trainable,
    });
    this.#weights.push(weight);
    return weight;
  }

  /** A weight as the layer computes with it: through its f16 copy under `mixed_float16`. */
  protected read(weight: Variable): Tensor {
    return weight.read(this.policy.computeDtype);
  }

  dispose(): void {
    for (const weight of this.#weights.splice(0)) weight.dispose();
    this.#built = undefined;
  }
}

/** Throws `ArgumentError` unless `value` is a whole number from 1 on. */
export function checkCount(where: string, name: string, value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1) return value;
  throw new ArgumentError(`${where}: ${name} ${show(value)}; use a whole number from 1 on`);
}
