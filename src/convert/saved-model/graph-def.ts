/** A graph in protocol buffers: `GraphDef` with its functions, which are put in where they are called. */
import { FormatError } from '../../values/errors.ts';
import { sizeOf } from '../../values/shape.ts';
import {
  Attributes,
  type AttributeValue,
  dtypeOf,
  type Texts,
  typeName,
  type UnreadTensor,
} from '../graph/attributes.ts';
import { graphOf } from '../graph/control-flow.ts';
import { ARGUMENT, calledBy, isCall, resultOf } from '../graph/functions.ts';
import { type Endpoint, endpointOf, type Graph, type GraphFunction, type GraphNode } from '../graph/graph.ts';
import { HostArray, MOST_ON_HOST, rounded } from '../graph/host-array.ts';
import { shapeOf } from './bundle.ts';
import { Message, viewOf } from './message.ts';
import { KINDS } from './values.ts';

const CALLS = ['PartitionedCall', 'StatefulPartitionedCall'];
/** Most nodes and inputs of a graph with its functions put in: functions that call others twice grow without end. */
const MOST_PARTS = 1_000_000;
/** Deepest calls of functions by functions. */
const DEEPEST = 100;

/**
 * The nodes of a graph, functions put in where they are called; those that branches and loops call stay functions, whose nodes have the
 * function's name in front. Throws `FormatError`.
 */
export function graphOfDef(where: string, def: Message): Graph {
  const library = new Map(
    def
      .message(2, 'library')
      .messages(1, 'function')
      .map((fn) => [fn.message(1, 'signature').string(1), fn]),
  );
  const budget = { parts: 0 };
  const main = new Inliner(where, library, budget);
  for (const node of def.messages(1, 'node')) main.add('', node, (text) => endpointOf(where, text), 0);
  const functions = new Map<string, GraphFunction>();
  const waiting = main.nodes.filter(({ op }) => isCall(op)).flatMap(calledBy);
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (functions.has(name)) continue;
    const inliner = new Inliner(where, library, budget);
    const { inputs, outputs } = inliner.alone(name);
    functions.set(name, {
      graph: graphOf(`${where}: function '${name}'`, inliner.nodes, functions),
      inputs,
      outputs,
    });
    waiting.push(...inliner.nodes.filter(({ op }) => isCall(op)).flatMap(calledBy));
  }
  return graphOf(where, main.nodes, functions);
}

class Inliner {
  readonly nodes: GraphNode[] = [];
  readonly #where: string;
  readonly #library: ReadonlyMap<string, Message>;
  readonly #budget: { parts: number };

  constructor(where: string, library: ReadonlyMap<string, Message>, budget: { parts: number }) {
    this.#where = where;
    this.#library = library;
    this.#budget = budget;
  }

  /** The nodes of a function that is run by itself, and of its arguments. */
  alone(name: string): { inputs: string[]; outputs: Endpoint[] } {
    const signature = this.#function(name).message(1, 'signature');
    const inputs = signature.messages(2, 'argument').map((argument) => `${name}/${argument.string(1)}`);
    const attributes = new Attributes(name, new Map());
    for (const input of inputs) this.nodes.push({ name: input, op: ARGUMENT, inputs: [], attributes });
    this.#call(
      name,
      name,
      inputs.map((node) => ({ node, output: 0 })),
      0,
    );
    return { inputs, outputs: signature.messages(3, 'result').map((_, output) => ({ node: name, output })) };
  }

  #function(name: string, caller?: string): Message {
    const fn = this.#library.get(name);
    if (fn) return fn;
    const called = caller === undefined ? '' : `, which node '${caller}' calls,`;
    throw new FormatError(`${this.#where}: function '${name}'${called} is not there`);
  }

  /** A node whose name gets `prefix` in front and whose inputs `resolve` finds; or what it calls. */
  add(prefix: string, message: Message, resolve: (text: string) => Endpoint, depth: number): void {
    const name = prefix + message.string(1);
    const op = message.string(2);
    const attributes = new Map(
      [...message.entries(5, 'attribute')].map(([key, value]) => [key, attributeOf(value)]),
    );
    const texts = message.strings(3);
    const inputs = texts.filter((text) => !text.startsWith('^')).map(resolve);
    const after = texts.filter((text) => text.startsWith('^')).map((text) => prefix + text.slice(1));
    this.#budget.parts += 1 + texts.length;
    if (this.#budget.parts > MOST_PARTS)
      throw new FormatError(
        `${this.#where}: more than ${MOST_PARTS} nodes and inputs with all functions put in`,
      );
    const called = CALLS.includes(op) ? attributes.get('f')?.func : undefined;
    if (called === undefined) {
      this.nodes.push({ name, op, inputs, after, attributes: new Attributes(`node '${name}'`, attributes) });
      return;
    }
    if (depth >= DEEPEST) throw new FormatError(`${this.#where}: functions that call each other without end`);
    this.#call(name, called, inputs, depth);
  }

  /** The nodes of a function, and one in place of the call that has all of its results. */
  #call(name: string, called: string, inputs: readonly Endpoint[], depth: number): void {
    const where = `${this.#where}: function '${called}'`;
    const fn = this.#function(called, name);
    const signature = fn.message(1, 'signature');
    const given = signature.messages(2, 'argument').map((argument) => argument.string(1));
    if (given.length !== inputs.length)
      throw new FormatError(
        `${where} takes ${given.length} arguments; node '${name}' gives ${inputs.length}`,
      );
    const byArgument = new Map(given.map((argument, i) => [argument, inputs[i]!]));
    const inner = fn.messages(3, 'node');
    const ops = new Map(inner.map((node) => [node.string(1), node.string(2)]));
    const resolve = (text: string): Endpoint => {
      const argument = byArgument.get(text);
      if (argument) return argument;
      const { node, output } = resultOf(where, text, ops);
      return { node: `${name}/${node}`, output };
    };
    for (const node of inner) this.add(`${name}/`, node, resolve, depth + 1);
    const returned = new Map(
      fn.lists(4).map((bytes) => {
        const entry = new Message(where, bytes);
        return [entry.string(1), entry.string(2)];
      }),
    );
    const results = signature.messages(3, 'result').map((result) => {
      const text = returned.get(result.string(1));
      if (text === undefined) throw new FormatError(`${where}: nothing is returned as '${result.string(1)}'`);
      return resolve(text);
    });
    this.nodes.push({ name, op: 'IdentityN', inputs: results, attributes: new Attributes(name, new Map()) });
  }
}

function attributeOf(value: Message): AttributeValue {
  if (value.has(2)) return { s: value.string(2) };
  if (value.has(3)) return { i: value.int(3) };
  if (value.has(4)) return { f: value.float(4) };
  if (value.has(5)) return { b: value.bool(5) };
  if (value.has(6)) return { type: typeName(value.int(6)) };
  if (value.has(7)) return { shape: knownShape(value.message(7, 'shape')) };
  if (value.has(8)) return { tensor: tensorOf(value.message(8, 'tensor')) };
  if (value.has(10)) return { func: value.message(10, 'function').string(1) };
  if (value.has(1)) {
    const list = value.message(1, 'list');
    return { list: { ...(list.has(2) && { s: list.strings(2) }), ...(list.has(3) && { i: list.ints(3) }) } };
  }
  return {};
}

/** Null where the rank is not known. */
export function knownShape(message: Message): readonly number[] | null {
  return message.bool(3) ? null : shapeOf(message);
}

/** A constant: its bytes, or a list of numbers of which the last is repeated. */
function tensorOf(message: Message): HostArray | UnreadTensor | Texts {
  const type = typeName(message.int(1));
  const shape = shapeOf(message.message(2, 'shape'));
  const size = sizeOf(shape);
  const dtype = dtypeOf(type);
  const found = KINDS[type];
  if (type === 'DT_STRING') return { texts: message.strings(8) };
  if (!dtype || !found) return { unread: type };
  if (!(size <= 2 ** 28) || shape.some((own) => own < 0))
    throw new FormatError(`${message.where}: shape (${shape.join(', ')})`);
  const content = message.bytes(4);
  if (content.length > 0) {
    if (content.length !== size * found.bytes)
      throw new FormatError(
        `${message.where}: ${content.length} bytes for ${size} elements of ${found.name}`,
      );
    const view = viewOf(content);
    const values = found.float ? new Float32Array(size) : size > MOST_ON_HOST ? new Int32Array(size) : [];
    for (let i = 0; i < size; i++) values[i] = found.get(view, i * found.bytes);
    return new HostArray(values, shape, dtype);
  }
  const listed = numbersOf(message, type);
  if (listed.length > size || (size > MOST_ON_HOST && listed.length === 0))
    throw new FormatError(`${message.where}: ${listed.length} numbers for ${size} elements`);
  const last = listed.at(-1) ?? 0;
  const values = Array.from({ length: size }, (_, i) => rounded(listed[i] ?? last, dtype));
  return new HostArray(values, shape, dtype);
}

function numbersOf(message: Message, type: string): readonly number[] {
  switch (type) {
    case 'DT_FLOAT':
      return message.floats(5);
    case 'DT_DOUBLE':
      return message.floats(6, true);
    case 'DT_INT64':
      return message.ints(10);
    case 'DT_BOOL':
      return message.ints(11);
    case 'DT_HALF':
    case 'DT_BFLOAT16': {
      const bits = message.ints(13);
      const view = new DataView(new ArrayBuffer(2));
      return bits.map((own) => {
        view.setUint16(0, own, true);
        return KINDS[type]!.get(view, 0);
      });
    }
    default:
      return message.ints(7);
  }
}
