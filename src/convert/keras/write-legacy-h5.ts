/** Writes Keras's legacy .h5 files, as tf.keras does; Keras 3 and TensorFlow.js's converter read them too. */
import { type AttributeToWrite, type GroupToWrite, writeHdf5 } from '../hdf5/write.ts';
import type { Json } from '../json.ts';
import { layersOf, nameOf } from './layers.ts';
import { type Arrays, arraysOf, optimizerArray, type WeightOptions } from './variables-to-write.ts';
import type { KerasToWrite } from './write-archive.ts';

export interface LegacyToWrite extends KerasToWrite {
  /** What `compile` was given, in tf.keras's form. */
  readonly training?: Json | undefined;
}

/** Attributes of a group take up to this many bytes; longer lists are split. */
const LONGEST_LIST = 64_512;

/** The file in pieces, in order. Reads the weights from the GPU. */
export async function writeLegacyH5(
  { model, architecture, kerasVersion, training, optimizer }: LegacyToWrite,
  options: WeightOptions = {},
): Promise<Uint8Array[]> {
  const arrays = await arraysOf(model.weights, options);
  const facts = { backend: 'tensorflow', keras_version: kerasVersion };
  const layers = (layersOf(architecture) ?? [])
    .map(nameOf)
    .filter(
      (name) => model.layers.some((layer) => layer.name === name) || architecture.class_name !== 'Sequential',
    );
  const groups = layers.map((name): [string, GroupToWrite] => {
    const layer = model.layers.find((one) => one.name === name);
    // What training changes comes first, as it does in `layer.weights` of tf.keras.
    const weights = layer ? [...layer.trainableVariables, ...layer.nonTrainableVariables] : [];
    return [name, namedArrays(weights.map((weight) => [weight.name, arrays(weight)]))];
  });
  const modelWeights: GroupToWrite = {
    attributes: { ...listed('layer_names', layers), ...facts },
    children: nested([...groups, ['top_level_model_weights', namedArrays([])]]),
  };
  const children = new Map([['model_weights', modelWeights]]);
  if (optimizer)
    children.set(
      'optimizer_weights',
      namedArrays(optimizer.map((variable) => [variable.name, optimizerArray(variable)])),
    );
  return writeHdf5({
    attributes: {
      ...facts,
      model_config: JSON.stringify(architecture),
      ...(training ? { training_config: JSON.stringify(training) } : {}),
    },
    children,
  });
}

/** Arrays by names that the group lists in order; TensorFlow's variables end in `:0`. */
function namedArrays(arrays: readonly (readonly [string, ReturnType<Arrays>])[]): GroupToWrite {
  const named = new Map<string, ReturnType<Arrays>>();
  const counts = new Map<string, number>();
  for (const [name, array] of arrays) {
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    named.set(`${name}${count === 0 ? '' : `_${count}`}:0`, array);
  }
  return { attributes: listed('weight_names', [...named.keys()]), children: nested(named) };
}

/** A list of names in as many attributes as it takes. */
function listed(name: string, texts: readonly string[]): Record<string, AttributeToWrite> {
  const longest = Math.max(1, ...texts.map((text) => new TextEncoder().encode(text).length));
  const count = Math.floor(LONGEST_LIST / longest);
  if (texts.length <= count) return { [name]: texts };
  const parts = Array.from({ length: Math.ceil(texts.length / count) }, (_, index) => index);
  return Object.fromEntries(
    parts.map((index) => [`${name}${index}`, texts.slice(index * count, (index + 1) * count)]),
  );
}

type Child = GroupToWrite | ReturnType<Arrays>;

/** Names with `/` are paths through groups. */
function nested(entries: Iterable<readonly [string, Child]>): Map<string, Child> {
  const root = new Map<string, Child>();
  for (const [path, child] of entries) {
    const names = path.split('/');
    let group = root;
    for (const name of names.slice(0, -1)) {
      const below = group.get(name) ?? { children: new Map() };
      group.set(name, below);
      group = (below as GroupToWrite).children as Map<string, Child>;
    }
    const there = group.get(names.at(-1)!);
    // Layers named `a` and `a/b`: one group for both.
    if (there && 'children' in there && 'children' in child)
      group.set(names.at(-1)!, { ...child, children: new Map([...there.children, ...child.children]) });
    else group.set(names.at(-1)!, child);
  }
  return root;
}
