/** `inspect`: what the files of a trained model hold, layer by layer, and what float16 would make of their weights. Needs no GPU. */
import type { Model } from '../nn/model.ts';
import { FormatError } from '../values/errors.ts';
import type { Shape } from '../values/shape.ts';
import { sizeOf } from '../values/shape.ts';
import type { ModelFiles } from './files.ts';
import { readModel } from './formats.ts';
import type { GraphInspection } from './graph-inspection.ts';
import { inspectGraph } from './inspect-graph.ts';
import { type InspectedLayer, Inspection, type InspectOptions } from './inspection.ts';
import { layersOf, nameOf } from './keras/layers.ts';
import { modelFromConfig } from './keras/read-model.ts';
import { joined, type Range, rangeOf } from './ranges.ts';
import type { KerasObject, StoredModel, StoredTensor } from './stored-model.ts';
import { graphJsonIn } from './tfjs/graph-model.ts';

/**
 * Reads the model in `files`, of whatever format. A model that cannot be run here, such as one with layers that nobody registered, is shown all the
 * same, with the reason. Throws `FormatError` where the files are broken or of no known format.
 */
export async function inspect(
  files: ModelFiles,
  options: InspectOptions = {},
): Promise<Inspection | GraphInspection> {
  const graph = await graphJsonIn(files);
  if (graph) return inspectGraph(files, graph, options);
  const stored = await readModel(files);
  const { model, reason } = modelOf(files.name, stored);
  const ranges = await rangesOf(stored, options.onProgress);
  const layers = model
    ? model.summaryRows().map(({ layer, shapes }): InspectedLayer => {
        const { computeDtype, variableDtype } = layer.policy;
        return {
          ...{ name: layer.name, kind: layer.constructor.name, shapes },
          precision: `${computeDtype} / ${variableDtype}`,
          ...weightsOf(stored, layer.name, ranges),
        };
      })
    : (layersOf(stored.architecture) ?? []).map((layer): InspectedLayer => {
        const name = nameOf(layer);
        return {
          ...{ name, kind: layer.class_name, shapes: undefined, precision: dtypeIn(layer) },
          ...weightsOf(stored, name, ranges),
        };
      });
  return new Inspection(stored, layers, reason);
}

function modelOf(
  where: string,
  { architecture, kerasVersion }: StoredModel,
): { readonly model?: Model; readonly reason?: string } {
  try {
    return { model: modelFromConfig(architecture, { where, kerasVersion }) };
  } catch (error) {
    if (error instanceof FormatError) return { reason: error.message };
    throw error;
  }
}

/** By layer; of those that have floats. */
async function rangesOf(
  { weights }: StoredModel,
  onProgress: (share: number) => void = () => {},
): Promise<ReadonlyMap<string, Range>> {
  const found = new Map<string, Range>();
  const total = [...weights.values()].flat().reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  let done = 0;
  for (const [name, tensors] of weights) {
    for (const tensor of tensors) {
      const values = await tensor.read();
      done += values.length;
      onProgress(done / total);
      if (!(values instanceof Float32Array)) continue;
      const before = found.get(name);
      found.set(name, before ? joined(before, rangeOf(values)) : rangeOf(values));
    }
  }
  return found;
}

function weightsOf({ weights }: StoredModel, name: string, ranges: ReadonlyMap<string, Range>) {
  const tensors: readonly StoredTensor[] = weights.get(name) ?? [];
  const count = tensors.reduce((sum, { shape }: { shape: Shape }) => sum + sizeOf(shape), 0);
  return {
    weights: count,
    stored: [...new Set(tensors.map(({ dtype }) => dtype))].join(', '),
    range: ranges.get(name),
  };
}

/** Of a layer that is not made: its configuration's word, a name or an object with one. */
function dtypeIn({ config: { dtype } }: KerasObject): string {
  if (typeof dtype === 'string') return dtype;
  const name = (dtype as { config?: { name?: unknown } } | undefined)?.config?.name;
  return typeof name === 'string' ? name : '?';
}
