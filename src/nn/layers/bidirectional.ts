/** Bidirectional: a recurrent layer over the steps in one direction, and one like it in the other. */
import type { Tensor } from '../../autograd/tensor.ts';
import type { Engine } from '../../gpu/engine.ts';
import { add } from '../../ops/add.ts';
import { concat } from '../../ops/concat.ts';
import type { TensorLike } from '../../ops/input.ts';
import { mul } from '../../ops/mul.ts';
import { reverse } from '../../ops/reverse.ts';
import { list, show } from '../../values/dtype.ts';
import { ArgumentError } from '../../values/errors.ts';
import type { Shape } from '../../values/shape.ts';
import { type AnyLayer, Layer, type LayerOptions, type Symbolic, type SymbolicOptions } from '../layer.ts';
import { type Like, listed, type Mask, shapesIn, type Tensors } from '../several.ts';
import { Recurrent } from './recurrent.ts';
import { type RecurrentCallOptions, withStates } from './recurrent-options.ts';

export type MergeMode = 'concat' | 'sum' | 'mul' | 'ave' | null;
type Inner = Recurrent<Tensors>;

export interface BidirectionalOptions extends LayerOptions {
  /** A recurrent layer; it takes the steps in its own direction. */
  layer: Inner;
  /** That for the other direction. Default: one made like `layer`. */
  backwardLayer?: Inner;
  /** How both results become one; null for a list of both. Default `'concat'`. */
  mergeMode?: MergeMode;
}

const MERGE: Readonly<Record<string, (a: Tensor, b: Tensor) => Tensor>> = {
  concat: (a, b) => concat([a, b], -1),
  sum: add,
  mul,
  ave: (a, b) => mul(add(a, b), 0.5),
};

/** Weights, and states: those of the layer, then those of the one that goes the other way. */
export class Bidirectional<Out extends Tensors = Tensor> extends Layer<Tensor, Out, RecurrentCallOptions> {
  override readonly takes = 'either';
  readonly forwardLayer: Inner;
  readonly backwardLayer: Inner;
  readonly mergeMode: MergeMode;
  readonly #given: boolean;
  override readonly sublayers: readonly AnyLayer[];

  constructor(options: BidirectionalOptions) {
    super('bidirectional', options, ['layer', 'backwardLayer', 'mergeMode']);
    const { layer, mergeMode = 'concat' } = options;
    this.#given = options.backwardLayer !== undefined;
    if (!(layer instanceof Recurrent))
      throw new ArgumentError(
        `${this.name}: layer is ${show(layer)}; use a recurrent one that ht.layers makes`,
      );
    if (mergeMode !== null && !Object.hasOwn(MERGE, mergeMode))
      throw new ArgumentError(
        `${this.name}: mergeMode ${show(mergeMode)}; use ${list(Object.keys(MERGE))}, or null`,
      );
    const back = options.backwardLayer ?? layer.reversed(`backward_${layer.name}`);
    if (!(back instanceof Recurrent) || back.goBackwards === layer.goBackwards)
      throw new ArgumentError(
        `${this.name}: backwardLayer is ${show(back)}; use a recurrent one whose goBackwards is ${!layer.goBackwards}`,
      );
    for (const name of ['returnSequences', 'returnState'] as const)
      if (back[name] !== layer[name])
        throw new ArgumentError(
          `${this.name}: ${name} is ${layer[name]} in layer, ${back[name]} in backwardLayer; use one`,
        );
    if (mergeMode !== null && mergeMode !== 'concat' && back.units !== layer.units)
      throw new ArgumentError(
        `${this.name}: mergeMode '${mergeMode}' of ${layer.units} and ${back.units} units; use 'concat'`,
      );
    this.mergeMode = mergeMode;
    this.forwardLayer = layer;
    this.backwardLayer = back;
    this.sublayers = [layer, back] as readonly unknown[] as readonly AnyLayer[];
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

  /** A `backwardLayer` that was not given follows from `layer`. */
  override getConfig(): Record<string, unknown> {
    const { backwardLayer, ...config } = super.getConfig();
    return this.#given ? { ...config, backwardLayer } : config;
  }

  outputShape(sample: Shape): Like<Out, Shape> {
    const [[a, ...states], [b, ...others]] = this.#inBoth(shapesIn(sample), (layer, own) =>
      shapesIn(layer.outputShape(own as unknown as Shape)),
    ) as [[Shape, ...Shape[]], [Shape, ...Shape[]]];
    const joined = [...a.slice(0, -1), a.at(-1)! + b.at(-1)!];
    const results = this.mergeMode === null ? [a, b] : [this.mergeMode === 'concat' ? joined : a];
    return oneOrList([...results, ...states, ...others]) as Like<Out, Shape>;
  }

  protected override create(sample: Shape, engine: Engine): void {
    for (const layer of [this.forwardLayer, this.backwardLayer]) layer.build(shapesIn(sample)[0]!, engine);
  }

  /** The layers check for themselves. */
  protected override checkSample(): void {}

  override computeMask(_: Tensor, masks: Mask | readonly Mask[]): Like<Out, Mask> | null {
    const { returnSequences, returnState } = this.forwardLayer;
    const own = returnSequences ? (listed<Mask>(masks)[0] ?? null) : null;
    const results = Array<Mask>(this.mergeMode === null ? 2 : 1).fill(own);
    return oneOrList([...results, ...Array<Mask>(returnState ? this.states : 0).fill(null)]) as Like<
      Out,
      Mask
    >;
  }

  protected call(input: Tensor, { mask, training = false }: RecurrentCallOptions): Out {
    const own = listed<Mask>(mask ?? null)[0] ?? null;
    const [[a, ...states], [back, ...others]] = this.#inBoth(listed<Tensor>(input), (layer, inputs) => {
      const masks = [own, ...inputs.slice(1).map(() => null)];
      return layer.pass(inputs, masks, { training }).outputs;
    }) as [[Tensor, ...Tensor[]], [Tensor, ...Tensor[]]];
    // Steps in the order in which the first layer takes them, as in Keras.
    const b = this.forwardLayer.returnSequences ? reverse(back, 1) : back;
    const results = this.mergeMode === null ? [a, b] : [MERGE[this.mergeMode]!(a, b)];
    return oneOrList([...results, ...states, ...others]) as Out;
  }

  /** Number of states of both. */
  get states(): number {
    return this.forwardLayer.states + this.backwardLayer.states;
  }

  /** Of stateful layers: the next batch begins with zeros. */
  resetStates(): void {
    this.forwardLayer.resetStates();
    this.backwardLayer.resetStates();
  }

  /** What `run` gives for each layer with the input and the layer's own states. */
  #inBoth<T, R>(inputs: readonly T[], run: (layer: Inner, inputs: readonly T[]) => R): [R, R] {
    const [x, ...states] = inputs as readonly [T, ...T[]];
    if (states.length > 0 && states.length !== this.states)
      throw new ArgumentError(
        `${this.name}: initialState has ${states.length} states; use ${this.states}, or none`,
      );
    const first = states.length === 0 ? 0 : this.forwardLayer.states;
    return [
      run(this.forwardLayer, [x, ...states.slice(0, first)]),
      run(this.backwardLayer, [x, ...states.slice(first)]),
    ];
  }
}

function oneOrList<T>(values: readonly T[]): unknown {
  return values.length === 1 ? values[0] : values;
}
