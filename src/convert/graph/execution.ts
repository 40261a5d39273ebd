/** A graph is run: node after node by the tables of ops, what is known on the host there, and nothing kept longer than it is needed. */
import { partRan } from '../../autograd/observing.ts';
import { inPart } from '../../autograd/part.ts';
import { inScope } from '../../autograd/scope.ts';
import { Tensor } from '../../autograd/tensor.ts';
import { tidy } from '../../autograd/tidy.ts';
import type { Engine } from '../../gpu/engine.ts';
import { FormatError, HalftapeError, ShapeError } from '../../values/errors.ts';
import type { Endpoint, GraphNode } from './graph.ts';
import { HostArray } from './host-array.ts';
import { OnGpuError, OpCall, type Value } from './op-call.ts';
import { HOST, LISTS, OPS } from './ops/index.ts';
import type { Plan } from './plan.ts';
import { TensorList } from './tensor-list.ts';

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

/** The results of a node by the row of its op. Throws what that throws, with the name of the node in front. */
export function runNode(engine: Engine, node: GraphNode, inputs: readonly Value[]): readonly Value[] {
  const call = new OpCall(engine, inputs, node.attributes);
  try {
    const onHost = inputs.length > 0 && inputs.every((value) => value instanceof HostArray);
    const known = onHost && Object.hasOwn(HOST, node.op) ? HOST[node.op]!(call) : undefined;
    const row = OPS[node.op] ?? LISTS[node.op];
    if (!known && !row)
      throw new ShapeError('its inputs are computed from data, and must be known; use executeAsync');
    const ran = () => inPart(node.name, node, () => inScope(() => [row!(call)].flat(), tensorsOf));
    const values: readonly Value[] = known ? [known].flat() : ran();
    partRan(node, inputs.filter(isTensor), values.filter(isTensor));
    return values;
  } catch (error) {
    throw renamed(node, error);
  }
}

function isTensor(value: Value | undefined): value is Tensor {
  return value instanceof Tensor;
}

function tensorsOf(values: readonly Value[]): Tensor[] {
  const all = values.flatMap((value) => (value instanceof TensorList ? value.items : value));
  return all.filter(isTensor);
}

/** An error of ours with the name of the node in front, and itself as the cause. */
export function renamed({ name, op }: GraphNode, error: unknown): unknown {
  if (!(error instanceof HalftapeError)) return error;
  const type = error instanceof OnGpuError ? ShapeError : error.constructor;
  return new (type as new (message: string, options: ErrorOptions) => HalftapeError)(
    `node '${name}' (${op}): ${error.message}`,
    { cause: error },
  );
}
