/** What of a graph is run for given outputs, in order; what cannot be run is refused before. */
import { FormatError } from '../../values/errors.ts';
import { calledBy, isCall } from './functions.ts';
import type { Endpoint, Graph, GraphFunction, GraphNode } from './graph.ts';
import { isFlow, isKnown, reasonAgainst } from './ops/index.ts';

/** Nodes to run, in order. */
export interface Plan {
  readonly nodes: readonly GraphNode[];
  readonly outputs: readonly Endpoint[];
  /** How often the results of each node are asked for, by nodes and as outputs. */
  readonly uses: ReadonlyMap<string, number>;
}

/** What `outputs` need when the nodes in `given` have their values. Throws `FormatError` for a cycle. */
export function planOf(graph: Graph, outputs: readonly Endpoint[], given: ReadonlySet<string>): Plan {
  const targets = outputs.map(({ node }) => node);
  const nodes = graph.order(targets, given).filter(({ name }) => !given.has(name));
  const uses = new Map<string, number>();
  const use = ({ node }: Endpoint) => uses.set(node, (uses.get(node) ?? 0) + 1);
  for (const node of nodes) node.inputs.forEach(use);
  outputs.forEach(use);
  return { nodes, outputs, uses };
}

/** A graph or a function of it, and the nodes that its outputs need, as they stand there. */
export interface Part extends GraphFunction {
  readonly nodes: readonly GraphNode[];
}

/** What `outputs` need, in the graph itself first, then in each function that it calls. Throws `FormatError` where one is not there. */
export function partsOf(graph: Graph, outputs: readonly Endpoint[], given: readonly string[]): Part[] {
  const found = new Set<string>();
  const waiting: GraphFunction[] = [{ graph, outputs, inputs: given }];
  const parts: Part[] = [];
  for (let fn = waiting.pop(); fn; fn = waiting.pop()) {
    const fed = new Set([...fn.inputs, ...(fn.known?.keys() ?? [])]);
    const nodes = fn.graph.reached(
      fn.outputs.map(({ node }) => node),
      fed,
    );
    parts.push({ ...fn, nodes });
    for (const name of nodes.filter((node) => isCall(node.op) && !fed.has(node.name)).flatMap(calledBy)) {
      if (found.has(name)) continue;
      found.add(name);
      waiting.push(functionOf(fn.graph, name));
    }
  }
  return parts;
}

export function functionOf(graph: Graph, name: string): GraphFunction {
  const fn = graph.functions.get(name);
  if (!fn) throw new FormatError(`${graph.name}: function '${name}' is not there`);
  return fn;
}

/** Throws `FormatError` that names all ops that cannot be run. Whether data decide what is run: `execute` cannot do that. */
export function checkOps(
  graph: Graph,
  outputs: readonly Endpoint[],
  given: readonly string[],
  constants: ReadonlySet<string>,
): boolean {
  const missing = new Map<string, GraphNode>();
  let flows = false;
  for (const { nodes, inputs, known, ...part } of partsOf(graph, outputs, given)) {
    const fed = new Set([...inputs, ...constants, ...(known?.keys() ?? [])]);
    for (const node of nodes) {
      if (fed.has(node.name)) continue;
      if (isFlow(node.op)) flows = true;
      else if (!isKnown(node.op) && !missing.has(node.op)) missing.set(node.op, node);
    }
    if (missing.size === 0) planOf(part.graph, part.outputs, fed);
  }
  if (missing.size === 0) return flows;
  const named = [...missing].map(([op, { name }]) => `${op} (${reasonAgainst(op)}; node '${name}')`);
  throw new FormatError(`${graph.name}: ops that cannot be run here: ${named.join(', ')}`);
}
