/** Variables in NumPy's .npz: an archive of dictionaries, one for each holder's path. */
import { FormatError } from '../../values/errors.ts';
import { Cursor } from '../bytes/cursor.ts';
import { bytesOf, numbersOf } from '../bytes/numbers.ts';
import { PickledArray, readPickle } from '../bytes/pickle.ts';
import type { ModelFiles } from '../files.ts';
import type { StoredTensor } from '../stored-model.ts';
import { zipFiles } from '../zip.ts';
import { emptyNode, nodeAt, type StoreNode } from './store.ts';

const ROOT = '__root__';
const KINDS: Readonly<Record<string, string>> = { f: 'float', i: 'int', u: 'uint', b: 'bool' };

/** Throws `FormatError` that says what is wrong, and where. */
export async function readNpz(files: ModelFiles, path: string): Promise<StoreNode> {
  const archive = await zipFiles(files, path);
  const store = emptyNode();
  for (const member of (await archive.list())!) {
    const where = `${files.name}: ${path}: ${member}`;
    const holder = member.replace(/\.npy$/, '');
    const node = nodeAt(store, holder === ROOT ? [] : holder.split('/'));
    for (const [name, value] of dictionaryIn(where, await archive.read(member)))
      node.variables.set(Number(name), tensorOf(where, `${holder}/${name}`, value));
  }
  return store;
}

/** The dictionary that is the only element of an array of objects. */
function dictionaryIn(where: string, bytes: Uint8Array): ReadonlyMap<unknown, unknown> {
  const cursor = new Cursor(where, bytes, 0);
  cursor.skip(1);
  cursor.signature('NUMPY');
  const version = cursor.u8();
  cursor.skip(1);
  cursor.skip(version === 1 ? cursor.u16() : cursor.u32());
  const array = readPickle(cursor);
  const [dictionary] = array instanceof PickledArray && Array.isArray(array.values) ? array.values : [];
  if (dictionary instanceof Map) return dictionary;
  throw new FormatError(`${where}: no dictionary of variables`);
}

function tensorOf(where: string, name: string, value: unknown): StoredTensor {
  if (!(value instanceof PickledArray && value.values instanceof Uint8Array))
    throw new FormatError(`${where}: '${name}' is no array`);
  const { shape, kind, values, bigEndian } = value;
  const bits = kind.startsWith('b') ? '' : 8 * Number(kind.slice(1));
  const dtype = `${KINDS[kind[0]!] ?? kind}${bits}`;
  const size = shape.reduce((product, count) => product * count, bytesOf(dtype) ?? Number.NaN);
  if (size !== values.length)
    throw new FormatError(`${where}: '${name}': ${values.length} bytes of ${dtype} [${shape.join(', ')}]`);
  return { name, shape, dtype, read: async () => numbersOf(`${where}: '${name}'`, dtype, values, bigEndian) };
}
