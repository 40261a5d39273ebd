/** A graph is run: node after node by the tables of ops, what is known on the host there, and nothing kept longer than it is needed. */
import { partRan } from '../../autograd/observing.ts';
import { inPart } from '../../autograd/part.ts';
import { Tensor } from '../../autograd/tensor.ts';
import { tidy } from '../../autograd/tidy.ts';
import type { Engine } from '../../gpu/engine.ts';
import { FormatError, HalftapeError } from '../../values/errors.ts';
import type { Endpoint, Graph, GraphNode } from './graph.ts';
import { HostArray } from './host-array.ts';
import { OpCall, type Value } from './op-call.ts';
import { HOST, isKnown, OPS, reasonAgainst } from './ops/index.ts';

/** Nodes to run, in order. */
export interface Plan {
  readonly nodes: readonly GraphNode[];
  readonly outputs: readonly Endpoint[];
  /** How often the results of each node are asked for, by nodes and as outputs. */
  readonly uses: ReadonlyMap<string, number>;
}

/** What `outputs` need when the nodes in `given` have their values. Throws `FormatError` that names all ops that are not there. */
export function planOf(graph: Graph, outputs: readonly Endpoint[], given: ReadonlySet<string>): Plan {
  const targets = outputs.map(({ node }) => node);
  const isRun = ({ name }: GraphNode) => !given.has(name);
  const missing = new Map<string, GraphNode>();
  // Before they are put in order: loops of TensorFlow 1 have none.
  for (const node of graph.reached(targets, given))
    if (isRun(node) && !isKnown(node.op) && !missing.has(node.op)) missing.set(node.op, node);
  if (missing.size > 0) {
    const named = [...missing].map(([op, { name }]) => `${op} (${reasonAgainst(op)}; node '${name}')`);
    throw new FormatError(`${graph.name}: ops that cannot be run here: ${named.join(', ')}`);
  }
  const nodes = graph.order(targets, given).filter(isRun);
  const uses = new Map<string, number>();
  const use = ({ node }: Endpoint) => uses.set(node, (uses.get(node) ?? 0) + 1);
  for (const node of nodes) node.inputs.forEach(use);
  outputs.forEach(use);
  return { nodes, outputs, uses };
}

/** The values of the plan's outputs. Throws what ops throw, with the name of the node. */
export function run(engine: Engine, plan: Plan, given: ReadonlyMap<string, Value>): Value[] {
  return tidy(() => {
    const results = new Map<string, readonly Value[]>();
    const left = new Map(plan.uses);
    const valueAt = (where: string, { node, output }: Endpoint): Value => {
      const value = given.has(node) && output === 0 ? given.get(node) : results.get(node)?.[output];
      if (!value) throw new FormatError(`${where}: node '${node}' has no output ${output}`);
      return value;
    };
    const release = ({ node }: Endpoint) => {
      const count = left.get(node)! - 1;
      left.set(node, count);
      if (count > 0) return;
      for (const value of results.get(node) ?? []) if (value instanceof Tensor) value.dispose();
      results.delete(node);
    };
    for (const node of plan.nodes) {
      const inputs = node.inputs.map((input) => valueAt(`node '${node.name}'`, input));
      results.set(node.name, runNode(engine, node, inputs));
      node.inputs.forEach(release);
    }
    return plan.outputs.map((output) => valueAt('the outputs', output));
  });
}

function runNode(engine: Engine, node: GraphNode, inputs: readonly Value[]): readonly Value[] {
  const call = new OpCall(engine, inputs, node.attributes);
  try {
    const onHost =
      Object.hasOwn(HOST, node.op) &&
      inputs.length > 0 &&
      inputs.every((value) => value instanceof HostArray);
    const known = onHost ? HOST[node.op]!(call) : undefined;
    if (!known && !Object.hasOwn(OPS, node.op))
      throw new FormatError('its inputs are computed from data; they must follow from shapes and constants');
    const result = known ?? inPart(node.name, node, () => tidy(() => OPS[node.op]!(call)));
    const values: readonly Value[] = Array.isArray(result) ? result : [result as Value];
    partRan(node, inputs.filter(isTensor), values.filter(isTensor));
    return values;
  } catch (error) {
    if (!(error instanceof HalftapeError)) throw error;
    const named = new (error.constructor as new (message: string, options: ErrorOptions) => HalftapeError)(
      `node '${node.name}' (${node.op}): ${error.message}`,
      { cause: error },
    );
    throw named;
  }
}

function isTensor(value: Value): value is Tensor {
  return value instanceof Tensor;
}
