/** `loadModel`: a trained model from its files, whatever format they have. */
import type { Tensor } from '../autograd/tensor.ts';
import { defaultEngine } from '../gpu/default-engine.ts';
import type { Engine } from '../gpu/engine.ts';
import { mixedIn } from '../nn/compile.ts';
import type { LayerClass } from '../nn/layers/registry.ts';
import type { Model } from '../nn/model.ts';
import type { Tensors } from '../nn/several.ts';
import type { PolicyLike } from '../precision/policy.ts';
import { show } from '../values/dtype.ts';
import { ArgumentError, HalftapeError } from '../values/errors.ts';
import { checkOptions } from '../values/options.ts';
import { assignStored } from './assign.ts';
import { filesInMemory, type ModelFiles } from './files.ts';
import { readModel } from './formats.ts';
import type { Json } from './json.ts';
import { modelFromConfig } from './keras/read-model.ts';
import { compileOptionsFrom } from './keras/read-training.ts';
import { trainedVariables } from './keras/trained-variables.ts';
import { restoreOptimizer } from './optimizer-variables.ts';
import type { StoredModel } from './stored-model.ts';
import { filesAt } from './url-files.ts';

export interface LoadOptions {
  /** Classes of layers of one's own, by the names that the file has for them. `ht.registerLayer` makes them known to all. */
  customObjects?: Readonly<Record<string, LayerClass>>;
  /** The policy of all layers, in place of those in the file. */
  policy?: PolicyLike;
  /** Whether to compile as the file says: by default where that is known, with a warning where it is not; true throws then. */
  compile?: boolean;
  /** Where the weights go. Default: the engine that was opened last. */
  engine?: Engine;
  /** Told the share of the weights that is there, from 0 to 1. */
  onProgress?: (share: number) => void;
}

const OPTIONS = ['customObjects', 'policy', 'engine', 'onProgress', 'compile'];

/** A URL, one file, several by their names, or what gives files by names. */
export type ModelSource =
  | string
  | URL
  | Blob
  | Uint8Array
  | ArrayBuffer
  | readonly File[]
  | Readonly<Record<string, Blob | Uint8Array>>
  | ModelFiles;

/**
 * The model in these files, found out by their contents, with its weights. Reads weight by weight, so that memory holds little more than the
 * model. Throws `FormatError` that names the place where files are not as they should be, and `ArgumentError`.
 */
export async function loadModel<In extends Tensors = Tensor, Out extends Tensors = Tensor>(
  source: ModelSource,
  options: LoadOptions = {},
): Promise<Model<In, Out>> {
  checkOptions('loadModel', options, OPTIONS);
  const { engine = defaultEngine('loadModel') } = options;
  const files = filesFrom('loadModel', source);
  return (await modelFromStored(files.name, await readModel(files), {
    ...options,
    engine,
  })) as unknown as Model<In, Out>;
}

/** The model that a reader found. Throws `FormatError`. */
export async function modelFromStored(
  where: string,
  stored: StoredModel,
  { customObjects, policy, engine, onProgress, compile }: LoadOptions & { engine: Engine },
): Promise<Model> {
  const { architecture, kerasVersion } = stored;
  const model = modelFromConfig(architecture, { where, kerasVersion, customObjects });
  if (policy !== undefined) model.dtypePolicy = policy as never;
  await assignStored(where, model, stored, engine, { onProgress });
  if (stored.training && compile !== false)
    await compileAs(where, model, stored, stored.training, {
      required: compile === true,
      asItRan: policy === undefined,
    });
  return model;
}

/** What cannot be restored leaves the model as good for predictions as it was: a warning, unless `compile` was asked for. */
async function compileAs(
  where: string,
  model: Model,
  { architecture, optimizerWeights = [] }: StoredModel,
  training: Json,
  { required, asItRan }: { readonly required: boolean; readonly asItRan: boolean },
): Promise<void> {
  try {
    const options = compileOptionsFrom(where, training);
    // This key, tf.keras's, has the optimizer as it ran, wrapped or not; Keras 3's has what `compile` was given.
    const named = asItRan && 'optimizer_config' in training && computesInFloat16(model);
    model.compile(named ? { ...options, autoScaleLoss: false } : options);
    if (optimizerWeights.length > 0)
      await restoreOptimizer(where, model.optimizer, trainedVariables(model, architecture), optimizerWeights);
  } catch (error) {
    if (required || !(error instanceof HalftapeError)) throw error;
    console.warn(
      `loadModel: the model is not compiled, since the file has what is not known: ${error.message}`,
    );
  }
}

function computesInFloat16(model: Model): boolean {
  return model.autocast !== undefined || mixedIn(model.layers).length > 0;
}

/** The files of a source. Throws `ArgumentError` for what is none. */
export function filesFrom(where: string, source: ModelSource): ModelFiles {
  if (typeof source === 'string' || source instanceof URL) return filesAt(addressOf(where, source));
  if (source instanceof ArrayBuffer) return filesFrom(where, new Uint8Array(source));
  if (source instanceof Uint8Array) return filesInMemory(new Map([['model', source]]));
  if (source instanceof Blob) return filesInMemory(new Map([[nameOf(source), source]]));
  if (Array.isArray(source) && source.every((file) => file instanceof Blob))
    return filesInMemory(new Map((source as File[]).map((file) => [nameOf(file), file])));
  if (isFiles(source)) return source;
  if (typeof source === 'object' && source !== null && Object.values(source).every(isFile))
    return filesInMemory(new Map(Object.entries(source as Record<string, Blob | Uint8Array>)));
  throw new ArgumentError(
    `${where}: ${show(source)}; use a URL, a Blob, files, or an object of them by their names`,
  );
}

function addressOf(where: string, source: string | URL): URL {
  try {
    return new URL(source, globalThis.location?.href);
  } catch (cause) {
    throw new ArgumentError(`${where}: ${show(String(source))} is no URL; paths are for 'halftape/node'`, {
      cause,
    });
  }
}

/** Of a file from a folder its path below that folder. */
function nameOf(file: Blob): string {
  const { webkitRelativePath, name = 'model' } = file as Partial<File>;
  return webkitRelativePath ? webkitRelativePath.split('/').slice(1).join('/') : name;
}

function isFile(value: unknown): boolean {
  return value instanceof Blob || value instanceof Uint8Array;
}

function isFiles(source: object): source is ModelFiles {
  return 'read' in source && typeof source.read === 'function' && 'size' in source;
}
