/** Writes Keras's .keras archives, and .weights.h5 files, as Keras 3 does. */
import type { AnyLayer } from '../../nn/layer.ts';
import { Bidirectional } from '../../nn/layers/bidirectional.ts';
import { TimeDistributed } from '../../nn/layers/time-distributed.ts';
import { Model } from '../../nn/model.ts';
import { FormatError } from '../../values/errors.ts';
import { utf8 } from '../bytes/block.ts';
import { type GroupToWrite, writeHdf5 } from '../hdf5/write.ts';
import type { OptimizerVariable } from '../optimizer-variables.ts';
import type { KerasObject } from '../stored-model.ts';
import { writeZip } from '../zip.ts';
import { CONFIG, METADATA, WEIGHTS } from './archive.ts';
import { layersOf, nameOf, snakeCase } from './layers.ts';
import { INNER } from './store.ts';
import { type Arrays, arraysOf, optimizerArray, type WeightOptions } from './variables-to-write.ts';

export interface KerasToWrite {
  readonly model: Model;
  /** In the form of Keras 3, with `compile_config` where it is compiled. */
  readonly architecture: KerasObject;
  readonly kerasVersion: string;
  /** Of the compiled optimizer, in Keras's order. */
  readonly optimizer?: readonly OptimizerVariable[] | undefined;
}

/** The archive in pieces, in order. Reads the weights from the GPU. */
export async function writeKerasArchive(
  { architecture, kerasVersion, ...stored }: KerasToWrite,
  options: WeightOptions = {},
): Promise<Uint8Array[]> {
  // Keras writes the time of day; without it equal models are equal files.
  const metadata = { keras_version: kerasVersion, date_saved: '1980-01-01@00:00:00' };
  const weights = await writeKerasWeights({ architecture, ...stored }, options);
  return writeZip(
    new Map([
      [METADATA, [utf8(JSON.stringify(metadata))]],
      [CONFIG, [utf8(JSON.stringify(architecture))]],
      [WEIGHTS, weights],
    ]),
  );
}

/** The .weights.h5 file in pieces. */
export async function writeKerasWeights(
  { model, architecture, optimizer }: Omit<KerasToWrite, 'kerasVersion'>,
  options: WeightOptions = {},
): Promise<Uint8Array[]> {
  const arrays = await arraysOf(model.weights, options);
  const root = holder(modelChildren(model, architecture, arrays));
  if (optimizer) root.children.set('optimizer', holder([], variables(optimizer.map(optimizerArray))));
  return writeHdf5(root);
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
