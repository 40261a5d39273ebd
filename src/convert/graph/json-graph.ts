/** A graph in the JSON of TensorFlow.js: `GraphDef` in proto3's JSON, strings in base64. */
import { FormatError } from '../../values/errors.ts';
import { isRecord, type Place } from '../json.ts';
import { Attributes, type AttributeValue, typeName } from './attributes.ts';
import { endpointOf, Graph, type GraphNode } from './graph.ts';

/** The graph at `topology`, `modelTopology` of a `model.json`. Throws `FormatError`. */
export function graphOfJson(topology: Place): Graph {
  const nodes = topology.at('node').items().map(nodeAt);
  return new Graph(topology.file, nodes);
}

function nodeAt(place: Place): GraphNode {
  const name = place.at('name').string;
  const where = `node '${name}'`;
  const inputs = given(place.at('input')) ? place.at('input').items() : [];
  const attributes = given(place.at('attr')) ? place.at('attr') : undefined;
  return {
    name,
    op: place.at('op').string,
    inputs: inputs
      .map((input) => input.string)
      // What only has to run before: nothing here has effects.
      .filter((input) => !input.startsWith('^'))
      .map((input) => endpointOf(where, input)),
    attributes: new Attributes(
      where,
      new Map(Object.keys(attributes?.record ?? {}).map((key) => [key, valueAt(attributes!.at(key))])),
    ),
  };
}

/** Members that proto3 leaves out where they are empty. */
function given(place: Place): boolean {
  return place.value !== undefined && place.value !== null;
}

function valueAt(place: Place): AttributeValue {
  const value = place.record;
  if (value.s !== undefined) return { s: textAt(place.at('s')) };
  if (value.i !== undefined) return { i: numberAt(place.at('i')) };
  if (value.f !== undefined) return { f: numberAt(place.at('f')) };
  if (value.b !== undefined) return { b: value.b === true };
  if (value.type !== undefined) return { type: typeAt(place.at('type')) };
  if (value.shape !== undefined) return { shape: shapeAt(place.at('shape')) };
  if (value.func !== undefined) return { func: place.at('func').at('name').string };
  if (value.tensor !== undefined) return { tensor: { unread: 'the weights of the model' } };
  if (value.list !== undefined) return { list: listAt(place.at('list')) };
  return {};
}

function listAt(place: Place): NonNullable<AttributeValue['list']> {
  const { s, i } = place.record;
  return {
    ...(s !== undefined && { s: place.at('s').items().map(textAt) }),
    ...(i !== undefined && { i: place.at('i').items().map(numberAt) }),
  };
}

/** A string in base64; older files have a list of its bytes. */
function textAt(place: Place): string {
  if (Array.isArray(place.value))
    return String.fromCharCode(
      ...place
        .items()
        .slice(0, 65536)
        .map((byte) => byte.count & 0xff),
    );
  try {
    return atob(place.string);
  } catch (cause) {
    throw new FormatError(`${place.where}: no base64`, { cause });
  }
}

/** A number, which proto3 writes as a string where it has 64 bits or is not finite. */
function numberAt(place: Place): number {
  const { value } = place;
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' ? number : place.refuse('a number');
}

export function typeAt(place: Place): string {
  return typeof place.value === 'number' ? typeName(place.value) : place.string;
}

/** Sizes, -1 where one is not known; null where the rank is not. */
export function shapeAt(place: Place): readonly number[] | null {
  if (!isRecord(place.value) || place.value.unknownRank === true) return null;
  if (!given(place.at('dim'))) return [];
  return place
    .at('dim')
    .items()
    .map((dim) => (given(dim.at('size')) ? numberAt(dim.at('size')) : 0));
}
