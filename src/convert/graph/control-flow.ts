/** Loops of TensorFlow 1 become those of TensorFlow 2: one node for a frame, whose condition and body are functions on the same nodes. */
import { FormatError } from '../../values/errors.ts';
import { Attributes } from './attributes.ts';
import { type Endpoint, Graph, type GraphFunction, type GraphNode } from './graph.ts';
import { HostArray } from './host-array.ts';

/** A loop variable: Merge of what Enter brings and what NextIteration brings back. */
interface LoopVariable {
  readonly merge: GraphNode;
  readonly enter: GraphNode;
  readonly next: GraphNode;
}

interface Frame {
  readonly variables: LoopVariable[];
  /** Enters of what all iterations see. */
  readonly fixed: GraphNode[];
}

/**
 * The graph of these nodes. A frame with variables v becomes the node `<frame>/loop`, a `While` from the inputs of its Enters; its Exits
 * pass on the results. Inside, each Merge is an argument, and LoopCond is true in the body; both are put into `functions`. Throws `FormatError`
 * for loops of another form.
 */
export function graphOf(
  name: string,
  nodes: readonly GraphNode[],
  functions: Map<string, GraphFunction> = new Map(),
): Graph {
  const gated = withGates(nodes);
  const byName = new Map(gated.map((node) => [node.name, node]));
  const frames = framesOf(gated, byName);
  if (frames.size === 0) return new Graph(name, gated, functions);
  const loops = [...frames].map(([frame, parts]) => new Loop(name, `${frame}/loop`, parts, gated, byName));
  const exits = new Map(loops.flatMap(({ exits }) => [...exits]));
  const graph = new Graph(
    name,
    [...gated.map((node) => exits.get(node.name) ?? node), ...loops.map(({ node }) => node)],
    functions,
  );
  for (const loop of loops) for (const [key, fn] of loop.functions(graph)) functions.set(key, fn);
  return graph;
}

function framesOf(
  nodes: readonly GraphNode[],
  byName: ReadonlyMap<string, GraphNode>,
): ReadonlyMap<string, Frame> {
  const frames = new Map<string, Frame>();
  const entering = new Set<string>();
  const frameOf = (enter: GraphNode): Frame => {
    const key = enter.attributes.string('frame_name');
    const frame = frames.get(key) ?? { variables: [], fixed: [] };
    frames.set(key, frame);
    return frame;
  };
  for (const merge of nodes) {
    if (merge.op !== 'Merge') continue;
    const parts = merge.inputs.map(({ node }) => byName.get(node));
    const enter = parts.find((part) => part?.op === 'Enter');
    const next = parts.find((part) => part?.op === 'NextIteration');
    if (!enter || !next) continue;
    entering.add(enter.name);
    frameOf(enter).variables.push({ merge, enter, next });
  }
  for (const node of nodes)
    if (node.op === 'Enter' && !entering.has(node.name)) frameOf(node).fixed.push(node);
  return frames;
}

class Loop {
  readonly node: GraphNode;
  /** What its Exits become, by name. */
  readonly exits = new Map<string, GraphNode>();
  readonly #name: string;
  readonly #frame: Frame;
  readonly #condition: GraphNode;

  constructor(
    graph: string,
    name: string,
    frame: Frame,
    nodes: readonly GraphNode[],
    byName: ReadonlyMap<string, GraphNode>,
  ) {
    const { variables, fixed } = frame;
    this.#frame = frame;
    const place = new Map(variables.map(({ merge }, i) => [merge.name, i]));
    let condition: GraphNode | undefined;
    const switches = new Map<string, number>();
    for (const node of nodes) {
      const variable = node.op === 'Switch' ? place.get(node.inputs[0]?.node ?? '') : undefined;
      const by = byName.get(node.inputs[1]?.node ?? '');
      if (variable === undefined || by?.op !== 'LoopCond') continue;
      condition = by;
      switches.set(node.name, variable);
    }
    if (!condition) throw new FormatError(`loop '${name}': it has no condition`);
    this.#condition = condition;
    for (const node of nodes) {
      if (node.op !== 'Exit') continue;
      const output = switches.get(node.inputs[0]?.node ?? '');
      if (output === undefined) continue;
      const inputs = [{ node: name, output }];
      this.exits.set(node.name, { name: node.name, op: 'Identity', inputs, attributes: node.attributes });
    }
    this.#name = `${graph}: ${name}`;
    const called = { cond: { func: `${this.#name}/condition` }, body: { func: `${this.#name}/body` } };
    this.node = {
      name,
      op: 'While',
      inputs: [...variables.map(({ enter }) => enter), ...fixed].map((enter) => only(enter)),
      attributes: new Attributes(`node '${name}'`, new Map(Object.entries(called))),
    };
  }

  functions(graph: Graph): [string, GraphFunction][] {
    const { variables, fixed } = this.#frame;
    const inputs = [...variables.map(({ merge }) => merge.name), ...fixed.map(({ name }) => name)];
    const next = variables.map((variable) => only(variable.next));
    const outputs = [...next, ...fixed.map(({ name }) => ({ node: name, output: 0 }))];
    const known = new Map([[this.#condition.name, HostArray.scalar(1, 'bool')]]);
    return [
      [`${this.#name}/condition`, { graph, inputs, outputs: [only(this.#condition)] }],
      [`${this.#name}/body`, { graph, inputs, outputs, known }],
    ];
  }
}

function only({ name, inputs }: GraphNode): Endpoint {
  if (inputs[0]) return inputs[0];
  throw new FormatError(`node '${name}' has no input`);
}

/** A constant that one branch alone gives says so by what has to run before it: for Merge that becomes an input. */
function withGates(nodes: readonly GraphNode[]): readonly GraphNode[] {
  if (!nodes.some(({ op }) => op === 'Merge')) return nodes;
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const gates: GraphNode[] = [];
  /** What decides whether a node without inputs is run, through constants that wait for others. */
  const pivots = (source: GraphNode): Set<string> => {
    const seen = new Set<string>();
    const found = new Set<string>();
    const waiting = [...(source.after ?? [])];
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      const node = seen.has(name) ? undefined : byName.get(name);
      seen.add(name);
      if (!node || node.op === 'Switch') continue;
      if (node.inputs.length > 0) found.add(name);
      else waiting.push(...(node.after ?? []));
    }
    return found;
  };
  const gated = nodes.map((node) => {
    if (node.op !== 'Merge') return node;
    const inputs = node.inputs.map((input, i) => {
      const source = byName.get(input.node);
      const before = source?.inputs.length === 0 ? [...pivots(source)] : [];
      if (before.length === 0) return input;
      const name = `${node.name}/input_${i}`;
      const all = [input, ...before.map((pivot) => ({ node: pivot, output: 0 }))];
      gates.push({ name, op: 'IdentityN', inputs: all, attributes: node.attributes });
      return { node: name, output: 0 };
    });
    return { ...node, inputs };
  });
  return [...gated, ...gates];
}
