/** Symbolic tensors: what a layer gives when it is applied to inputs that are not there yet, and the calls between them. */
import { Tensor } from '../autograd/tensor.ts';
import { Variable } from '../autograd/variable.ts';
import { type DType, show } from '../values/dtype.ts';
import { ArgumentError } from '../values/errors.ts';
import { type Shape, showShape } from '../values/shape.ts';
import type { Takes } from './several.ts';

/** A layer applied to symbolic tensors: `L` is the type of layers, which this file does not know. */
export interface Call<L = unknown> {
  readonly layer: L;
  readonly inputs: readonly SymbolicTensor<L>[];
  readonly outputs: readonly SymbolicTensor<L>[];
  /** What the layer was told beside its inputs: symbolic tensors too, such as masks. */
  readonly options: object;
  /** All that must be there before the call: the inputs, then the symbolic tensors among the options. */
  readonly sources: readonly SymbolicTensor<L>[];
}

export class SymbolicTensor<L = unknown> {
  /** That of the layer that gives it. */
  readonly name: string;
  /** Shape of one sample, NaN for sizes that only data tell. */
  readonly sample: Shape;
  /** Of an input of a model: the dtype in which its layers get it. */
  readonly dtype: DType | undefined;
  readonly call: Call<L>;

  constructor(call: Call<L>, name: string, sample: Shape, dtype?: DType) {
    this.call = call;
    this.name = name;
    this.sample = sample;
    this.dtype = dtype;
  }

  /** With null for the size of the batch and those that only data tell, as in TensorFlow.js. */
  get shape(): (number | null)[] {
    return [null, ...this.sample.map((size) => (Number.isNaN(size) ? null : size))];
  }

  toString(): string {
    return `SymbolicTensor ${this.name} ${showShape(this.sample)}`;
  }
}

/** Makes the call and its results. */
export function symbolicCall<L>(
  { layer, inputs, options }: Omit<Call<L>, 'outputs' | 'sources'>,
  name: string,
  samples: readonly Shape[],
  dtype?: DType,
): readonly SymbolicTensor<L>[] {
  const outputs: SymbolicTensor<L>[] = [];
  const sources = [...inputs, ...Object.values(options).flatMap(symbolicsIn<L>)];
  const call: Call<L> = { layer, inputs, outputs, options, sources };
  for (const sample of samples) outputs.push(new SymbolicTensor(call, name, sample, dtype));
  return outputs;
}

function symbolicsIn<L>(value: unknown): readonly SymbolicTensor<L>[] {
  if (value instanceof SymbolicTensor) return [value];
  return Array.isArray(value) ? value.flatMap(symbolicsIn<L>) : [];
}

/** `options` with the tensors that `found` gives in the place of symbolic ones. */
export function resolveOptions<L>(options: object, found: (symbolic: SymbolicTensor<L>) => Tensor): object {
  const resolved = (value: unknown): unknown => {
    if (value instanceof SymbolicTensor) return found(value);
    return Array.isArray(value) ? value.map(resolved) : value;
  };
  return Object.fromEntries(Object.entries(options).map(([name, value]) => [name, resolved(value)]));
}

/** Throws `ArgumentError` where only some are, or where options are that inputs are not. */
export function areSymbolic<L>(
  name: string,
  inputs: readonly unknown[],
  options: object,
): inputs is readonly SymbolicTensor<L>[] {
  const symbolic = inputs.filter((input) => input instanceof SymbolicTensor).length;
  const isMixed = symbolic === 0 && Object.values(options).some((value) => symbolicsIn(value).length > 0);
  if (!isMixed && (symbolic === 0 || symbolic === inputs.length)) return symbolic > 0;
  throw new ArgumentError(`${name}: symbolic tensors and values mixed; give all of one kind`);
}

/** The inputs that a layer is applied to. Throws `ArgumentError` unless there are as many as it takes. */
export function inputsIn(name: string, takes: Takes, input: unknown): readonly unknown[] {
  const isTensor = (item: unknown) =>
    item instanceof Tensor || item instanceof Variable || item instanceof SymbolicTensor;
  const several = Array.isArray(input) && (takes === 'list' || input.some(isTensor));
  if (!several && takes === 'list')
    throw new ArgumentError(`${name}: it takes a list of inputs, got ${show(input)}`);
  const inputs = several ? input : [input];
  if (inputs.length === 0) throw new ArgumentError(`${name}: no inputs; give at least one`);
  if (takes === 'one' && inputs.length > 1)
    throw new ArgumentError(`${name}: ${inputs.length} inputs; it takes one`);
  return inputs;
}
