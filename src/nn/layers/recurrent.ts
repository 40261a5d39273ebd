/** The base of recurrent layers: the input's part of all steps as one product, then step by step; masks, order, states. */
import type { Tensor } from '../../autograd/tensor.ts';
import { tidy } from '../../autograd/tidy.ts';
import type { Variable } from '../../autograd/variable.ts';
import type { Factor } from '../../kernels/layer_scale.ts';
import { cast } from '../../ops/cast.ts';
import { ones, zeros } from '../../ops/creation.ts';
import { dropout } from '../../ops/dropout.ts';
import type { TensorLike } from '../../ops/input.ts';
import { matMul } from '../../ops/mat-mul.ts';
import { mul } from '../../ops/mul.ts';
import { reshape } from '../../ops/reshape.ts';
import { stack, unstack } from '../../ops/stack.ts';
import { transpose } from '../../ops/transpose.ts';
import { where } from '../../ops/where.ts';
import { ArgumentError, ShapeError } from '../../values/errors.ts';
import { type Shape, sameShape, showShape } from '../../values/shape.ts';
import { type ActivationName, checkActivation } from '../activations.ts';
import { checkCount, checkFlag, checkRate } from '../checks.ts';
import { type Initialiser, toInitialiser } from '../initialisers.ts';
import { Layer, type Symbolic, type SymbolicOptions } from '../layer.ts';
import { type Like, listed, type Mask, shapesIn, type Tensors } from '../several.ts';
import { RecurrentMemory } from './recurrent-memory.ts';
import {
  RECURRENT_OPTIONS,
  RECURRENT_RULES,
  type RecurrentCallOptions,
  type RecurrentOptions,
  withStates,
} from './recurrent-options.ts';
import { type WeightRules, weightRules } from './weight-rules.ts';

/** The states after a step, from the input's part (n, gates x units) and those before; `dropped` is the noise of `recurrentDropout`. */
export type Step = (
  part: Tensor,
  states: readonly Tensor[],
  dropped: (h: Tensor) => Tensor,
) => readonly Tensor[];

/** (steps, features) to (units), or to (steps, units) with `returnSequences`. Inputs after the first are states to begin with. */
export abstract class Recurrent<Out extends Tensors = Tensor> extends Layer<
  Tensor,
  Out,
  RecurrentCallOptions
> {
  override readonly takes = 'either';
  readonly units: number;
  readonly activation: ActivationName;
  readonly useBias: boolean;
  readonly dropout: number;
  readonly recurrentDropout: number;
  readonly returnSequences: boolean;
  readonly returnState: boolean;
  readonly goBackwards: boolean;
  readonly stateful: boolean;
  protected readonly biasInitialiser: Initialiser;
  protected readonly rules: WeightRules<'kernel' | 'recurrent' | 'bias'>;
  /** Pieces of `units` columns in the kernels. */
  protected abstract readonly gates: number;
  /** dtypes in which states go from step to step; the first state is the result. */
  protected abstract readonly stateDtypes: readonly ('compute' | 'float32')[];
  /** As it was made, for a layer of its kind in the other direction. */
  readonly #options: RecurrentOptions;
  readonly #kernelInitialiser: Initialiser;
  readonly #recurrentInitialiser: Initialiser;
  readonly #memory = new RecurrentMemory();
  #kernel: Variable | undefined;
  #recurrentKernel: Variable | undefined;
  #bias: Variable | undefined;

  constructor(kind: string, options: RecurrentOptions, own: readonly string[] = []) {
    super(kind, options, [...RECURRENT_OPTIONS, ...own]);
    this.#options = options;
    this.units = checkCount(this.name, 'units', options.units);
    this.activation = checkActivation(this.name, options.activation ?? 'tanh');
    this.useBias = checkFlag(this.name, 'useBias', options.useBias ?? true);
    this.dropout = checkRate(this.name, options.dropout ?? 0);
    this.recurrentDropout = checkRate(this.name, options.recurrentDropout ?? 0);
    this.returnSequences = checkFlag(this.name, 'returnSequences', options.returnSequences ?? false);
    this.returnState = checkFlag(this.name, 'returnState', options.returnState ?? false);
    this.goBackwards = checkFlag(this.name, 'goBackwards', options.goBackwards ?? false);
    this.stateful = checkFlag(this.name, 'stateful', options.stateful ?? false);
    this.#kernelInitialiser = toInitialiser(options.kernelInitializer ?? 'glorotUniform');
    this.#recurrentInitialiser = toInitialiser(options.recurrentInitializer ?? 'orthogonal');
    this.biasInitialiser = toInitialiser(options.biasInitializer ?? 'zeros');
    this.rules = weightRules(this.name, options, RECURRENT_RULES);
  }

  /** Made once a call, for all its steps. */
  protected abstract step(): Step;

  protected createBias(): Variable {
    return this.addWeight('bias', [this.gates * this.units], this.biasInitialiser, this.rules.bias);
  }

  protected get recurrentKernel(): Tensor {
    return this.read(this.#recurrentKernel!);
  }

  protected get bias(): Tensor | undefined {
    return this.#bias && this.read(this.#bias);
  }

  /** The bias that the input's part gets, (gates x units). */
  protected get inputBias(): Tensor | undefined {
    return this.bias;
  }

  /** Number of states. */
  get states(): number {
    return this.stateDtypes.length;
  }

  override apply(
    input: Symbolic | readonly Symbolic[],
    options?: SymbolicOptions<RecurrentCallOptions>,
  ): Like<Out, Symbolic>;
  override apply(input: TensorLike | readonly Tensor[], options?: RecurrentCallOptions): Out;
  override apply(
    input: Symbolic | readonly Symbolic[] | TensorLike | readonly Tensor[],
    options: RecurrentCallOptions | SymbolicOptions<RecurrentCallOptions> = {},
  ): Like<Out, Symbolic> | Out {
    const [inputs, own] = withStates(input, options);
    return super.apply(inputs as TensorLike, own);
  }

  outputShape(sample: Shape): Like<Out, Shape> {
    const [steps, ...states] = shapesIn(sample) as [Shape, ...Shape[]];
    if (steps.length !== 2)
      throw new ShapeError(`${this.name}: samples are ${showShape(steps)}; use (steps, features)`);
    if (states.length > 0 && states.length !== this.states)
      throw new ArgumentError(
        `${this.name}: initialState has ${states.length} states; use ${this.states}, or none`,
      );
    if (!states.every((state) => sameShape(state, [this.units]))) {
      throw new ShapeError(
        `${this.name}: initialState is ${states.map(showShape).join(', ')} a sample; use (${this.units})`,
      );
    }
    const result = this.returnSequences ? [steps[0]!, this.units] : [this.units];
    const all = this.returnState ? [result, ...Array<Shape>(this.states).fill([this.units])] : result;
    return all as unknown as Like<Out, Shape>;
  }

  protected override create(sample: Shape): void {
    const columns = this.gates * this.units;
    const features = shapesIn(sample)[0]!.at(-1)!;
    const { kernel, recurrent } = this.rules;
    this.#kernel = this.addWeight('kernel', [features, columns], this.#kernelInitialiser, kernel);
    this.#recurrentKernel = this.addWeight(
      ...(['recurrent_kernel', [this.units, columns], this.#recurrentInitialiser, recurrent] as const),
    );
    if (this.useBias) this.#bias = this.createBias();
  }

  /** Any number of steps fits. */
  protected override checkSample(sample: Shape, built: Shape): void {
    const [own, made] = [shapesIn(sample)[0]!, shapesIn(built)[0]!];
    if (own.at(-1) !== made.at(-1)) this.refuseSample(own, made);
    this.outputShape(sample);
  }

  override computeMask(_: Tensor, masks: Mask | readonly Mask[]): Like<Out, Mask> | null {
    const own = this.returnSequences ? (listed<Mask>(masks)[0] ?? null) : null;
    const all = this.returnState ? [own, ...Array<Mask>(this.states).fill(null)] : own;
    return all as unknown as Like<Out, Mask>;
  }

  /** The recurrent kernel: gradients pass it at each step. */
  protected override get gradientFactor(): Factor {
    return { weight: this.#recurrentKernel!.values, terms: this.gates * this.units };
  }

  protected call(input: Tensor, { mask, training = false }: RecurrentCallOptions): Out {
    const [x, ...given] = listed<Tensor>(input) as [Tensor, ...Tensor[]];
    const parts = this.#partsOfInput(x, training);
    const masks = partsOfMask(listed<Mask>(mask ?? null)[0] ?? null);
    const order = [...parts.keys()];
    if (this.goBackwards) order.reverse();
    const dropped = this.#recurrentDropout(x, training);
    const step = this.step();
    let states = this.#start(x, given);
    const results: Tensor[] = [];
    for (const t of order) {
      const before = states;
      const after = step(parts[t]!, before, dropped);
      // Where a step does not count, all stays as it was.
      states = masks ? after.map((state, i) => where(masks[t]!, state, before[i]!)) : after;
      results.push(states[0]!);
    }
    if (this.stateful) this.#memory.keep(states);
    const result = this.returnSequences ? stack(results, 1) : states[0]!;
    const last = states.map((state) => cast(state, x.dtype));
    return (this.returnState ? [result, ...last] : result) as unknown as Out;
  }

  /** A layer of this kind that goes the other way. */
  reversed(name: string): Recurrent<Out> {
    const kind = this.constructor as new (options: RecurrentOptions) => Recurrent<Out>;
    return new kind({ ...this.#options, name, goBackwards: !this.goBackwards, dtype: this.policy });
  }

  protected override policyChanged(): void {
    this.resetStates();
  }

  /** Of a stateful layer: the next batch begins with zeros. */
  resetStates(): void {
    this.#memory.reset();
  }

  protected override free(): void {
    super.free();
    this.#memory.dispose();
  }

  /** One (n, gates x units) for each step. */
  #partsOfInput(x: Tensor, training: boolean): Tensor[] {
    return tidy(() => {
      const [batch, steps, features] = x.shape as [number, number, number];
      const noise = ones([batch, 1, features], x.dtype, { engine: x.engine });
      const kept = training && this.dropout > 0 ? mul(x, dropout(noise, this.dropout)) : x;
      const bias = this.inputBias;
      const rows = reshape(transpose(kept, [1, 0, 2]), [steps * batch, features]);
      const products = matMul(rows, this.read(this.#kernel!), false, false, bias ? { bias } : {});
      return unstack(reshape(products, [steps, batch, -1]));
    });
  }

  #recurrentDropout({ shape, dtype, engine }: Tensor, training: boolean): (h: Tensor) => Tensor {
    if (!training || this.recurrentDropout === 0) return (h) => h;
    const noise = dropout(ones([shape[0]!, this.units], dtype, { engine }), this.recurrentDropout);
    return (h) => mul(h, noise);
  }

  #start({ shape, dtype, engine }: Tensor, given: readonly Tensor[]): readonly Tensor[] {
    const wanted = [shape[0]!, this.units];
    const wrong = given.find((state) => !sameShape(state.shape, wanted));
    if (wrong)
      throw new ShapeError(
        `${this.name}: initialState is ${showShape(wrong.shape)}; use ${showShape(wanted)}`,
      );
    const kept = this.stateful ? this.#memory.read(this.name, engine, wanted, this.states) : given;
    const first = given.length > 0 ? given : kept;
    return this.stateDtypes.map((of, i) => {
      const own = of === 'compute' ? dtype : of;
      return first[i] ? cast(first[i], own) : zeros(wanted, own, { engine });
    });
  }
}

/** One (n, 1) for each step. */
function partsOfMask(mask: Mask): Tensor[] | undefined {
  return mask ? tidy(() => unstack(reshape(mask, [...mask.shape, 1]), 1)) : undefined;
}
