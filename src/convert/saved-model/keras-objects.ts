/** What Keras left in a SavedModel: the configuration of a model, its layers, and which objects are their variables. */
import { FormatError } from '../../values/errors.ts';
import type { ModelFiles } from '../files.ts';
import { isRecord, type Json, parseJson } from '../json.ts';
import { Message } from './message.ts';
import { membersOf, type SavedNode } from './objects.ts';

const METADATA = 'keras_metadata.pb';
const MODELS = ['_tf_keras_model', '_tf_keras_network', '_tf_keras_sequential'];

/** Metadata of objects of Keras by their places in the graph: from a file of their own since TensorFlow 2.5, else beside the objects. */
export async function kerasMetadata(
  files: ModelFiles,
  nodes: readonly SavedNode[],
): Promise<ReadonlyMap<number, Json>> {
  const found = new Map<number, Json>();
  const keep = (id: number, text: string) => {
    if (text === '') return;
    const where = `${files.name}: Keras metadata of object ${id}`;
    found.set(id, plain(parseJson(where, text)) as Json);
  };
  if ((await files.size(METADATA)) !== undefined) {
    const file = new Message(`${files.name}: ${METADATA}`, await files.read(METADATA));
    for (const node of file.messages(1, 'node')) keep(node.int(2), node.string(5));
  } else {
    for (const [id, { identifier, metadata }] of nodes.entries())
      if (identifier.startsWith('_tf_keras')) keep(id, metadata);
  }
  return found;
}

/** Keras writes tuples and shapes as objects, which stand for lists. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (!isRecord(value)) return value;
  if ((value.class_name === '__tuple__' || value.class_name === 'TensorShape') && Array.isArray(value.items))
    return value.items.map(plain);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

/** Whether the root is a model of Keras. */
export function isKerasModel(nodes: readonly SavedNode[]): boolean {
  return MODELS.includes(nodes[0]?.identifier ?? '');
}

/** The model's own layers by name, as objects of the graph. Throws `FormatError` where one has no metadata. */
export function layersOf(
  where: string,
  nodes: readonly SavedNode[],
  metadata: ReadonlyMap<number, Json>,
): ReadonlyMap<string, number> {
  const layers = new Map<string, number>();
  for (const [child, id] of nodes[0]!.children) {
    if (!/^layer(_with_weights)?-\d+$/.test(child)) continue;
    const name = metadata.get(id)?.name;
    if (typeof name !== 'string')
      throw new FormatError(`${where}: ${child}: object ${id} has no metadata with a name`);
    layers.set(name, id);
  }
  return layers;
}

/** Variables of a layer, those of layers inside included, in Keras's order. */
export function variablesOf(nodes: readonly SavedNode[], layer: number): number[] {
  const { children } = nodes[layer]!;
  const list = children.get('variables');
  if (list !== undefined) return membersOf(nodes[list]!).filter((id) => nodes[id]!.variable !== undefined);
  // Layers that Keras restores from their configuration alone have no lists: their variables are among what they hold.
  const found = new Set<number>();
  const seen = new Set<number>();
  const waiting = [layer];
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    if (nodes[id]!.variable !== undefined) found.add(id);
    const inner = [...nodes[id]!.children].filter(([name]) => name !== 'keras_api').map(([, child]) => child);
    waiting.push(...inner.reverse());
  }
  return [...found];
}
