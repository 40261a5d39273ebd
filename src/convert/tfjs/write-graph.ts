/** TensorFlow.js graph-models, written again: the same graph, its weights as they were or as halves, and rules of precision beside it. */
import type { AutocastOptions } from '../../precision/autocast.ts';
import { HALF_MAX, toHalves } from '../../values/half.ts';
import { sizeOf } from '../../values/shape.ts';
import type { ModelFiles } from '../files.ts';
import type { WrittenFile } from '../format.ts';
import type { Place } from '../json.ts';
import { RULES, rulesToConfig } from '../precision-rules.ts';
import { type ManifestTensor, tensorsIn } from './manifest.ts';
import { writtenShards } from './shards.ts';

export interface WriteGraphOptions {
  /** Arrays of float32 as halves, where all their values are within float16's range. Default false: bytes as they are. */
  readonly halfWeights?: boolean | undefined;
  /** What models that are loaded from it run by. Default: what the file says. */
  readonly autocast?: AutocastOptions | undefined;
}

/** The files of the graph-model whose `model.json` is `file`, that one last. Throws `FormatError`. */
export async function* writeGraphModel(
  files: ModelFiles,
  file: Place,
  { halfWeights = false, autocast }: WriteGraphOptions,
): AsyncGenerator<WrittenFile> {
  const tensors = await tensorsIn(file.at('weightsManifest'), files);
  const halved = new Set<ManifestTensor>();
  if (halfWeights) for (const tensor of tensors) if (await fitsHalves(tensor)) halved.add(tensor);
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (const tensor of tensors)
      yield halved.has(tensor)
        ? new Uint8Array(toHalves((await tensor.read()) as Float32Array).buffer)
        : await tensor.bytes();
  }
  const bytes = tensors.map((tensor) => (halved.has(tensor) ? 2 * sizeOf(tensor.shape) : tensor.byteLength));
  const paths: string[] = [];
  for await (const shard of writtenShards(
    pieces(),
    bytes.reduce((sum, size) => sum + size, 0),
  )) {
    paths.push(shard.path);
    yield shard;
  }
  const weights = tensors.map((tensor) => ({
    ...tensor.entry,
    ...(halved.has(tensor) ? { quantization: { dtype: 'float16', original_dtype: 'float32' } } : {}),
  }));
  const rules = rulesToConfig(autocast);
  const json = {
    ...file.record,
    ...(rules ? { [RULES]: rules } : {}),
    weightsManifest: [{ paths, weights }],
  };
  yield { path: 'model.json', bytes: [new TextEncoder().encode(JSON.stringify(json))] };
}

/** Scalars stay: they are what graphs add to variances, or clip to. */
async function fitsHalves(tensor: ManifestTensor): Promise<boolean> {
  if (tensor.dtype !== 'float32' || tensor.entry.quantization || tensor.shape.length === 0) return false;
  const values = await tensor.read();
  // Where one is NaN, none is.
  return (values as Float32Array).every((value) => Math.abs(value) <= HALF_MAX);
}
