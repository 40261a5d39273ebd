/** A graph in the JSON of TensorFlow.js: `GraphDef` in proto3's JSON, strings in base64. */
import { FormatError } from '../../values/errors.ts';
import { isRecord, type Place } from '../json.ts';
import { Attributes, type AttributeValue, typeName } from './attributes.ts';
import { graphOf } from './control-flow.ts';
import { ARGUMENT, resultOf } from './functions.ts';
import { type Endpoint, endpointOf, type Graph, type GraphFunction, type GraphNode } from './graph.ts';

/** The graph at `topology`, `modelTopology` of a `model.json`. Throws `FormatError`. */
export function graphOfJson(topology: Place): Graph {
  const listed = topology.at('library').at('function');
  const functions = given(listed) ? listed.items() : [];
  const known = new Map<string, GraphFunction>();
  for (const place of functions) {
    const [name, fn] = functionAt(place, known);
    known.set(name, fn);
  }
  const nodes = topology
    .at('node')
    .items()
    .map((place) => nodeAt(place, endpointOf));
  return graphOf(topology.file, nodes, known);
}

/** A function's name and what it is; it calls those in `known`, to which all will have been added. */
function functionAt(place: Place, known: Map<string, GraphFunction>): [string, GraphFunction] {
  const signature = place.at('signature');
  const name = signature.at('name').string;
  const where = `${place.file}: function '${name}'`;
  const names = (list: Place) => (given(list) ? list.items().map((item) => item.at('name').string) : []);
  const args = names(signature.at('inputArg'));
  const listed = given(place.at('nodeDef')) ? place.at('nodeDef').items() : [];
  const ops = new Map(listed.map((node) => [node.at('name').string, node.at('op').string]));
  for (const arg of args) ops.set(arg, ARGUMENT);
  // Constants are named by the weights, where each has a name of its own.
  const whole = (own: string) => (ops.get(own) === 'Const' ? own : `${name}/${own}`);
  const result = (_: string, text: string): Endpoint => {
    const { node, output } = resultOf(where, text, ops);
    return { node: whole(node), output };
  };
  const inputs = args.map(whole);
  const attributes = new Attributes(where, new Map());
  const nodes = [
    ...inputs.map((input) => ({ name: input, op: ARGUMENT, inputs: [], attributes })),
    ...listed.map((node) => nodeAt(node, result, whole)),
  ];
  const graph = graphOf(where, nodes, known);
  const outputs = names(signature.at('outputArg')).map((output) =>
    result(where, place.at('ret').at(output).string),
  );
  return [name, { graph, inputs, outputs }];
}

function nodeAt(
  place: Place,
  endpoint: (where: string, text: string) => Endpoint,
  whole = (name: string) => name,
): GraphNode {
  const name = whole(place.at('name').string);
  const where = `node '${name}'`;
  const texts = given(place.at('input'))
    ? place
        .at('input')
        .items()
        .map((input) => input.string)
    : [];
  const attributes = given(place.at('attr')) ? place.at('attr') : undefined;
  return {
    name,
    op: place.at('op').string,
    inputs: texts.filter((text) => !text.startsWith('^')).map((text) => endpoint(where, text)),
    after: texts.filter((text) => text.startsWith('^')).map((text) => whole(text.slice(1))),
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
