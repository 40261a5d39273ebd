/** The base of recurrent layers: the input's part of all steps as one product, then step by step; masks, order, states. */
import type { Tensor } from '../../autograd/tensor.ts';
import type { Variable } from '../../autograd/variable.ts';
import { ones, zeros } from '../../ops/creation.ts';
import { dropout } from '../../ops/dropout.ts';
import { matMul } from '../../ops/mat-mul.ts';
import { mul } from '../../ops/mul.ts';
import { reshape } from '../../ops/reshape.ts';
import { reverse } from '../../ops/reverse.ts';
import { stack, unstack } from '../../ops/stack.ts';
import { transpose } from '../../ops/transpose.ts';
import { where } from '../../ops/where.ts';
import { ShapeError } from '../../values/errors.ts';
import { type Shape, sameShape, showShape } from '../../values/shape.ts';
import { type ActivationName, checkActivation } from '../activations.ts';
import { checkCount, checkRate } from '../checks.ts';
import { type Initialiser, type InitialiserLike, toInitialiser } from '../initialisers.ts';
import { type CallOptions, Layer, type LayerOptions } from '../layer.ts';
import type { Mask, Tensors } from '../several.ts';

export interface RecurrentOptions extends LayerOptions {
  /** Size of the state and the result. */
  units: number;
  /** Default `'tanh'`. */
  activation?: ActivationName;
  /** Default true. */
  useBias?: boolean;
  /** Default `'glorotUniform'`. */
  kernelInitializer?: InitialiserLike;
  /** Default `'orthogonal'`. */
  recurrentInitializer?: InitialiserLike;
  /** Default `'zeros'`. */
  biasInitializer?: InitialiserLike;
  /** Share of the inputs that is set to 0 in training, the same at every step. Default 0. */
  dropout?: number;
  /** Share of the state that is set to 0 in training where the next step reads it, the same at every step. Default 0. */
  recurrentDropout?: number;
  /** Whether the results of all steps are given, not of the last alone. Default false. */
  returnSequences?: boolean;
  /** Whether the last states are given after the result. Default false. */
  returnState?: boolean;
  /** Whether the steps are taken from the last to the first. Default false. */
  goBackwards?: boolean;
}

export interface RecurrentCallOptions extends CallOptions {
  /** States to begin with, (n, units) each. Default: zeros. */
  initialState?: readonly Tensor[];
}

const OPTIONS = [
  ...['units', 'activation', 'useBias', 'kernelInitializer', 'recurrentInitializer', 'biasInitializer'],
  ...['dropout', 'recurrentDropout', 'returnSequences', 'returnState', 'goBackwards'],
];

/** Where the input's part lies in a result: one of so many pieces of `units` columns. */
export abstract class Recurrent<O extends RecurrentOptions = RecurrentOptions> extends Layer<
  Tensor,
  Tensors,
  RecurrentCallOptions
> {
  override readonly supportsMasking = true;
  readonly units: number;
  readonly activation: ActivationName;
  readonly useBias: boolean;
  readonly dropout: number;
  readonly recurrentDropout: number;
  readonly returnSequences: boolean;
  readonly returnState: boolean;
  readonly goBackwards: boolean;
  /** As it was made, for a layer of its kind in the other direction. */
  protected readonly options: O;
  protected readonly biasInitialiser: Initialiser;
  /** Pieces of `units` columns in the kernels. */
  protected abstract readonly gates: number;
  /** States that go from step to step; the first is the result. */
  abstract readonly states: number;
  protected bias: Variable | undefined;
  readonly #kernelInitialiser: Initialiser;
  readonly #recurrentInitialiser: Initialiser;
  #kernel: Variable | undefined;
  #recurrent: Variable | undefined;

  constructor(kind: string, options: O, own: readonly string[]) {
    super(kind, options, [...OPTIONS, ...own]);
    this.options = options;
    this.units = checkCount(this.name, 'units', options.units);
    this.activation = checkActivation(this.name, options.activation ?? 'tanh');
    this.useBias = options.useBias ?? true;
    this.dropout = checkRate(this.name, options.dropout ?? 0);
    this.recurrentDropout = checkRate(this.name, options.recurrentDropout ?? 0);
    this.returnSequences = options.returnSequences ?? false;
    this.returnState = options.returnState ?? false;
    this.goBackwards = options.goBackwards ?? false;
    this.#kernelInitialiser = toInitialiser(options.kernelInitializer ?? 'glorotUniform');
    this.#recurrentInitialiser = toInitialiser(options.recurrentInitializer ?? 'orthogonal');
    this.biasInitialiser = toInitialiser(options.biasInitializer ?? 'zeros');
  }

  /** The states after a step, from the input's part (n, gates x units) and those before; `kernel` is (units, gates x units). */
  protected abstract step(input: Tensor, states: readonly Tensor[], kernel: Tensor): readonly Tensor[];

  /** The bias that the input's part gets, (gates x units). */
  protected inputBias(): Tensor | undefined {
    return this.bias && this.read(this.bias);
  }

  protected createBias(): Variable {
    return this.addWeight('bias', [this.gates * this.units], this.biasInitialiser);
  }

  outputShape(sample: Shape): Shape | readonly Shape[] {
    if (sample.length !== 2)
      throw new ShapeError(`${this.name}: samples are ${showShape(sample)}; use (steps, features)`);
    const result = this.returnSequences ? [sample[0]!, this.units] : [this.units];
    return this.returnState ? [result, ...Array<Shape>(this.states).fill([this.units])] : result;
  }

  protected override create(sample: Shape): void {
    const columns = this.gates * this.units;
    this.#kernel = this.addWeight('kernel', [sample[1]!, columns], this.#kernelInitialiser);
    this.#recurrent = this.addWeight('recurrent_kernel', [this.units, columns], this.#recurrentInitialiser);
    if (this.useBias) this.bias = this.createBias();
  }

  override computeMask(_: Tensor, mask: Mask): Mask | readonly Mask[] | null {
    const own = this.returnSequences ? mask : null;
    return this.returnState ? [own, ...Array<Mask>(this.states).fill(null)] : own;
  }

  protected call(x: Tensor, options: RecurrentCallOptions): Tensors {
    const [batch, steps, features] = x.shape as [number, number, number];
    const { training = false } = options;
    const places = { engine: x.engine };
    const shared = (shape: Shape, rate: number) => dropout(ones(shape, x.dtype, places), rate);
    const inputs = training && this.dropout > 0 ? mul(x, shared([batch, 1, features], this.dropout)) : x;
    const ordered = this.goBackwards ? reverse(inputs, 1) : inputs;
    const bias = this.inputBias();
    const rows = reshape(transpose(ordered, [1, 0, 2]), [steps * batch, features]);
    const parts = matMul(rows, this.read(this.#kernel!), false, false, bias ? { bias } : {});
    const masks = options.mask && this.#masksOf(options.mask as Tensor);
    const kernel = this.read(this.#recurrent!);
    const kept =
      training && this.recurrentDropout > 0 ? shared([batch, this.units], this.recurrentDropout) : undefined;
    let states = this.#startOf(options.initialState, x);
    const results: Tensor[] = [];
    for (const [index, part] of unstack(reshape(parts, [steps, batch, parts.shape[1]!])).entries()) {
      const [h, ...rest] = states;
      const next = this.step(part, kept ? [mul(h!, kept), ...rest] : states, kernel);
      const mask = masks?.[index];
      // Where a step does not count, all stays as it was.
      states = mask ? next.map((state, i) => where(mask, state, states[i]!)) : next;
      results.push(states[0]!);
    }
    const result = this.returnSequences ? stack(results, 1) : states[0]!;
    return this.returnState ? [result, ...states] : result;
  }

  /** A layer of this kind that goes the other way. */
  reversed(name: string): Recurrent {
    const kind = this.constructor as new (options: RecurrentOptions) => Recurrent;
    return new kind({ ...this.options, name, goBackwards: !this.goBackwards, dtype: this.policy });
  }

  /** Of each step, (n, 1), in the order of the steps. */
  #masksOf(mask: Tensor): Tensor[] {
    const ordered = this.goBackwards ? reverse(mask, 1) : mask;
    const steps = unstack(ordered, 1);
    return steps.map((step) => reshape(step, [step.size, 1]));
  }

  #startOf(given: readonly Tensor[] | undefined, { shape, dtype, engine }: Tensor): readonly Tensor[] {
    const wanted = [shape[0]!, this.units];
    if (!given) return Array.from({ length: this.states }, () => zeros(wanted, dtype, { engine }));
    const fits = given.every((state) => sameShape(state.shape, wanted) && state.dtype === dtype);
    if (given.length !== this.states || !fits) {
      throw new ShapeError(
        `${this.name}: initialState is ${given.map((state) => `${state.dtype} ${showShape(state.shape)}`).join(', ')}; use ${this.states} of ${dtype} ${showShape(wanted)}`,
      );
    }
    return given;
  }
}
