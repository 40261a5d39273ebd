/** A SavedModel as a graph: one of its signatures, with its variables from the checkpoint. */
import type { Engine } from '../../gpu/engine.ts';
import { list, show } from '../../values/dtype.ts';
import { ArgumentError, FormatError } from '../../values/errors.ts';
import type { ModelFiles } from '../files.ts';
import { dtypeOf, typeName } from '../graph/attributes.ts';
import { allNodes, type Endpoint, endpointOf, type Graph, type GraphNode } from '../graph/graph.ts';
import type { GraphModel } from '../graph/graph-model.ts';
import { HostArray } from '../graph/host-array.ts';
import { modelOfGraph } from '../graph/load.ts';
import type { GraphPort } from '../graph/ports.ts';
import { Bundle } from './bundle.ts';
import { graphOfDef, knownShape } from './graph-def.ts';
import type { Message } from './message.ts';

const DEFAULT = 'serving_default';

/** The signature of a `MetaGraphDef`, ready to be run. Throws `FormatError`, `ArgumentError` where there is no such signature. */
export async function signatureModel(
  files: ModelFiles,
  meta: Message,
  engine: Engine,
  name: string = DEFAULT,
): Promise<GraphModel> {
  const signatures = meta.entries(5, 'signature');
  const signature = signatures.get(name);
  if (!signature) {
    const known = [...signatures.keys()].filter((own) => !own.startsWith('__'));
    throw new ArgumentError(`${files.name}: no signature ${show(name)}; use ${list(known)}`);
  }
  const graph = graphOfDef(files.name, meta.message(2, 'graph'));
  const inputs = ports(signature.entries(1, 'input'), graph);
  const outputs = ports(signature.entries(2, 'output'), graph);
  const keys = variableKeys(graph, meta.message(3, 'saver'));
  let bundle: Promise<Bundle> | undefined;
  const variable = async ({ name: own, attributes }: GraphNode) => {
    bundle ??= Bundle.open(files, 'variables/variables');
    const stored = (await bundle).tensor(keys.get(own) ?? attributes.string('shared_name', own));
    return new HostArray(await stored.read(), stored.shape, attributes.dtype('dtype'));
  };
  const readers = new Map<string, () => HostArray | Promise<HostArray>>();
  for (const node of allNodes(graph)) {
    const tensor = node.op === 'Const' ? node.attributes.get('value')?.tensor : undefined;
    if (tensor instanceof HostArray) readers.set(node.name, () => tensor);
    else if (isVariable(node.op)) readers.set(node.name, () => variable(node));
  }
  return modelOfGraph({ graph, inputs, outputs, engine }, readers);
}

function isVariable(op: string): boolean {
  return ['VarHandleOp', 'VariableV2', 'Variable'].includes(op);
}

function ports(entries: ReadonlyMap<string, Message>, graph: Graph): GraphPort[] {
  return [...entries].map(([name, info]) => {
    const endpoint = endpointOf(info.where, info.string(1));
    graph.node(endpoint.node);
    return {
      name,
      endpoint,
      dtype: dtypeOf(typeName(info.int(2))),
      shape: knownShape(info.message(3, 'shape')),
    };
  });
}

/**
 * Keys in the checkpoint by the nodes of variables: what the graph that restores it would do. It reads values by a list of keys and assigns
 * each to a variable.
 */
function variableKeys(graph: Graph, saver: Message): ReadonlyMap<string, string> {
  const keys = new Map<string, string>();
  const restore = saver.string(3);
  if (restore === '') return keys;
  for (const { op, inputs } of graph.nodes.values()) {
    if (!/^Assign(VariableOp)?$/.test(op) || inputs.length < 2) continue;
    const [variable, value] = [source(graph, inputs[0]!), source(graph, inputs[1]!)];
    const reader = graph.node(value.node);
    if (!isVariable(graph.node(variable.node).op) || reader.op !== 'RestoreV2') continue;
    const names = graph.node(source(graph, reader.inputs[1] ?? value).node).attributes.get('value')?.tensor;
    const key = names && 'texts' in names ? names.texts[value.output] : undefined;
    if (key !== undefined) keys.set(variable.node, key);
  }
  return keys;
}

/** Where a value comes from, through nodes that only pass it on. */
function source(graph: Graph, endpoint: Endpoint): Endpoint {
  let found = endpoint;
  for (let steps = 0; steps < 1000; steps++) {
    const { op, inputs } = graph.node(found.node);
    const next = op === 'Identity' ? inputs[0] : op === 'IdentityN' ? inputs[found.output] : undefined;
    if (!next) return found;
    found = next;
  }
  throw new FormatError(`${graph.name}: node '${endpoint.node}' is passed on without end`);
}
