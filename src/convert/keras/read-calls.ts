/** Calls of layers in the configuration of a functional model: `inbound_nodes`, as Keras 2 and as Keras 3 write them. */
import { isRecord, type Json, type Place } from '../json.ts';

/** A result of a layer: of its `node`-th call the `tensor`-th. */
export class Reference {
  readonly layer: string;
  readonly node: number;
  readonly tensor: number;
  readonly place: Place;

  constructor(place: Place, layer: Place, node: Place, tensor: Place) {
    this.place = place;
    this.layer = layer.string;
    this.node = node.count;
    this.tensor = tensor.count;
  }
}

/** A value with references in it, where arguments are tensors. */
export type Argument = Reference | string | number | boolean | null | Json | readonly Argument[];

export interface StoredCall {
  readonly place: Place;
  readonly args: readonly Argument[];
  readonly kwargs: Readonly<Record<string, Argument>>;
}

/** `[name, node, tensor]`, which is one result. */
export function referenceFrom(place: Place): Reference {
  if (!Array.isArray(place.value)) place.refuse('[layer, node, tensor]');
  return new Reference(place, place.at(0), place.at(1), place.at(2));
}

/** Results that `input_layers` and `output_layers` name: one, a list, or an object of them. */
export function referencesFrom(place: Place): readonly Reference[] {
  const { value } = place;
  if (Array.isArray(value) && typeof value[0] === 'string') return [referenceFrom(place)];
  if (isRecord(value)) return Object.keys(value).map((key) => referenceFrom(place.at(key)));
  return place.items().map(referenceFrom);
}

/** The calls of one layer; `isLayer` tells names of layers from other strings. */
export function callsFrom(place: Place, isLayer: (name: string) => boolean): readonly StoredCall[] {
  if (place.value === undefined) return [];
  return place.items().map((node) => {
    if (isRecord(node.value))
      return {
        place: node,
        args: node.at('args').items().map(argument3),
        kwargs: entriesOf(node.at('kwargs'), argument3),
      };
    return keras2Call(node, isLayer);
  });
}

/** `[[name, node, tensor, kwargs], ...]`, or one such item without the list. */
function keras2Call(node: Place, isLayer: (name: string) => boolean): StoredCall {
  const whole = node.items();
  const items = typeof whole[0]?.value === 'string' ? [node] : whole;
  const read = (place: Place) => argument2(place, isLayer);
  // Each item repeats the arguments that have names.
  const kwargs = Object.assign(
    {},
    ...items.map((item) => entriesOf(item.at(3), read)),
  ) as StoredCall['kwargs'];
  return { place: node, args: items.map((item) => constantFrom(item) ?? referenceFrom(item)), kwargs };
}

function entriesOf(place: Place, read: (place: Place) => Argument): Readonly<Record<string, Argument>> {
  if (place.value === undefined) return {};
  return Object.fromEntries(Object.keys(place.record).map((key) => [key, read(place.at(key))]));
}

/** `['_CONSTANT_VALUE', -1, value]`, as tf.keras writes numbers in the place of tensors. */
function constantFrom(place: Place): Argument | undefined {
  return place.at(0).value === '_CONSTANT_VALUE' ? (place.at(2).value as Argument) : undefined;
}

function argument2(place: Place, isLayer: (name: string) => boolean): Argument {
  const { value } = place;
  if (!Array.isArray(value)) return value as Argument;
  const constant = constantFrom(place);
  if (constant !== undefined) return constant;
  const [name, node, tensor] = value as unknown[];
  if (typeof name === 'string' && isLayer(name) && Number.isInteger(node) && Number.isInteger(tensor))
    return referenceFrom(place);
  return place.items().map((item) => argument2(item, isLayer));
}

function argument3(place: Place): Argument {
  const { value } = place;
  if (Array.isArray(value)) return place.items().map(argument3);
  if (isRecord(value) && value.class_name === '__keras_tensor__') {
    return referenceFrom(place.at('config').at('keras_history'));
  }
  return value as Argument;
}

/** All references in a value, in their order. */
export function referencesIn(argument: Argument): readonly Reference[] {
  if (argument instanceof Reference) return [argument];
  return Array.isArray(argument) ? (argument as readonly Argument[]).flatMap(referencesIn) : [];
}
