/** A table of LevelDB's, as TensorFlow keeps the index of a checkpoint in: sorted keys and values in blocks, with sums over them. */
import { FormatError } from '../../values/errors.ts';
import { crc32c, masked } from '../bytes/crc32c.ts';
import { readVarint, viewOf } from './message.ts';

const FOOTER = 48;
/** 0xdb4775248b80fb57, low word first. */
const MAGIC = [0x8b80fb57, 0xdb477524] as const;
/** Behind each block: the way it is compressed, and a sum. */
const TRAILER = 5;
const COMPRESSIONS = ['none', 'snappy'];
/** Keys repeat the beginnings of others: how many times its size a table may grow when they are written out. */
const MOST_GROWTH = 64;

interface Entry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** All entries of a table, in the order of their keys. `where` is the file in messages. Throws `FormatError`. */
export function readTable(where: string, file: Uint8Array): Entry[] {
  if (file.length < FOOTER)
    throw new FormatError(`${where}: ${file.length} bytes; a table has a footer of ${FOOTER}`);
  const view = viewOf(file);
  if (
    view.getUint32(file.length - 8, true) !== MAGIC[0] ||
    view.getUint32(file.length - 4, true) !== MAGIC[1]
  )
    throw new FormatError(`${where}: byte ${file.length - 8}: not the end of a LevelDB table`);
  const footer = file.subarray(file.length - FOOTER);
  const metaindex = handleAt(`${where}: footer`, footer, 0);
  const index = handleAt(`${where}: footer`, footer, metaindex.end);
  const room = { left: file.length * MOST_GROWTH };
  const entries = entriesOf(`${where}: index`, blockAt(where, file, index), room).flatMap(({ value }) => {
    const handle = handleAt(`${where}: index`, value, 0);
    return entriesOf(`${where}: block at byte ${handle.offset}`, blockAt(where, file, handle), room);
  });
  for (let i = 1; i < entries.length; i++) {
    if (compare(entries[i - 1]!.key, entries[i]!.key) >= 0)
      throw new FormatError(`${where}: entry ${i}: its key does not come behind the one before`);
  }
  return entries;
}

interface Handle {
  readonly offset: number;
  readonly size: number;
  readonly end: number;
}

function handleAt(where: string, bytes: Uint8Array, at: number): Handle {
  const offset = readVarint(where, bytes, at);
  const size = readVarint(where, bytes, offset.end);
  return { offset: offset.value, size: size.value, end: size.end };
}

/** The contents of a block, its sum checked. */
function blockAt(where: string, file: Uint8Array, { offset, size }: Handle): Uint8Array {
  if (offset < 0 || size < 0 || offset + size + TRAILER > file.length)
    throw new FormatError(
      `${where}: a block of ${size} bytes at byte ${offset}; the file has ${file.length}`,
    );
  const type = file[offset + size]!;
  const sum = viewOf(file).getUint32(offset + size + 1, true);
  if (masked(crc32c(file.subarray(offset, offset + size + 1))) !== sum)
    throw new FormatError(`${where}: the block at byte ${offset} is damaged: its checksum differs`);
  if (type !== 0) {
    throw new FormatError(
      `${where}: the block at byte ${offset} is compressed with ${COMPRESSIONS[type] ?? `method ${type}`}, as TensorFlow has not written it since 1.2; save the model again`,
    );
  }
  return file.subarray(offset, offset + size);
}

function entriesOf(where: string, block: Uint8Array, room: { left: number }): Entry[] {
  const restarts = block.length < 4 ? -1 : viewOf(block).getUint32(block.length - 4, true);
  const end = block.length - 4 * (restarts + 1);
  if (restarts < 0 || end < 0) throw new FormatError(`${where}: ${block.length} bytes are no block`);
  const entries: Entry[] = [];
  let last = new Uint8Array();
  for (let at = 0; at < end; ) {
    const shared = readVarint(where, block, at);
    const own = readVarint(where, block, shared.end);
    const length = readVarint(where, block, own.end);
    const [from, to] = [length.end + own.value, length.end + own.value + length.value];
    const fits = shared.value >= 0 && shared.value <= last.length && own.value >= 0 && length.value >= 0;
    if (!fits || to > end) throw new FormatError(`${where}: the entry at byte ${at} does not fit its block`);
    room.left -= shared.value + own.value;
    if (room.left < 0) throw new FormatError(`${where}: keys of more than ${MOST_GROWTH} times the file`);
    const key = new Uint8Array(shared.value + own.value);
    key.set(last.subarray(0, shared.value));
    key.set(block.subarray(length.end, from), shared.value);
    entries.push({ key, value: block.subarray(from, to) });
    last = key;
    at = to;
  }
  return entries;
}

function compare(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}
