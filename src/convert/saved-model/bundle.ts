/** The variables of a checkpoint: an index of names, shapes and places, and files of bytes (TensorFlow's tensor bundle). */
import { FormatError } from '../../values/errors.ts';
import { type Shape, showShape, sizeOf } from '../../values/shape.ts';
import { crc32c, masked } from '../bytes/crc32c.ts';
import type { ModelFiles } from '../files.ts';
import { typeName } from '../graph/attributes.ts';
import type { StoredTensor } from '../stored-model.ts';
import { Message, readVarint, textOf, viewOf } from './message.ts';
import { sliceKeyOf, type TensorSlice } from './ordered-code.ts';
import { readTable } from './table.ts';
import { decoded, emptyOf, KINDS, type Kind, place, type Values } from './values.ts';

interface Entry {
  readonly where: string;
  /** A name such as `DT_FLOAT`. */
  readonly type: string;
  readonly shape: Shape;
  readonly shard: number;
  readonly offset: number;
  readonly size: number;
  readonly crc: number;
  /** Parts with entries of their own, of a variable that was partitioned. */
  readonly slices: readonly TensorSlice[];
}

/** Longest text that is read: the graph of objects. */
const LONGEST_TEXT = 2 ** 28;

export class Bundle {
  readonly #files: ModelFiles;
  /** Of the files, such as `variables/variables`. */
  readonly #prefix: string;
  readonly #shards: number;
  readonly #entries: ReadonlyMap<string, Entry>;
  readonly #parts: ReadonlyMap<string, Entry>;

  private constructor(
    files: ModelFiles,
    prefix: string,
    shards: number,
    entries: ReadonlyMap<string, Entry>,
    parts: ReadonlyMap<string, Entry>,
  ) {
    this.#files = files;
    this.#prefix = prefix;
    this.#shards = shards;
    this.#entries = entries;
    this.#parts = parts;
  }

  /** Reads the index alone. Throws `FormatError`. */
  static async open(files: ModelFiles, prefix: string): Promise<Bundle> {
    const where = `${files.name}: ${prefix}.index`;
    const [first, ...rest] = readTable(where, await files.read(`${prefix}.index`));
    if (!first || first.key.length > 0) throw new FormatError(`${where}: it has no header`);
    const header = new Message(`${where}: header`, first.value);
    if (header.int(2) !== 0) throw new FormatError(`${where}: its numbers are big-endian`);
    const shards = header.int(1);
    if (shards < 1 || shards > 99999) throw new FormatError(`${where}: ${shards} files of variables`);
    const entries = new Map<string, Entry>();
    const parts = new Map<string, Entry>();
    for (const { key, value } of rest) {
      if (key[0] === 0) {
        const slice = sliceKeyOf(where, key);
        parts.set(partKey(slice.name, slice), entryOf(`${where}: a part of ${slice.name}`, value));
      } else {
        const name = textOf(key);
        entries.set(name, entryOf(`${where}: ${name}`, value));
      }
    }
    return new Bundle(files, prefix, shards, entries, parts);
  }

  get keys(): readonly string[] {
    return [...this.#entries.keys()];
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /** The variable under `key`, read when asked for. Throws `FormatError` where there is none, or its size is not that of its shape. */
  tensor(key: string): StoredTensor {
    const entry = this.#entry(key);
    const { type, shape } = entry;
    const found = KINDS[type];
    if (!found) throw new FormatError(`${entry.where}: ${type}; use numbers or bools`);
    const pieces = entry.slices.map((slice) => ({ slice, part: this.#part(key, slice, entry) }));
    if (pieces.length === 0) checkSize(entry, found);
    else
      checkCover(
        entry,
        pieces.map(({ part }) => part),
      );
    const read = async (): Promise<Values> => {
      if (pieces.length === 0) return decoded(entry.where, found, await this.#bytes(entry), sizeOf(shape));
      const whole = emptyOf(found, sizeOf(shape));
      for (const { slice, part } of pieces)
        place(
          decoded(part.where, found, await this.#bytes(part), sizeOf(part.shape)),
          part.shape,
          whole,
          shape,
          slice,
        );
      return whole;
    };
    return { name: key, shape, dtype: found.name, read };
  }

  /** The one text under `key`. Throws `FormatError`. */
  async text(key: string): Promise<Uint8Array> {
    const entry = this.#entry(key);
    const { where, type, shape, size } = entry;
    if (type !== 'DT_STRING' || sizeOf(shape) !== 1 || entry.slices.length > 0 || size > LONGEST_TEXT)
      throw new FormatError(`${where}: ${type} ${showShape(shape)} of ${size} bytes; use one text`);
    const bytes = await this.#bytes(entry, false);
    // Its length, a sum over that length as 32 bits, the text; the sum of the entry is over the same.
    const length = readVarint(where, bytes, 0);
    const start = length.end + 4;
    if (length.value < 0 || start + length.value !== bytes.length)
      throw new FormatError(`${where}: a text of ${length.value} bytes in ${bytes.length}`);
    const wide = new Uint8Array(length.value > 0xffffffff ? 8 : 4);
    viewOf(wide).setUint32(0, length.value, true);
    const rest = bytes.subarray(length.end);
    if (masked(crc32c(rest, crc32c(wide))) !== entry.crc) damaged(where);
    return bytes.subarray(start);
  }

  #entry(key: string): Entry {
    const entry = this.#entries.get(key);
    if (!entry) throw new FormatError(`${this.#files.name}: ${this.#prefix}.index: no variable '${key}'`);
    return entry;
  }

  #part(key: string, slice: TensorSlice, whole: Entry): Entry {
    const part = this.#parts.get(partKey(key, slice));
    if (!part) throw new FormatError(`${whole.where}: its part ${show(slice)} is not there`);
    const shape = whole.shape.map((size, axis) => (slice.length[axis] === -1 ? size : slice.length[axis]!));
    const fits =
      slice.start.length === whole.shape.length &&
      part.type === whole.type &&
      shape.every((size, axis) => {
        const from = Math.max(0, slice.start[axis]!);
        return size === part.shape[axis] && from + size <= whole.shape[axis]!;
      });
    if (!fits || part.slices.length > 0)
      throw new FormatError(`${part.where}: ${show(slice)} does not fit ${showShape(whole.shape)}`);
    checkSize(part, KINDS[part.type]!);
    return part;
  }

  async #bytes({ where, shard, offset, size, crc }: Entry, checks = true): Promise<Uint8Array> {
    if (shard < 0 || shard >= this.#shards)
      throw new FormatError(`${where}: in file ${shard} of ${this.#shards}`);
    const number = (value: number) => String(value).padStart(5, '0');
    const path = `${this.#prefix}.data-${number(shard)}-of-${number(this.#shards)}`;
    const bytes = await this.#files.read(path, { from: offset, to: offset + size });
    if (bytes.length !== size)
      throw new FormatError(`${where}: ${bytes.length} of its ${size} bytes are in ${path}`);
    if (checks && masked(crc32c(bytes)) !== crc) damaged(where);
    return bytes;
  }
}

function damaged(where: string): never {
  throw new FormatError(`${where}: damaged: its checksum differs`);
}

function entryOf(where: string, value: Uint8Array): Entry {
  const entry = new Message(where, value);
  const shape = shapeOf(entry.message(2, 'shape'));
  const [offset, size] = [entry.int(4), entry.int(5)];
  if (offset < 0 || size < 0) throw new FormatError(`${where}: ${size} bytes from byte ${offset} on`);
  if (shape.some((own) => own < 0) || !Number.isSafeInteger(sizeOf(shape)))
    throw new FormatError(`${where}: shape ${showShape(shape)}`);
  return {
    ...{
      where,
      shape,
      offset,
      size,
      type: typeName(entry.int(1)),
      shard: entry.int(3),
      crc: entry.fixed32(6),
    },
    slices: entry.messages(7, 'part').map((slice) => {
      const extents = slice.messages(1, 'extent');
      return {
        start: extents.map((extent) => (extent.has(2) ? extent.int(1) : -1)),
        length: extents.map((extent) => (extent.has(2) ? extent.int(2) : -1)),
      };
    }),
  };
}

/** Of a `TensorShapeProto` whose rank is known. */
export function shapeOf(message: Message): number[] {
  return message.messages(2, 'dim').map((dim) => dim.int(1));
}

function partKey(name: string, { start, length }: TensorSlice): string {
  return JSON.stringify([name, start.map((from, axis) => (length[axis] === -1 ? 0 : from)), length]);
}

function show({ start, length }: TensorSlice): string {
  return start.map((from, axis) => (length[axis] === -1 ? '-' : `${from},${length[axis]}`)).join(':');
}

function checkSize({ where, shape, size }: Entry, { bytes, name }: Kind): void {
  if (size !== sizeOf(shape) * bytes)
    throw new FormatError(
      `${where}: ${size} bytes for ${name} ${showShape(shape)} of ${sizeOf(shape) * bytes}`,
    );
}

function checkCover({ where, shape }: Entry, parts: readonly Entry[]): void {
  const covered = parts.reduce((sum, part) => sum + sizeOf(part.shape), 0);
  if (covered !== sizeOf(shape))
    throw new FormatError(`${where}: its parts have ${covered} elements; it has ${sizeOf(shape)}`);
}
