/** Reads TensorFlow.js graph-models: a graph in JSON, its inputs and outputs, and the weights that its constants are. */
import { Variable } from '../autograd/variable.ts';
import type { Engine } from '../gpu/engine.ts';
import { type DType, isFloat } from '../values/dtype.ts';
import { FormatError } from '../values/errors.ts';
import { checkShape, sizeOf } from '../values/shape.ts';
import { dtypeOf } from './graph/attributes.ts';
import { endpointOf, type Graph, type GraphNode } from './graph/graph.ts';
import { HostArray, MOST_ON_HOST } from './graph/host-array.ts';
import { graphOfJson, shapeAt, typeAt } from './graph/json-graph.ts';
import { GraphModel, type GraphPort } from './graph-model.ts';
import { type Json, Place } from './json.ts';
import type { StoredTensor } from './stored-model.ts';

/** Whether a `model.json` holds a graph, and not layers. */
export function isGraphModel(model: Json): boolean {
  if (model.format !== undefined) return model.format === 'graph-model';
  return Array.isArray(new Place('', model).at('modelTopology').at('node').value);
}

/**
 * The model that `model`, the contents of a `model.json` called `where` in messages, and its weights make. Throws `FormatError`, for ops
 * that cannot be run too, before anything is read or sent to the GPU.
 */
export async function graphModelOf(
  where: string,
  model: Json,
  weights: ReadonlyMap<string, StoredTensor>,
  engine: Engine,
): Promise<GraphModel> {
  const file = new Place(where, model);
  const graph = graphOfJson(file.at('modelTopology'));
  const { inputs, outputs } = portsOf(file, graph);
  // Made once without weights: what cannot be run is refused before they are read.
  const names = new Set([...graph.nodes.values()].filter(({ op }) => op === 'Const').map(({ name }) => name));
  const unread = new Map([...names].map((name) => [name, HostArray.vector([])]));
  new GraphModel({ graph, inputs, outputs, constants: unread, engine });
  const constants = new Map<string, HostArray | Variable>();
  try {
    for (const name of neededConstants(graph, inputs, outputs)) {
      const stored = weights.get(name);
      if (!stored)
        throw new FormatError(`${where}: the weights have no '${name}', which a node of the graph is`);
      constants.set(name, await constantOf(engine, graph.node(name), stored));
    }
    return new GraphModel({ graph, inputs, outputs, constants, engine });
  } catch (error) {
    for (const value of constants.values()) if (value instanceof Variable) value.dispose();
    throw error;
  }
}

function neededConstants(
  graph: Graph,
  inputs: readonly GraphPort[],
  outputs: readonly GraphPort[],
): string[] {
  const fed = new Set(inputs.map(({ endpoint }) => endpoint.node));
  const needed = graph.order(
    outputs.map(({ endpoint }) => endpoint.node),
    fed,
  );
  return needed.filter(({ op, name }) => op === 'Const' && !fed.has(name)).map(({ name }) => name);
}

/** Vectors and larger floats lie on the GPU, where programs keep float16 copies of them; what shapes are made of stays on the host. */
async function constantOf(
  engine: Engine,
  node: GraphNode,
  stored: StoredTensor,
): Promise<HostArray | Variable> {
  const dtype = node.attributes.dtype('dtype');
  const values = await stored.read();
  return placed(engine, node.name, values, stored.shape, dtype);
}

export function placed(
  engine: Engine,
  name: string,
  values: Float32Array | Int32Array,
  shape: readonly number[],
  dtype: DType,
): HostArray | Variable {
  const weight = isFloat(dtype) && sizeOf(shape) > 1;
  if (!weight && sizeOf(shape) <= MOST_ON_HOST) return new HostArray(values, shape, dtype);
  return new Variable(engine, values, checkShape(name, shape), dtype, { name, trainable: false });
}

/** By the signature where there is one; else all placeholders, and all nodes that no other asks for. */
function portsOf(file: Place, graph: Graph): { inputs: GraphPort[]; outputs: GraphPort[] } {
  const signature = [file.at('signature'), file.at('userDefinedMetadata').at('signature')].find(
    ({ value }) => value !== undefined && value !== null,
  );
  const asked = new Set([...graph.nodes.values()].flatMap(({ inputs }) => inputs.map(({ node }) => node)));
  const nodes = [...graph.nodes.values()];
  const ports = (names: 'inputs' | 'outputs', otherwise: (node: GraphNode) => boolean): GraphPort[] => {
    const signed = Object.keys(signature?.at(names).value ?? {});
    if (signed.length > 0)
      return signed.map((name) => signedPort(signature!.at(names).at(name), name, graph));
    return nodes.filter(otherwise).map((node) => plainPort(node));
  };
  return {
    inputs: ports('inputs', ({ op }) => op.startsWith('Placeholder')),
    outputs: ports('outputs', ({ op, name }) => !asked.has(name) && op !== 'Const' && op !== 'NoOp'),
  };
}

function signedPort(place: Place, key: string, graph: Graph): GraphPort {
  const endpoint = endpointOf(place.where, place.at('name').string);
  const node = graph.node(endpoint.node);
  const dtype = place.at('dtype').value === undefined ? undefined : dtypeOf(typeAt(place.at('dtype')));
  const shape = place.at('tensorShape').value === undefined ? null : shapeAt(place.at('tensorShape'));
  // Old converters call an input by its endpoint.
  const name = key === `${node.name}:0` ? node.name : key;
  return { name, endpoint, dtype: dtype ?? plainPort(node).dtype, shape: shape ?? plainPort(node).shape };
}

function plainPort({ name, attributes }: GraphNode): GraphPort {
  const type = attributes.get('dtype')?.type;
  return {
    name,
    endpoint: { node: name, output: 0 },
    dtype: type === undefined ? undefined : dtypeOf(type),
    shape: attributes.shape('shape'),
  };
}
