/** Datasets of HDF5: in one piece, inside of their header, or in chunks that may be compressed. */
import { FormatError } from '../../values/errors.ts';
import type { Cursor } from '../bytes/cursor.ts';
import { checkGrowth } from '../bytes/inflate.ts';
import { bytesOf, numbersOf } from '../bytes/numbers.ts';
import { readAttribute } from './attributes.ts';
import { type Chunk, readChunks } from './chunks.ts';
import { countOf, type Datatype, readDataspace, readDatatype } from './datatype.ts';
import { type Filter, readFilters, unfiltered } from './filters.ts';
import { cursorOf, MESSAGE, type Message } from './object-header.ts';
import type { Source } from './source.ts';

export interface Hdf5Dataset {
  readonly kind: 'dataset';
  readonly shape: readonly number[];
  readonly dtype: string;
  /** Bytes of an element. */
  readonly elementSize: number;
  /** Floats as float32, integers as int32. Throws `FormatError`. */
  read(): Promise<Float32Array | Int32Array>;
}

/** The dataset with these messages; undefined of an object that is none. */
export async function openDataset(
  source: Source,
  name: string,
  messages: readonly Message[],
): Promise<Hdf5Dataset | undefined> {
  const of = (type: number) => {
    const found = messages.find((message) => message.type === type);
    return found && cursorOf(source, found);
  };
  const [space, kind, layout, filters] = [
    of(MESSAGE.dataspace),
    of(MESSAGE.datatype),
    of(MESSAGE.layout),
    of(MESSAGE.filters),
  ];
  if (!space || !kind || !layout) return undefined;
  const where = `${source.where}: '${name}'`;
  const type = readDatatype(kind);
  const shape = readDataspace(space) ?? [0];
  const count = countOf(space, shape);
  const size = count * type.size;
  checkGrowth(where, size, source.size);
  const dtype = await brainHalves(source, messages, type);
  return {
    kind: 'dataset',
    shape,
    dtype,
    elementSize: type.size,
    read: async () => {
      if (bytesOf(dtype) !== type.size)
        throw new FormatError(`${where}: elements are ${dtype}; use floats and integers`);
      const bytes = await dataOf(
        source,
        where,
        layout.from(0),
        shape,
        type,
        filters && readFilters(filters.from(0)),
      );
      return numbersOf(where, dtype, bytes, type.bigEndian);
    },
  };
}

/** Keras writes bfloat16 as elements that HDF5 does not know, and says so beside them. */
async function brainHalves(source: Source, messages: readonly Message[], type: Datatype): Promise<string> {
  if (type.size !== 2 || type.name === 'float16') return type.name;
  return (await readAttribute(source, messages, 'dtype')) === 'bfloat16' ? 'bfloat16' : type.name;
}

async function dataOf(
  source: Source,
  where: string,
  layout: Cursor,
  shape: readonly number[],
  type: Datatype,
  filters: readonly Filter[] = [],
): Promise<Uint8Array> {
  const size = shape.reduce((product, count) => product * count, type.size);
  const version = layout.u8();
  if (version !== 3 && version !== 4) layout.fail(`a layout of version ${version}; use 3 or 4`);
  const kind = layout.u8();
  if (kind === 0) return exactly(where, layout.bytes(layout.u16()), size);
  if (kind === 1) {
    const at = layout.address();
    const stored = layout.size();
    if (size === 0) return new Uint8Array(0);
    if (at === undefined) throw new FormatError(`${where}: its ${size} bytes were never written`);
    if (stored < size) throw new FormatError(`${where}: ${stored} bytes for a shape of ${size}`);
    return source.data(where, at, size);
  }
  if (kind !== 2 || version !== 3)
    layout.fail(`a layout of class ${kind}, version ${version}, whose index is not read`);
  const rank = layout.u8();
  const index = layout.address();
  const chunk = Array.from({ length: rank - 1 }, () => layout.u32());
  if (chunk.length !== shape.length || layout.u32() !== type.size || chunk.includes(0))
    layout.fail(`chunks [${chunk.join(', ')}] of a dataset [${shape.join(', ')}]`);
  const out = new Uint8Array(size);
  const bytes = chunk.reduce((product, count) => product * count, type.size);
  // Chunks reach over the ends of their dataset; never by more than a chunk.
  checkGrowth(where, bytes, source.size);
  let filled = 0;
  for (const part of size === 0 ? [] : await readChunks(source, index, chunk.length)) {
    const stored = await source.data(where, part.at, part.stored);
    const raw = await unfiltered(
      `${where}: chunk at ${part.offsets.join()}`,
      stored,
      filters,
      part.skipped,
      bytes,
    );
    filled += placed(where, out, shape, type.size, exactly(where, raw, bytes), chunk, part);
  }
  if (filled !== size) throw new FormatError(`${where}: its chunks hold ${filled} bytes of ${size}`);
  return out;
}

function exactly(where: string, bytes: Uint8Array, size: number): Uint8Array {
  if (bytes.length !== size) throw new FormatError(`${where}: ${bytes.length} bytes, not ${size}`);
  return bytes;
}

/** Copies the rows of a chunk to their places; returns how many bytes of the dataset they are. */
function placed(
  where: string,
  out: Uint8Array,
  shape: readonly number[],
  element: number,
  bytes: Uint8Array,
  chunk: readonly number[],
  { offsets }: Chunk,
): number {
  const rank = shape.length;
  if (offsets.some((offset, axis) => offset >= shape[axis]!))
    throw new FormatError(`${where}: a chunk at [${offsets.join(', ')}] of shape [${shape.join(', ')}]`);
  const extent = chunk.map((size, axis) => Math.min(size, shape[axis]! - offsets[axis]!));
  const run = (extent[rank - 1] ?? 1) * element;
  const rows = extent.slice(0, -1).reduce((product, size) => product * size, 1);
  const at = new Array<number>(Math.max(0, rank - 1)).fill(0);
  for (let row = 0; row < rows; row++) {
    let from = 0;
    let to = 0;
    for (let axis = 0; axis < rank - 1; axis++) {
      from = from * chunk[axis]! + at[axis]!;
      to = to * shape[axis]! + offsets[axis]! + at[axis]!;
    }
    from *= (chunk[rank - 1] ?? 1) * element;
    to = (to * (shape[rank - 1] ?? 1) + (offsets[rank - 1] ?? 0)) * element;
    out.set(bytes.subarray(from, from + run), to);
    for (let axis = rank - 2; axis >= 0 && ++at[axis]! === extent[axis]; axis--) at[axis] = 0;
  }
  return rows * run;
}
