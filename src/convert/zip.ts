/** Zip archives as models come in: read in place, file by file; written uncompressed, as Keras writes them. */
import { FormatError } from '../values/errors.ts';
import { Block } from './bytes/block.ts';
import { crc32 } from './bytes/crc32.ts';
import { Cursor } from './bytes/cursor.ts';
import { checkGrowth, inflated } from './bytes/inflate.ts';
import type { ByteRange, ModelFiles } from './files.ts';

const LOCAL = 0x0403_4b50;
const CENTRAL = 0x0201_4b50;
const END = 0x0605_4b50;
const END_64 = 0x0606_4b50;
const LOCATOR_64 = 0x0706_4b50;
/** Bytes of the end of an archive without its comment, and the longest comment. */
const END_SIZE = 22;
const LONGEST_COMMENT = 0xffff;
/** What a field of 32 bits has where its value stands in 64 bits elsewhere. */
const ELSEWHERE = 0xffff_ffff;
const STORED = 0;
const DEFLATED = 8;

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  /** Bytes in the archive, and as a file. */
  readonly stored: number;
  readonly size: number;
  readonly header: number;
}

/** Whether these are the first bytes of an archive with files in it. */
export function isZip(begin: Uint8Array): boolean {
  return begin.length >= 4 && new DataView(begin.buffer, begin.byteOffset).getUint32(0, true) === LOCAL;
}

/** The files in the archive `path` of `files`. Throws `FormatError` that says what is wrong, and where. */
export async function zipFiles(files: ModelFiles, path: string): Promise<ModelFiles> {
  const where = files.main === path ? files.name : `${files.name}: ${path}`;
  const size = await files.size(path);
  if (size === undefined) throw new FormatError(`${where}: no such file`);
  const cursorAt = async (from: number, length: number): Promise<Cursor> => {
    if (from + length > size)
      throw new FormatError(`${where}: byte ${from}: ${length} bytes leave the archive, which has ${size}`);
    return new Cursor(where, await files.read(path, { from, to: from + length }), from);
  };
  const entries = new Map<string, Entry>();
  let total = 0;
  for (const entry of await directoryOf(where, size, cursorAt)) {
    if (leaves(entry.name)) throw new FormatError(`${where}: '${entry.name}' leaves the archive`);
    if (entries.has(entry.name)) throw new FormatError(`${where}: '${entry.name}' is in it twice`);
    if (entry.method !== STORED && entry.method !== DEFLATED)
      throw new FormatError(`${where}: '${entry.name}': compression ${entry.method}; use 0 or 8`);
    entries.set(entry.name, entry);
    total += entry.size;
  }
  checkGrowth(where, total, size);

  /** Where the bytes of an entry begin. */
  const startOf = async (entry: Entry): Promise<number> => {
    const local = await cursorAt(entry.header, 30);
    if (local.u32() !== LOCAL) local.fail(`'${entry.name}' does not begin here`);
    local.skip(22);
    const start = entry.header + 30 + local.u16() + local.u16();
    if (start + entry.stored > size)
      throw new FormatError(
        `${where}: '${entry.name}': ${entry.stored} bytes leave the archive, which has ${size}`,
      );
    return start;
  };
  const expanded = new Map<Entry, Promise<Uint8Array>>();
  const expand = async (entry: Entry): Promise<Uint8Array> => {
    const start = await startOf(entry);
    const bytes = await files.read(path, { from: start, to: start + entry.stored });
    // Between gzip's header and its end, which has the checksum that the archive tells.
    const begin = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff);
    const end = new Block().u32(entry.crc, entry.size % 2 ** 32).done();
    return inflated(`${where}: '${entry.name}'`, 'gzip', [begin, bytes, end], entry.size);
  };

  const read = async (name: string, range?: ByteRange): Promise<Uint8Array> => {
    const entry = entries.get(name);
    if (!entry) throw new FormatError(`${where}: it holds no '${name}'`);
    const { from, to } = range ?? { from: 0, to: entry.size };
    if (from > to || to > entry.size)
      throw new FormatError(`${where}: '${name}': bytes ${from} to ${to} of ${entry.size}`);
    if (entry.method === DEFLATED) {
      if (!expanded.has(entry)) expanded.set(entry, expand(entry));
      return (await expanded.get(entry)!).subarray(from, to);
    }
    const start = await startOf(entry);
    const bytes = await files.read(path, { from: start + from, to: start + to });
    if (bytes.length === entry.size && crc32([bytes]) !== entry.crc)
      throw new FormatError(`${where}: '${name}' is damaged: its checksum is another`);
    return bytes;
  };
  return {
    name: files.name,
    main: undefined,
    list: async () => [...entries.keys()],
    size: async (name) => entries.get(name)?.size,
    read,
  };
}

/** Whether a name leads out of the folder that the archive is. */
function leaves(name: string): boolean {
  return /^[/\\]|^[A-Za-z]:|\0/.test(name) || name.split(/[/\\]/).includes('..');
}

async function directoryOf(
  where: string,
  size: number,
  cursorAt: (from: number, length: number) => Promise<Cursor>,
): Promise<Entry[]> {
  const tail = Math.min(size, END_SIZE + LONGEST_COMMENT);
  const last = await cursorAt(size - tail, tail);
  for (let at = tail - END_SIZE; at >= 0; at--) {
    const end = last.from(at);
    if (end.u32() !== END) continue;
    end.skip(6);
    let count = end.u16();
    let length = end.u32();
    let from = end.u32();
    if (end.u16() !== end.left) continue;
    if (from === ELSEWHERE || length === ELSEWHERE || count === 0xffff) {
      const locator = await cursorAt(Math.max(0, size - tail + at - 20), 20);
      if (locator.u32() !== LOCATOR_64) locator.fail('no locator of a long directory is here');
      locator.skip(4);
      const long = await cursorAt(locator.size(), 56);
      if (long.u32() !== END_64) long.fail('no end of a long directory is here');
      long.skip(28);
      [count, length, from] = [long.size(), long.size(), long.size()];
    }
    if (count * 46 > length)
      throw new FormatError(`${where}: ${count} files in a directory of ${length} bytes`);
    const directory = await cursorAt(from, length);
    return Array.from({ length: count }, () => entryOf(directory));
  }
  throw new FormatError(`${where}: no zip archive: its directory is not there`);
}

function entryOf(directory: Cursor): Entry {
  if (directory.u32() !== CENTRAL) directory.fail('no file of the archive is here');
  directory.skip(4);
  if (directory.u16() & 1) directory.fail('an encrypted file; use archives without them');
  const method = directory.u16();
  directory.skip(4);
  const crc = directory.u32();
  let stored = directory.u32();
  let size = directory.u32();
  const [nameLength, extraLength, commentLength] = [directory.u16(), directory.u16(), directory.u16()];
  directory.skip(8);
  let header = directory.u32();
  const name = directory.text(nameLength);
  const extra = directory.part(extraLength);
  directory.skip(commentLength);
  while (extra.left >= 4) {
    const id = extra.u16();
    const field = extra.part(extra.u16());
    if (id !== 1) continue;
    if (size === ELSEWHERE) size = field.size();
    if (stored === ELSEWHERE) stored = field.size();
    if (header === ELSEWHERE) header = field.size();
  }
  if (method === STORED && stored !== size)
    directory.fail(`'${name}': ${stored} bytes for a file of ${size}, uncompressed`);
  return { name, method, crc, stored, size, header };
}

/** An archive in pieces, in order, among them those of the files as they are. Throws `FormatError` from 4 GB on. */
export function writeZip(files: ReadonlyMap<string, readonly Uint8Array[]>): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  const directory = new Block();
  let at = 0;
  for (const [name, content] of files) {
    const size = content.reduce((sum, piece) => sum + piece.length, 0);
    const title = new TextEncoder().encode(name);
    if (at + size >= ELSEWHERE)
      throw new FormatError(`zip: '${name}' ends behind 4 GB; write weights of that size as safetensors`);
    // Version 2.0, names in UTF-8, uncompressed, first of January 1980.
    const facts = new Block()
      .u16(20, 0x800, STORED, 0, 0x21)
      .u32(crc32(content), size, size)
      .u16(title.length, 0)
      .done();
    directory.u32(CENTRAL).u16(20).bytes(facts).u16(0, 0, 0).u32(0, at).bytes(title);
    pieces.push(new Block().u32(LOCAL).bytes(facts).bytes(title).done(), ...content);
    at += 30 + title.length + size;
  }
  const end = new Block().u32(END).u16(0, 0, files.size, files.size).u32(directory.size, at).u16(0);
  return [...pieces, directory.done(), end.done()];
}
