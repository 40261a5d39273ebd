/** Writes Keras's legacy .h5 files, as tf.keras does; Keras 3 and TensorFlow.js's converter read them too. */
import type { AnyLayer } from '../../nn/layer.ts';
import type { Model } from '../../nn/model.ts';
import type { WriteOptions } from '../format.ts';
import { type AttributeToWrite, type GroupToWrite, writeHdf5 } from '../hdf5/write.ts';
import type { KerasObject } from '../stored-model.ts';
import { layersOf, nameOf } from './layers.ts';
import { type Arrays, arraysOf, optimizerArrays } from './variables-to-write.ts';
import { modelToConfig } from './write-model.ts';
import { trainingToConfig } from './write-training.ts';

/** The version whose files these are: Keras 3 reads them as well. */
const VERSION = '2.15.0';
/** Attributes of a group take up to this many bytes; longer lists are split. */
const LONGEST_LIST = 64_512;

/** The file in pieces, in order. Reads the weights from the GPU. Throws `ArgumentError` for what no configuration holds. */
export async function writeLegacyH5(model: Model, options: WriteOptions): Promise<Uint8Array[]> {
  const architecture = modelToConfig(model, 'keras2');
  const { includeOptimizer = true } = options;
  const training = includeOptimizer ? trainingToConfig(model, 'keras2') : undefined;
  const arrays = await arraysOf(model, options);
  const facts = { backend: 'tensorflow', keras_version: VERSION };
  const groups = layersIn(model, architecture).map(([name, layer]): [string, GroupToWrite] => {
    // What training changes comes first, as it does in `layer.weights` of tf.keras.
    const weights = layer ? [...layer.trainableVariables, ...layer.nonTrainableVariables] : [];
    return [name, namedArrays(weights.map((weight) => [weight.name, arrays(weight)]))];
  });
  const modelWeights: GroupToWrite = {
    attributes: {
      ...listed(
        'layer_names',
        groups.map(([name]) => name),
      ),
      ...facts,
    },
    children: nested([...groups, ['top_level_model_weights', namedArrays([])]]),
  };
  const children = new Map([['model_weights', modelWeights]]);
  const optimizer = training && (await optimizerArrays(model, architecture, options));
  if (optimizer) children.set('optimizer_weights', namedArrays(optimizer));
  return writeHdf5({
    attributes: {
      ...facts,
      model_config: JSON.stringify(architecture),
      ...(training ? { training_config: JSON.stringify(training) } : {}),
    },
    children,
  });
}

/** The layers that tf.keras counts: a Sequential's input is none, a functional model's is one without weights. */
function layersIn(model: Model, architecture: KerasObject): [string, AnyLayer | undefined][] {
  return (layersOf(architecture) ?? []).flatMap((json): [string, AnyLayer | undefined][] => {
    const layer = model.layers.find(({ name }) => name === nameOf(json));
    return layer || architecture.class_name !== 'Sequential' ? [[nameOf(json), layer]] : [];
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
