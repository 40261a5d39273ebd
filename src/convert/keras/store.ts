/** The tree in which Keras 3 stores variables by the attributes of their holders, and where in it a layer's own are. */
import { FormatError } from '../../values/errors.ts';
import type { Hdf5Group } from '../hdf5/file.ts';
import type { KerasObject, StoredTensor } from '../stored-model.ts';
import { storedTensor } from './datasets.ts';
import { layersOf, nameOf, snakeCase } from './layers.ts';

export interface StoreNode {
  /** By number. */
  readonly variables: Map<number, StoredTensor>;
  readonly children: Map<string, StoreNode>;
}

/** Deeper trees are of no model. */
const DEEPEST = 64;
/** Under these names a model holds its layers, and a stack its cells; the second is of Keras 2.12 and 2.13. */
const CONTAINERS = ['layers', '_layer_checkpoint_dependencies', 'cells'];
const VARIABLES = 'vars';

/** Attributes by which layers hold others, in the order of their weights. */
export const INNER: Readonly<Record<string, readonly string[]>> = {
  Bidirectional: ['forward_layer', 'backward_layer'],
  TimeDistributed: ['layer'],
  MultiHeadAttention: ['query_dense', 'key_dense', 'value_dense', 'output_dense'],
  ...{ LSTM: ['cell'], GRU: ['cell'], SimpleRNN: ['cell'], RNN: ['cell'] },
};

export function emptyNode(): StoreNode {
  return { variables: new Map(), children: new Map() };
}

/** The node at a path of names; made where it is not there. */
export function nodeAt(root: StoreNode, path: readonly string[]): StoreNode {
  let node = root;
  for (const name of path) {
    const child = node.children.get(name) ?? emptyNode();
    node.children.set(name, child);
    node = child;
  }
  return node;
}

/** All variables below a group of HDF5. Throws `FormatError` where groups lead to themselves. */
export async function readStore(root: Hdf5Group): Promise<StoreNode> {
  const store = emptyNode();
  const met = new Set<Hdf5Group>();
  const walk = async (group: Hdf5Group, path: readonly string[]): Promise<void> => {
    if (met.has(group) || path.length > DEEPEST)
      throw new FormatError(`${group.where}: the groups lead round in circles`);
    met.add(group);
    for (const name of group.names) {
      const found = await group.open(name);
      // On Windows, Keras 2.12 and 2.13 wrote paths as names.
      const below = [...path, ...name.split('\\')];
      if (found?.kind === 'group') await walk(found, below);
      else if (found && path.at(-1) === VARIABLES && /^\d+$/.test(name)) {
        const node = nodeAt(store, path.slice(0, -1));
        node.variables.set(Number(name), storedTensor(below.join('/'), found));
      }
    }
  };
  await walk(root, []);
  return store;
}

/** A node's own variables, by number. */
export function variablesOf(node: StoreNode | undefined): StoredTensor[] {
  return [...(node?.variables ?? [])].sort(([a], [b]) => a - b).map(([, tensor]) => tensor);
}

/** Weights of a model's layers, by their names, of each in the order of Keras's `layer.weights`. */
export function weightsIn(store: StoreNode, model: KerasObject): Map<string, readonly StoredTensor[]> {
  const weights = new Map<string, readonly StoredTensor[]>();
  for (const [layer, node] of nodesOf(store, layersOf(model) ?? [])) {
    const own = weightsOf(node, layer);
    if (own.length > 0) weights.set(nameOf(layer), own);
  }
  return weights;
}

function weightsOf(node: StoreNode, layer: KerasObject): StoredTensor[] {
  const own = variablesOf(node);
  const layers = layersOf(layer);
  if (layers) for (const [inner, child] of nodesOf(node, layers)) own.push(...weightsOf(child, inner));
  const known = INNER[layer.class_name];
  if (known)
    for (const name of known) {
      const child = node.children.get(name) ?? node.children.get(`_${name}`);
      const inner = layer.config[name === 'forward_layer' ? 'layer' : name];
      if (child) own.push(...weightsOf(child, isObject(inner) ? inner : UNKNOWN));
    }
  else if (!layers) for (const child of node.children.values()) own.push(...weightsOf(child, UNKNOWN));
  return own;
}

/** A holder of which nothing is known but what it holds. */
const UNKNOWN: KerasObject = { class_name: '', config: {} };

function isObject(value: unknown): value is KerasObject {
  return typeof value === 'object' && value !== null && 'class_name' in value && 'config' in value;
}

/**
 * The nodes of a model's layers. A layer's node is called by its class and by how many of it came before; in Keras 2.12 and 2.13 by other
 * counts or by the layer's name, so that order decides.
 */
function nodesOf(model: StoreNode, layers: readonly KerasObject[]): [KerasObject, StoreNode][] {
  const container = CONTAINERS.map((name) => model.children.get(name)).find((node) => node !== undefined);
  if (!container) return [];
  const byClass = new Map<string, KerasObject[]>();
  for (const layer of layers) {
    const name = snakeCase(layer.class_name);
    byClass.set(name, [...(byClass.get(name) ?? []), layer]);
  }
  const found = new Map<KerasObject, StoreNode>();
  for (const [name, own] of byClass) {
    const nodes = nodesOfClass(container, name, own);
    for (const [index, layer] of own.entries()) if (nodes[index]) found.set(layer, nodes[index]);
  }
  return layers.filter((layer) => found.has(layer)).map((layer) => [layer, found.get(layer)!]);
}

function nodesOfClass(
  container: StoreNode,
  name: string,
  layers: readonly KerasObject[],
): readonly (StoreNode | undefined)[] {
  const { children } = container;
  const called = (names: readonly string[]) => names.map((one) => children.get(one));
  const counted = called(layers.map((_, index) => (index === 0 ? name : `${name}_${index}`)));
  if (counted.every(Boolean)) return counted;
  const named = called(layers.map(nameOf));
  if (named.every(Boolean)) return named;
  const filled = [...children]
    .filter(([, node]) => holdsVariables(node))
    .map(([key, node]) => ({ number: numberIn(key, name), node }))
    .filter(({ number }) => number !== undefined)
    .sort((a, b) => a.number! - b.number!);
  return filled.length === layers.length ? filled.map(({ node }) => node) : counted;
}

/** 0 of `dense`, 2 of `dense_2`; undefined of names of other classes. */
function numberIn(key: string, name: string): number | undefined {
  if (key === name) return 0;
  const rest = key.startsWith(`${name}_`) ? key.slice(name.length + 1) : '';
  return /^\d+$/.test(rest) ? Number(rest) : undefined;
}

function holdsVariables(node: StoreNode): boolean {
  return node.variables.size > 0 || [...node.children.values()].some(holdsVariables);
}
