/** A graph of nodes, each an op on what other nodes give: checked, and put in an order in which it can be run. */
import { show } from '../../values/dtype.ts';
import { FormatError } from '../../values/errors.ts';
import type { Attributes } from './attributes.ts';
import type { HostArray } from './host-array.ts';

/** Output `output` of the node called `node`. */
export interface Endpoint {
  readonly node: string;
  readonly output: number;
}

export interface GraphNode {
  readonly name: string;
  readonly op: string;
  /** Without those that only say what runs before. */
  readonly inputs: readonly Endpoint[];
  /** Nodes that only have to run before, where that is known. */
  readonly after?: readonly string[];
  readonly attributes: Attributes;
}

/** A part of a graph that is run by itself. */
export interface GraphFunction {
  readonly graph: Graph;
  /** Nodes that have the arguments. */
  readonly inputs: readonly string[];
  readonly outputs: readonly Endpoint[];
  /** Nodes that are known inside. */
  readonly known?: ReadonlyMap<string, HostArray>;
}

/** `node`, or `node:1`. Throws `FormatError` for what is neither. */
export function endpointOf(where: string, text: string): Endpoint {
  const colon = text.lastIndexOf(':');
  if (colon < 0) return { node: text, output: 0 };
  const output = text.slice(colon + 1);
  if (!/^\d{1,6}$/.test(output))
    throw new FormatError(`${where}: ${show(text)} names no output; use 'node' or 'node:1'`);
  return { node: text.slice(0, colon), output: Number(output) };
}

export class Graph {
  /** For messages. */
  readonly name: string;
  readonly nodes: ReadonlyMap<string, GraphNode>;

  readonly functions: ReadonlyMap<string, GraphFunction>;

  /** Throws `FormatError` where two nodes have one name, or an input is not there. */
  constructor(
    name: string,
    nodes: readonly GraphNode[],
    functions: ReadonlyMap<string, GraphFunction> = new Map(),
  ) {
    this.name = name;
    this.functions = functions;
    this.nodes = new Map(nodes.map((node) => [node.name, node]));
    const seen = new Set<string>();
    for (const { name: own } of nodes) {
      if (seen.has(own)) throw new FormatError(`${name}: two nodes are called ${show(own)}`);
      seen.add(own);
    }
    for (const node of nodes)
      for (const input of node.inputs)
        if (!this.nodes.has(input.node))
          throw new FormatError(
            `${name}: node ${show(node.name)}: its input ${show(input.node)} is not there`,
          );
  }

  /** Throws `FormatError` where there is no such node. */
  node(name: string): GraphNode {
    const node = this.nodes.get(name);
    if (!node) throw new FormatError(`${this.name}: no node is called ${show(name)}`);
    return node;
  }

  /** The nodes that `targets` need, as they stand in the graph; cycles do no harm. Throws `FormatError` where one is not there. */
  reached(targets: Iterable<string>, fed: ReadonlySet<string>): GraphNode[] {
    const found = new Set<string>();
    const waiting = [...targets];
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      if (found.has(name)) continue;
      found.add(name);
      const { inputs } = this.node(name);
      if (!fed.has(name)) for (const input of inputs) waiting.push(input.node);
    }
    return [...this.nodes.values()].filter(({ name }) => found.has(name));
  }

  /**
   * The nodes that `targets` need, each behind its inputs; what `fed` names is needed without its own inputs. Throws `FormatError`
   * for a cycle.
   */
  order(targets: Iterable<string>, fed: ReadonlySet<string> = new Set()): GraphNode[] {
    const order: GraphNode[] = [];
    const done = new Set<string>();
    const open = new Set<string>();
    // A stack of our own: graphs are deeper than calls may be.
    const waiting: { node: GraphNode; next: number }[] = [];
    const enter = (name: string) => {
      if (done.has(name)) return;
      if (open.has(name))
        throw new FormatError(`${this.name}: node ${show(name)} is computed from its own result`);
      open.add(name);
      waiting.push({ node: this.node(name), next: 0 });
    };
    for (const target of targets) {
      enter(target);
      while (waiting.length > 0) {
        const top = waiting.at(-1)!;
        const inputs = fed.has(top.node.name) ? [] : top.node.inputs;
        if (top.next < inputs.length) {
          enter(inputs[top.next++]!.node);
          continue;
        }
        waiting.pop();
        open.delete(top.node.name);
        done.add(top.node.name);
        order.push(top.node);
      }
    }
    return order;
  }
}

/** The nodes of a graph and of its functions. */
export function allNodes({ nodes, functions }: Graph): GraphNode[] {
  const graphs = new Set([...functions.values()].map(({ graph }) => graph.nodes));
  return [...new Set([nodes, ...graphs])].flatMap((own) => [...own.values()]);
}
