/** Reads TensorFlow.js graph-models: a graph in JSON, its inputs and outputs, and the weights that its constants are. */
import type { Engine } from '../../gpu/engine.ts';
import type { InputSpec } from '../../nn/batches.ts';
import { FormatError } from '../../values/errors.ts';
import type { ModelFiles } from '../files.ts';
import type { Format } from '../format.ts';
import { dtypeOf } from '../graph/attributes.ts';
import { allNodes, endpointOf, type Graph, type GraphNode } from '../graph/graph.ts';
import type { GraphModel } from '../graph/graph-model.ts';
import { HostArray } from '../graph/host-array.ts';
import { graphOfJson, shapeAt, typeAt } from '../graph/json-graph.ts';
import { modelOfGraph } from '../graph/load.ts';
import { type GraphPort, inputSpecsOf } from '../graph/ports.ts';
import { Place, parseJson } from '../json.ts';
import { RULES, rulesAt } from '../precision-rules.ts';
import type { StoredTensor } from '../stored-model.ts';
import { jsonIn } from './layers-model.ts';
import { tensorsIn } from './manifest.ts';

/** Known by the readers of layers, so that they can say what it is. */
export const tfjsGraphModel: Format = {
  name: 'TensorFlow.js graph-model',
  signs: 'model.json with nodes, for loadGraphModel',
  read: async (files) => {
    const file = await graphJsonIn(files);
    if (!file) return undefined;
    throw new FormatError(`${file.file}: a graph-model, which has ops and no layers; use loadGraphModel`);
  },
};

/** `model.json` where it holds a graph; undefined where it does not, or is not there. */
export async function graphJsonIn(files: ModelFiles): Promise<Place | undefined> {
  const path = await jsonIn(files);
  if (path === undefined) return undefined;
  const where = `${files.name}: ${path}`;
  const file = new Place(where, parseJson(where, await files.read(path)));
  return file.at('modelTopology').at('node').value === undefined ? undefined : file;
}

/** The graph in `file`. Throws `FormatError`, for ops that cannot be run too, before weights are read. */
export async function tfjsGraphModelIn(files: ModelFiles, file: Place, engine: Engine): Promise<GraphModel> {
  const weights = await tensorsIn(file.at('weightsManifest'), files);
  const rules = rulesAt(file.at(RULES));
  const model = await graphModelOf(file, new Map(weights.map((tensor) => [tensor.name, tensor])), engine);
  model.autocast = rules;
  return model;
}

/** The model that the contents of a `model.json` and its weights make. */
async function graphModelOf(
  file: Place,
  weights: ReadonlyMap<string, StoredTensor>,
  engine: Engine,
): Promise<GraphModel> {
  const graph = graphOfJson(file.at('modelTopology'));
  const { inputs, outputs } = portsOf(file, graph);
  const readers = new Map(
    allNodes(graph)
      .filter(({ op }) => op === 'Const')
      .map(({ name, attributes }) => {
        const read = async () => {
          const stored = weights.get(name);
          if (!stored)
            throw new FormatError(
              `${file.file}: the weights have no '${name}', which a node of the graph is`,
            );
          return new HostArray(await stored.read(), stored.shape, attributes.dtype('dtype'));
        };
        return [name, read] as const;
      }),
  );
  return modelOfGraph({ graph, inputs, outputs, engine }, readers);
}

/** Its inputs, as of a model of layers, without its weights. Throws `FormatError`. */
export function inputSpecsIn(file: Place): readonly InputSpec[] {
  return inputSpecsOf(portsOf(file, graphOfJson(file.at('modelTopology'))).inputs);
}

/** By the signature where there is one; else all placeholders, and all nodes that no other asks for. */
export function portsOf(file: Place, graph: Graph): { inputs: GraphPort[]; outputs: GraphPort[] } {
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
