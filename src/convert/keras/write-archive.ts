/** Writes Keras's .keras archives, as Keras 3 does. */
import type { AnyLayer } from '../../nn/layer.ts';
import { Bidirectional } from '../../nn/layers/bidirectional.ts';
import { TimeDistributed } from '../../nn/layers/time-distributed.ts';
import { Model } from '../../nn/model.ts';
import { FormatError } from '../../values/errors.ts';
import { utf8 } from '../bytes/block.ts';
import type { WriteOptions } from '../format.ts';
import { type GroupToWrite, writeHdf5 } from '../hdf5/write.ts';
import type { KerasObject } from '../stored-model.ts';
import { writeZip } from '../zip.ts';
import { CONFIG, METADATA, WEIGHTS } from './archive.ts';
import { layersOf, nameOf, snakeCase } from './layers.ts';
import { INNER } from './store.ts';
import { type Arrays, arraysOf, optimizerArrays } from './variables-to-write.ts';
import { modelToConfig } from './write-model.ts';
import { trainingToConfig } from './write-training.ts';

/** The version whose files these are. */
const VERSION = '3.3.3';

/** The archive in pieces, in order. Reads the weights from the GPU. Throws `ArgumentError` for what no configuration holds. */
export async function writeKerasArchive(model: Model, options: WriteOptions): Promise<Uint8Array[]> {
  const architecture = modelToConfig(model, 'keras3');
  const { includeOptimizer = true } = options;
  const training = includeOptimizer ? trainingToConfig(model, 'keras3') : undefined;
  const config = { ...architecture, ...(training ? { compile_config: training } : {}) };
  // Keras writes the time of day; without it equal models are equal files.
  const metadata = { keras_version: VERSION, date_saved: '1980-01-01@00:00:00' };
  const arrays = await arraysOf(model, options);
  const root = holder(modelChildren(model, architecture, arrays));
  const optimizer = training && (await optimizerArrays(model, architecture, options));
  if (optimizer) root.children.set('optimizer', holder([], variables(optimizer.map(([, array]) => array))));
  return writeZip(
    new Map([
      [METADATA, [utf8(JSON.stringify(metadata))]],
      [CONFIG, [utf8(JSON.stringify(config))]],
      [WEIGHTS, writeHdf5(root)],
    ]),
  );
}

type Group = GroupToWrite & { readonly children: Map<string, GroupToWrite> };

/** What holds others by names, and variables of its own. */
function holder(children: Iterable<[string, GroupToWrite]>, own: GroupToWrite = variables([])): Group {
  return { children: new Map([...children, ['vars', own]]) };
}

function variables(arrays: readonly ReturnType<Arrays>[], name?: string): GroupToWrite {
  return {
    ...(name === undefined ? {} : { attributes: { name } }),
    children: new Map(arrays.map((array, index) => [String(index), array])),
  };
}

function modelChildren(model: Model, json: KerasObject, arrays: Arrays): [string, GroupToWrite][] {
  const counts = new Map<string, number>();
  const children = new Map<string, GroupToWrite>();
  for (const layer of layersOf(json) ?? []) {
    // A Sequential's input is no layer of its.
    if (json.class_name === 'Sequential' && layer.class_name === 'InputLayer') continue;
    const kind = snakeCase(layer.class_name);
    const count = counts.get(kind) ?? 0;
    counts.set(kind, count + 1);
    const own = model.layers.find(({ name }) => name === nameOf(layer));
    children.set(count === 0 ? kind : `${kind}_${count}`, own ? layerGroup(own, layer, arrays) : holder([]));
  }
  return [['layers', { children }]];
}

function layerGroup(layer: AnyLayer, json: KerasObject, arrays: Arrays): GroupToWrite {
  const held: unknown = layer;
  const own = variables([], layer.name);
  if (held instanceof Model) return holder(modelChildren(held, json, arrays), own);
  const inner = (name: string, below: unknown, config: unknown): [string, GroupToWrite] => [
    name,
    layerGroup(below as AnyLayer, config as KerasObject, arrays),
  ];
  if (held instanceof TimeDistributed) return holder([inner('layer', held.layer, json.config.layer)], own);
  if (held instanceof Bidirectional) {
    const { layer: forward, backward_layer: backward = forward } = json.config;
    return holder(
      [
        inner('forward_layer', held.forwardLayer, forward),
        inner('backward_layer', held.backwardLayer, backward),
      ],
      own,
    );
  }
  const weights = layer.weights.map(arrays);
  const parts = INNER[json.class_name] ?? [];
  if (parts.length === 0) return holder([], variables(weights, layer.name));
  const each = weights.length / parts.length;
  if (!Number.isInteger(each))
    throw new FormatError(`${layer.name}: ${weights.length} weights for Keras's ${parts.join(', ')}`);
  return holder(
    parts.map((name, i) => [name, holder([], variables(weights.slice(i * each, (i + 1) * each)))]),
    own,
  );
}
