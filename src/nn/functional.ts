/** `model`: layers connected by symbolic tensors, with several inputs, several outputs, and layers used more than once. */
import type { Tensor } from '../autograd/tensor.ts';
import type { Engine } from '../gpu/engine.ts';
import { cast } from '../ops/cast.ts';
import type { PolicyLike } from '../precision/policy.ts';
import { type DType, isFloat, show } from '../values/dtype.ts';
import { ArgumentError } from '../values/errors.ts';
import { checkOptions } from '../values/options.ts';
import { isKnown, type Shape } from '../values/shape.ts';
import type { InputSpec } from './batches.ts';
import { type Graph, graphBetween } from './graph.ts';
import type { AnyLayer, CallOptions, Passed, Symbolic } from './layer.ts';
import { Model } from './model.ts';
import { type Like, like, listed, type Mask, shapesIn, type Tensors } from './several.ts';
import type { SummaryRow } from './summary.ts';
import { resolveOptions, SymbolicTensor } from './symbolic.ts';

/** One or several, as tensors. */
type TensorsOf<S> = S extends Symbolic ? Tensor : readonly Tensor[];

export interface ModelOptions<I, O> {
  inputs: I;
  outputs: O;
  name?: string;
  /** The model's own policy, by which `compile` scales losses; layers have their own. Default: the global one. */
  dtype?: PolicyLike;
}

export class Functional<In extends Tensors = Tensors, Out extends Tensors = Tensors> extends Model<In, Out> {
  override readonly takes: 'one' | 'list';
  override readonly sublayers: readonly AnyLayer[];
  readonly inputSpecs: readonly InputSpec[];
  protected override readonly givesList: boolean;
  readonly outputNames: readonly string[];
  /** The symbolic tensors that it begins and ends with. */
  readonly inputs: readonly Symbolic[];
  readonly outputs: readonly Symbolic[];
  readonly #graph: Graph;

  /** Throws `ArgumentError` unless all outputs come from the inputs, and layers are called differently. */
  constructor(options: ModelOptions<Like<In, Symbolic>, Like<Out, Symbolic>>) {
    checkOptions('model', options, ['inputs', 'outputs', 'name', 'dtype']);
    const { name, dtype } = options;
    const inputs = symbolicsIn('inputs', options.inputs);
    super('model', {
      ...(name === undefined ? {} : { name }),
      ...(dtype === undefined ? {} : { dtype }),
      ...(inputs.length === 1 ? { inputShape: inputs[0]!.sample } : {}),
    });
    this.inputs = inputs;
    this.outputs = symbolicsIn('outputs', options.outputs);
    const given = new Set<Symbolic>();
    const twice = inputs.find((input) => given.has(input) || !given.add(input));
    if (twice) throw new ArgumentError(`${this.where}: input '${twice.name}' is given twice`);
    this.#graph = graphBetween(this.where, inputs, this.outputs);
    this.sublayers = this.#graph.layers;
    requireOwnNames(this.where, this.sublayers);
    this.takes = Array.isArray(options.inputs) ? 'list' : 'one';
    this.givesList = Array.isArray(options.outputs);
    this.inputSpecs = inputs.map(({ name, sample, dtype }) => ({ name, sample, dtype }));
    this.outputNames = namesOf(this.outputs);
  }

  get layers(): readonly AnyLayer[] {
    return this.sublayers;
  }

  /** The calls between inputs and outputs, each after those whose results it takes. */
  get calls(): readonly Symbolic['call'][] {
    return this.#graph.calls;
  }

  override get outputLayers(): readonly AnyLayer[] {
    return [...new Set(this.outputs.map(({ call }) => call.layer))];
  }

  outputShape(sample: Like<In, Shape>): Like<Out, Shape> {
    const samples = shapesIn(sample);
    this.checkDeclared(this.where, samples);
    const known = this.inputs.every(({ sample }) => isKnown(sample));
    const shapes = known ? undefined : this.#shapesFor(samples);
    return like<Out, Shape>(
      this.givesList,
      this.outputs.map((output) => shapes?.get(output) ?? output.sample),
    );
  }

  /** Of each symbolic tensor the shape that it has for inputs of these shapes. */
  #shapesFor(samples: readonly Shape[]): ReadonlyMap<Symbolic, Shape> {
    const shapes = new Map(this.inputs.map((input, index) => [input, samples[index]!]));
    for (const { layer, inputs, outputs } of this.#graph.calls) {
      const taken = inputs.map((input) => shapes.get(input)!);
      const listed = layer.takes === 'list' || (layer.takes === 'either' && taken.length > 1);
      const given = shapesIn(layer.outputShape(like<Tensors, Shape>(listed, taken)));
      for (const [index, output] of outputs.entries())
        if (!shapes.has(output)) shapes.set(output, given[index]!);
    }
    return shapes;
  }

  protected override checkSample(sample: Like<In, Shape>): void {
    this.checkDeclared(this.where, shapesIn(sample));
  }

  protected override create(_sample: Like<In, Shape>, engine: Engine): void {
    for (const { call, sample } of this.inputs)
      if (call.inputs.length === 0) call.layer.build(sample, engine);
    for (const { layer, inputs } of this.#graph.calls)
      layer.build(
        inputs.map(({ sample }) => sample),
        engine,
      );
  }

  protected override run(
    inputs: readonly Tensor[],
    masks: readonly Mask[],
    { training = false }: CallOptions<In>,
  ): Passed {
    const values = new Map<Symbolic, { readonly tensor: Tensor; readonly mask: Mask }>();
    for (const [index, input] of this.inputs.entries())
      values.set(input, { tensor: ofKind(inputs[index]!, input.dtype), mask: masks[index]! });
    for (const call of this.#graph.calls) {
      const taken = call.inputs.map((input) => values.get(input)!);
      const told = resolveOptions(call.options, (symbolic) => values.get(symbolic as Symbolic)!.tensor);
      const { mask, ...options } = { training, ...told } as CallOptions<Tensors>;
      const passed = call.layer.pass(
        taken.map(({ tensor }) => tensor),
        // A mask that the call was given goes before those that come with its inputs.
        mask ? listed<Mask>(mask).map((own) => own && cast(own, 'bool')) : taken.map(({ mask }) => mask),
        options,
      );
      for (const [index, output] of call.outputs.entries())
        if (!values.has(output))
          values.set(output, { tensor: passed.outputs[index]!, mask: passed.masks[index]! });
    }
    const results = this.outputs.map((output) => values.get(output)!);
    return {
      outputs: results.map(({ tensor }) => tensor),
      masks: results.map(({ mask }) => mask),
      listed: this.givesList,
    };
  }

  summaryRows(): readonly SummaryRow[] {
    const calls = [...this.inputs.map(({ call }) => call), ...this.#graph.calls];
    return this.layers.map((layer) => {
      const own = calls.filter((call) => call.layer === layer);
      return {
        layer,
        shapes: own[0]!.outputs.map(({ sample }) => sample),
        from: own.flatMap(({ sources }) => sources.map(({ name }) => name)),
      };
    });
  }
}

/** Integers where the input is one, floats where it is one; floats stay as wide as they are. */
function ofKind(x: Tensor, dtype: DType | undefined): Tensor {
  return dtype === undefined || isFloat(dtype) === isFloat(x.dtype) ? x : cast(x, dtype);
}

function symbolicsIn(option: 'inputs' | 'outputs', given: unknown): readonly Symbolic[] {
  const found = listed(given);
  const wrong = found.findIndex((item) => !(item instanceof SymbolicTensor));
  if (found.length > 0 && wrong < 0) return found as Symbolic[];
  throw new ArgumentError(
    `model: ${option}: ${found.length === 0 ? 'none' : show(found[wrong])}; use symbolic tensors, of ht.input and of layers applied to them`,
  );
}

function requireOwnNames(where: string, layers: readonly AnyLayer[]): void {
  const names = new Set<string>();
  for (const { name } of layers) {
    if (names.has(name))
      throw new ArgumentError(`${where}: two layers are called '${name}'; name them apart`);
    names.add(name);
  }
}

/** Names of the layers that give them, numbered where one gives several. */
function namesOf(outputs: readonly Symbolic[]): string[] {
  const counts = new Map<string, number>();
  return outputs.map(({ name }) => {
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    return count === 0 ? name : `${name}_${count}`;
  });
}

/**
 * A model from symbolic tensors to symbolic tensors: `const x = ht.input({ shape: [784] })`, `const y = layer.apply(x)`,
 * `ht.model({ inputs: x, outputs: y })`. Lists make it take, and give, lists. Throws `ArgumentError`.
 */
export function model<I extends Symbolic | readonly Symbolic[], O extends Symbolic | readonly Symbolic[]>(
  options: ModelOptions<I, O>,
): Functional<TensorsOf<I>, TensorsOf<O>> {
  type Options = ModelOptions<Like<TensorsOf<I>, Symbolic>, Like<TensorsOf<O>, Symbolic>>;
  return new Functional<TensorsOf<I>, TensorsOf<O>>(options as unknown as Options);
}
