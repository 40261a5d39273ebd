/** Keras's .keras archives: a configuration, and variables in HDF5 or NumPy's format; and files of such variables alone. */
import type { ModelFiles } from '../files.ts';
import { openHdf5 } from '../hdf5/file.ts';
import { isRecord, parseJson } from '../json.ts';
import type { KerasObject, StoredModel } from '../stored-model.ts';
import { zipFiles } from '../zip.ts';
import { checkTotal } from './datasets.ts';
import { asModel } from './layers.ts';
import { readNpz } from './npz.ts';
import { readStore, type StoreNode, variablesOf, weightsIn } from './store.ts';

export const METADATA = 'metadata.json';
export const CONFIG = 'config.json';
export const WEIGHTS = 'model.weights.h5';
const NUMPY_WEIGHTS = 'model.weights.npz';

/** Reads the model in the archive `path`, or its weights for the model that `architecture` describes. Throws `FormatError` that says what is wrong, and where. */
export async function readKerasArchive(
  files: ModelFiles,
  path: string,
  architecture?: KerasObject,
): Promise<StoredModel> {
  return readUnpacked(await zipFiles(files, path), architecture);
}

/** Reads the model in the folder that an archive was before it was packed. Throws `FormatError`. */
export async function readUnpacked(archive: ModelFiles, given?: KerasObject): Promise<StoredModel> {
  const where = `${archive.name}: ${CONFIG}`;
  const architecture = given ?? asModel(where, parseJson(where, await archive.read(CONFIG)));
  const { compile_config: training } = architecture;
  const numpy = await archive.size(NUMPY_WEIGHTS);
  const stored =
    numpy === undefined
      ? await fromHdf5(archive, WEIGHTS, architecture)
      : fromStore(archive.name, await readNpz(archive, NUMPY_WEIGHTS), numpy, architecture);
  return {
    ...stored,
    kerasVersion: await versionOf(archive),
    training: isRecord(training) ? training : undefined,
  };
}

async function versionOf(archive: ModelFiles): Promise<string | undefined> {
  if ((await archive.size(METADATA)) === undefined) return undefined;
  const metadata = parseJson(`${archive.name}: ${METADATA}`, await archive.read(METADATA));
  return typeof metadata.keras_version === 'string' ? metadata.keras_version : undefined;
}

/** Reads the variables in the .weights.h5 file `path`, of the model that `architecture` describes. Throws `FormatError`. */
export async function readKerasWeights(
  files: ModelFiles,
  path: string,
  architecture: KerasObject,
): Promise<StoredModel> {
  return fromHdf5(files, path, architecture);
}

async function fromHdf5(files: ModelFiles, path: string, architecture: KerasObject): Promise<StoredModel> {
  const where = files.main === path ? files.name : `${files.name}: ${path}`;
  const root = await openHdf5(where, files, path);
  return fromStore(where, await readStore(root), root.size, architecture);
}

/** `size` is that of the file in bytes. */
function fromStore(where: string, store: StoreNode, size: number, architecture: KerasObject): StoredModel {
  const weights = weightsIn(store, architecture);
  const optimizer = variablesOf(store.children.get('optimizer'));
  checkTotal(where, [...[...weights.values()].flat(), ...optimizer], size);
  return {
    format: 'Keras .keras',
    architecture,
    weights,
    order: 'layers',
    optimizerWeights: optimizer.length > 0 ? optimizer : undefined,
  };
}
