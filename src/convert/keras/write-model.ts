/** Models as configurations: Sequential and functional ones, those inside them included. */
import { Functional } from '../../nn/functional.ts';
import type { AnyLayer, Symbolic } from '../../nn/layer.ts';
import { MultiHeadAttention } from '../../nn/layers/multi-head-attention.ts';
import { Operation } from '../../nn/layers/operation.ts';
import { Model } from '../../nn/model.ts';
import { Sequential } from '../../nn/sequential.ts';
import { listed } from '../../nn/several.ts';
import { SymbolicTensor } from '../../nn/symbolic.ts';
import { show } from '../../values/dtype.ts';
import { ArgumentError } from '../../values/errors.ts';
import type { Shape } from '../../values/shape.ts';
import { RULES, rulesToConfig } from '../precision-rules.ts';
import type { KerasObject } from '../stored-model.ts';
import { MASKS } from './apply-call.ts';
import { snake } from './names.ts';
import { type Dialect, layerToConfig, objectOf } from './write-layer.ts';
import { operationToConfig } from './write-operation.ts';

/** Throws `ArgumentError` for what no configuration holds. */
export function modelToConfig(model: Model, dialect: Dialect): KerasObject {
  const object = toConfig(model as unknown as AnyLayer, dialect);
  const rules = rulesToConfig(model.autocast);
  return rules ? { ...object, config: { ...object.config, [RULES]: rules } } : object;
}

function toConfig(layer: AnyLayer, dialect: Dialect): KerasObject {
  const inner = (one: AnyLayer) => toConfig(one, dialect);
  if (layer instanceof Sequential) return sequentialToConfig(layer, dialect, inner);
  if (layer instanceof Functional) return functionalToConfig(layer, dialect, inner);
  if (!(layer instanceof Model)) return layerToConfig(layer, dialect, inner);
  throw new ArgumentError(
    `${layer.name}: models of a class of one's own are not written; use ht.sequential or ht.model`,
  );
}

/** What all models have. */
function shared(model: Model, dialect: Dialect): Record<string, unknown> {
  const { name, trainable, policy } = model;
  return { name, trainable, ...(dialect === 'keras3' ? { dtype: policy.serialize() } : {}) };
}

/** With null for the batch and for sizes that only data tell. */
function batchShape(sample: Shape): (number | null)[] {
  return [null, ...sample.map((size) => (Number.isNaN(size) ? null : size))];
}

function inputToConfig(name: string, sample: Shape, dtype: string, dialect: Dialect): KerasObject {
  const shape = { [dialect === 'keras2' ? 'batch_input_shape' : 'batch_shape']: batchShape(sample) };
  return objectOf(dialect, 'keras.layers', 'InputLayer', { name, ...shape, dtype, sparse: false });
}

function sequentialToConfig(
  model: Sequential,
  dialect: Dialect,
  inner: (layer: AnyLayer) => KerasObject,
): KerasObject {
  const sample = model.inputShape ?? (model.sampleShape as Shape | undefined);
  const input = sample ? [inputToConfig(model.inputNames[0]!, sample, 'float32', dialect)] : [];
  const layers = [...input, ...model.layers.map(inner)];
  return objectOf(dialect, 'keras', 'Sequential', { ...shared(model, dialect), layers });
}

function functionalToConfig(
  model: Functional,
  dialect: Dialect,
  inner: (layer: AnyLayer) => KerasObject,
): KerasObject {
  const numbers = numbersOf(model, dialect);
  const tensor = (input: Symbolic, call: Call) => tensorTo(input, call, numbers, dialect);
  const layers = model.layers.map((layer) => {
    const calls = model.calls.filter((call) => call.layer === layer);
    const operation = (layer as unknown) instanceof Operation ? (layer as unknown as Operation) : undefined;
    const written = operation && operationToConfig(operation, calls, dialect, tensor);
    if (written) return { ...written, name: layer.name };
    const source = model.inputs.find(({ call }) => call.layer === layer);
    const isInput = source !== undefined && calls.length === 0;
    const object = isInput
      ? inputToConfig(layer.name, source.sample, source.dtype ?? 'float32', dialect)
      : inner(layer);
    return {
      ...object,
      name: layer.name,
      inbound_nodes: calls.map((call) => callToConfig(call, numbers, dialect)),
    };
  });
  const ends = (tensors: readonly Symbolic[]) => tensors.map((tensor) => referenceTo(tensor, numbers));
  const config = { ...shared(model, dialect), layers };
  return objectOf(dialect, dialect === 'keras2' ? 'keras' : 'keras.src.models.functional', 'Functional', {
    ...config,
    input_layers: ends(model.inputs),
    output_layers: ends(model.outputs),
  });
}

type Call = Symbolic['call'];

/** The number that references have for each call. Models that begin with an input count their own making as the first call. */
function numbersOf(model: Functional, dialect: Dialect): ReadonlyMap<Call, number> {
  const next = new Map<AnyLayer, number>();
  const numbers = new Map<Call, number>();
  for (const call of [...model.inputs.map(({ call }) => call), ...model.calls]) {
    const { layer } = call;
    const made = (layer as unknown) instanceof Functional || (dialect === 'keras2' && beginsWithInput(layer));
    const number = next.get(layer) ?? (made ? 1 : 0);
    next.set(layer, number + 1);
    numbers.set(call, number);
  }
  return numbers;
}

function beginsWithInput(layer: AnyLayer): boolean {
  return layer instanceof Sequential && (layer.inputShape ?? layer.sampleShape) !== undefined;
}

function referenceTo(tensor: Symbolic, numbers: ReadonlyMap<Call, number>): [string, number, number] {
  const number = numbers.get(tensor.call);
  if (number === undefined)
    throw new ArgumentError(
      `${tensor.name}: a model that begins within another one's layers is not written; begin it with ht.input`,
    );
  return [tensor.name, number, tensor.call.outputs.indexOf(tensor)];
}

function callToConfig(call: Call, numbers: ReadonlyMap<Call, number>, dialect: Dialect): unknown {
  const { layer, inputs, options } = call;
  const told = (key: string, value: unknown): unknown => {
    if (typeof value === 'boolean') return value;
    if (value instanceof SymbolicTensor) return tensorTo(value as Symbolic, call, numbers, dialect);
    throw new ArgumentError(
      `${layer.name}: call option ${key} is ${show(value)}; a file holds true, false and results of layers`,
    );
  };
  const kwargs = Object.fromEntries(
    Object.entries(options).flatMap(([key, value]) => {
      if (value === undefined || value === null) return [];
      if (key === 'mask')
        return masksTo(
          layer,
          listed<unknown>(value).map((mask) => mask && told(key, mask)),
        );
      return [[snake(key), told(key, value)]];
    }),
  );
  if (dialect === 'keras2') return inputs.map((input) => [...referenceTo(input, numbers), kwargs]);
  const tensors = inputs.map((input) => tensorTo(input, call, numbers, dialect) as object);
  return callArguments(layer, tensors, kwargs);
}

/** The mask of a layer of one input beside its states, those of a list, or Keras 3's by the names of arguments. */
function masksTo(layer: AnyLayer, masks: readonly unknown[]): readonly (readonly [string, unknown])[] {
  if ((layer as unknown) instanceof MultiHeadAttention)
    return masks.flatMap((own, i) => (own === null ? [] : [[MASKS[i]!, own] as const]));
  return [['mask', layer.takes === 'list' ? masks : masks[0]]];
}

/** A tensor that a call takes: `[layer, node, tensor]`, or Keras 3's object. */
function tensorTo(
  input: Symbolic,
  { layer }: Call,
  numbers: ReadonlyMap<Call, number>,
  dialect: Dialect,
): unknown {
  const reference = referenceTo(input, numbers);
  if (dialect === 'keras2') return reference;
  const dtype = input.dtype ?? layer.policy.computeDtype;
  return { class_name: '__keras_tensor__', config: { shape: input.shape, dtype, keras_history: reference } };
}

/** Layers of a list take it as one argument; recurrent ones their states by name. */
function callArguments(layer: AnyLayer, tensors: readonly object[], kwargs: object): unknown {
  const isOperation = (layer as unknown) instanceof Operation;
  if (layer.takes === 'either' && tensors.length > 1 && !isOperation)
    return { args: tensors.slice(0, 1), kwargs: { initial_state: tensors.slice(1), ...kwargs } };
  const separate = layer.takes === 'one' || isOperation || (layer as unknown) instanceof MultiHeadAttention;
  return { args: separate ? tensors : [tensors], kwargs };
}
