/** HDF5 files: groups and datasets by paths, read when they are asked for. */
import { FormatError } from '../../values/errors.ts';
import type { ModelFiles } from '../files.ts';
import { type AttributeValue, readAttribute } from './attributes.ts';
import { type Hdf5Dataset, openDataset } from './dataset.ts';
import { type Links, readLinks } from './groups.ts';
import { type Message, readMessages } from './object-header.ts';
import { Source } from './source.ts';

export type { AttributeValue, Hdf5Dataset };

const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

export interface Hdf5Group {
  readonly kind: 'group';
  /** Of messages: the file, and the path in it. */
  readonly where: string;
  /** Bytes of the file. */
  readonly size: number;
  /** Names of what is in the group, in the file's order. */
  readonly names: readonly string[];
  /** The value of an attribute; undefined where there is none. */
  attribute(name: string): Promise<AttributeValue | undefined>;
  /** What lies at a path below; undefined where nothing does. Throws `FormatError` where the way is damaged. */
  open(path: string): Promise<Hdf5Group | Hdf5Dataset | undefined>;
}

/** Whether these are the first bytes of an HDF5 file. */
export function isHdf5(begin: Uint8Array): boolean {
  return SIGNATURE.every((byte, index) => begin[index] === byte);
}

/** Opens a file of HDF5; `where` is its name in messages. Throws `FormatError` that says what is wrong, and where. */
export async function openHdf5(where: string, files: ModelFiles, path: string): Promise<Hdf5Group> {
  const size = await files.size(path);
  if (size === undefined) throw new FormatError(`${where}: no such file`);
  const source = new Source(where, files, path, size);
  const root = await rootOf(source);
  const group = await openObject(source, '', root, new Map());
  if (group?.kind !== 'group') throw new FormatError(`${where}: byte ${root}: the root is no group`);
  return group;
}

/** Where the root group lies. The superblock comes first, or behind a block of the user's of 512 bytes, 1024, 2048, ... */
async function rootOf(source: Source): Promise<number> {
  for (let at = 0; at + 48 <= source.size; at = Math.max(512, 2 * at)) {
    const cursor = await source.structure('a superblock', at, Math.min(96, source.size - at));
    if (!isHdf5(cursor.bytes(8))) continue;
    const version = cursor.u8();
    if (version > 3) cursor.fail(`a superblock of version ${version}; use 0 to 3`);
    if (version < 2) cursor.skip(4);
    const [offsets, lengths] = cursor.bytes(2);
    if (offsets !== 8 || lengths !== 8) cursor.fail(`addresses of ${offsets} and ${lengths} bytes; use 8`);
    if (version < 2) cursor.skip(version === 1 ? 13 : 9);
    else cursor.skip(1);
    const base = cursor.address() ?? 0;
    cursor.skip(version < 2 ? 3 * 8 + 8 : 2 * 8);
    source.startAt(base === 0 ? at : base);
    return cursor.address() ?? cursor.fail('no root group');
  }
  throw new FormatError(`${source.where}: no HDF5 file: its signature is not there`);
}

type Opened = Promise<Hdf5Group | Hdf5Dataset | undefined>;

async function openObject(
  source: Source,
  path: string,
  address: number,
  opened: Map<number, Opened>,
): Opened {
  const messages = await readMessages(source, address);
  const links = await readLinks(source, messages);
  return links ? groupOf(source, path, messages, links, opened) : openDataset(source, path, messages);
}

function groupOf(
  source: Source,
  path: string,
  messages: readonly Message[],
  links: Links,
  opened: Map<number, Opened>,
): Hdf5Group {
  const where = path === '' ? source.where : `${source.where}: '${path}'`;
  return {
    kind: 'group',
    where,
    size: source.size,
    names: [...links.keys()],
    attribute: (name) => readAttribute(source, messages, name),
    open: async (below) => {
      const [name = '', ...rest] = below.split('/');
      if (!links.has(name)) return undefined;
      const address = links.get(name);
      if (address === undefined) throw new FormatError(`${where}: '${name}' is a link that leads elsewhere`);
      const inner = path === '' ? name : `${path}/${name}`;
      if (!opened.has(address)) opened.set(address, openObject(source, inner, address, opened));
      const found = await opened.get(address)!;
      if (rest.length === 0) return found;
      return found?.kind === 'group' ? found.open(rest.join('/')) : undefined;
    },
  };
}
