/** Reads TensorFlow.js graph-models: a graph in JSON, its inputs and outputs, and the weights that its constants are. */
import type { Engine } from '../gpu/engine.ts';
import { FormatError } from '../values/errors.ts';
import { dtypeOf } from './graph/attributes.ts';
import { endpointOf, type Graph, type GraphNode } from './graph/graph.ts';
import { HostArray } from './graph/host-array.ts';
import { graphOfJson, shapeAt, typeAt } from './graph/json-graph.ts';
import { modelOfGraph } from './graph/load.ts';
import type { GraphModel, GraphPort } from './graph-model.ts';
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
  const readers = new Map(
    [...graph.nodes.values()]
      .filter(({ op }) => op === 'Const')
      .map(({ name, attributes }) => {
        const read = async () => {
          const stored = weights.get(name);
          if (!stored)
            throw new FormatError(`${where}: the weights have no '${name}', which a node of the graph is`);
          return new HostArray(await stored.read(), stored.shape, attributes.dtype('dtype'));
        };
        return [name, read] as const;
      }),
  );
  return modelOfGraph({ graph, inputs, outputs, engine }, readers);
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
