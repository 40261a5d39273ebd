/** TensorFlow SavedModels of Keras, read: configuration, weights by layer, state of the optimizer. */
import { FormatError } from '../../values/errors.ts';
import type { ModelFiles } from '../files.ts';
import type { Format } from '../format.ts';
import { isRecord, type Json } from '../json.ts';
import type { KerasObject, StoredModel, StoredTensor } from '../stored-model.ts';
import { Bundle } from './bundle.ts';
import { isKerasModel, kerasMetadata, layersOf, variablesOf } from './keras-objects.ts';
import { Message } from './message.ts';
import { type CheckpointNode, checkpointNodes, paired, type SavedNode, savedNodes } from './objects.ts';
import { optimizerIn } from './optimizer-state.ts';

const FILE = 'saved_model.pb';
const VARIABLES = 'variables/variables';

/** The graph that serves, of the graphs in `saved_model.pb`; undefined where there is no such file. Throws `FormatError`. */
export async function metaGraphIn(files: ModelFiles): Promise<Message | undefined> {
  if (files.main !== undefined && files.main !== FILE) return undefined;
  if ((await files.size(FILE)) === undefined) return undefined;
  const where = `${files.name}: ${FILE}`;
  const graphs = new Message(where, await files.read(FILE)).messages(2, 'graph');
  const serving = graphs.find((graph) => graph.message(1, 'tags').strings(4).includes('serve'));
  if (!serving) throw new FormatError(`${where}: ${graphs.length} graphs; none has the tag 'serve'`);
  return serving;
}

export const savedModel: Format = {
  name: 'TensorFlow SavedModel',
  signs: `${FILE} with variables/variables.index`,
  read: async (files) => {
    const graph = await metaGraphIn(files);
    return graph && modelIn(files, graph);
  },
};

async function modelIn(files: ModelFiles, graph: Message): Promise<StoredModel> {
  const where = files.name;
  const nodes = savedNodes(graph.message(7, 'objects'));
  const metadata = await kerasMetadata(files, nodes);
  const root = metadata.get(0);
  const architecture = isKerasModel(nodes) && root ? architectureIn(root) : undefined;
  if (!architecture || !root)
    throw new FormatError(`${where}: ${reasonAgainst(nodes, root)}; ${held(graph)}`);

  const bundle = await Bundle.open(files, VARIABLES);
  const checkpoint = await checkpointNodes(bundle, where);
  const pairs = paired(nodes, checkpoint);
  const tensorOf = (id: number): StoredTensor => {
    const key = checkpoint[pairs.get(id) ?? -1]?.key;
    if (key === undefined)
      throw new FormatError(`${where}: variable '${nodes[id]!.variable}' has no values in the checkpoint`);
    return bundle.tensor(key);
  };
  const layers = layersOf(where, nodes, metadata);
  const weights = [...layers].map(([name, id]) => [name, variablesOf(nodes, id).map(tensorOf)] as const);
  const { training_config: training, keras_version: version } = root;
  return {
    ...{ format: savedModel.name, architecture, weights: new Map(weights) },
    ...{ kerasVersion: typeof version === 'string' ? version : undefined },
    training: isRecord(training) ? training : undefined,
    optimizerWeights: optimizerIn(bundle, checkpoint, trainableOf(nodes, checkpoint, pairs)),
  };
}

/** Of a functional or sequential model; undefined for others, whose code was not saved. */
function architectureIn(root: Json): KerasObject | undefined {
  const { class_name, config } = isRecord(root.model_config) ? root.model_config : root;
  const layers = isRecord(config) ? config.layers : config;
  if (typeof class_name !== 'string' || !Array.isArray(layers)) return undefined;
  return { class_name, config: config as KerasObject['config'] };
}

function reasonAgainst(nodes: readonly SavedNode[], root: Json | undefined): string {
  if (!isKerasModel(nodes)) return 'it was not saved by Keras, so that no layers are known';
  if (!root) return 'its metadata of Keras are missing (tf.saved_model.save leaves them out; use model.save)';
  return `model '${root.name}' of class ${root.class_name} has no layers in its configuration: its Python code was not saved`;
}

/** What can be said of a graph that is no model of layers. */
function held(graph: Message): string {
  const signatures = [...graph.entries(5, 'signature').keys()];
  const nodes = graph.message(2, 'graph').lists(1).length;
  return `it holds a graph of ${nodes} nodes with signatures ${signatures.join(', ') || '(none)'}, for loadGraphModel`;
}

/** Nodes of the checkpoint that are variables which training changes, in the model's order. */
function trainableOf(
  nodes: readonly SavedNode[],
  checkpoint: readonly CheckpointNode[],
  pairs: ReadonlyMap<number, number>,
): number[] {
  const list = nodes[0]!.children.get('trainable_variables');
  if (list === undefined) return [];
  const trained = new Set(nodes[list]!.children.values());
  return variablesOf(nodes, 0)
    .filter((id) => trained.has(id))
    .flatMap((id) => pairs.get(id) ?? [])
    .filter((id) => checkpoint[id] !== undefined);
}
