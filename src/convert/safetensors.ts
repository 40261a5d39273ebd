/** Safetensors: named arrays behind a JSON header that says where each lies; read and written as bytes. */
import { show } from '../values/dtype.ts';
import { FormatError } from '../values/errors.ts';
import { isRecord, parseJson } from './json.ts';

/** Bytes of an element, by the format's names of dtypes. */
const SIZES = {
  ...{ BOOL: 1, U8: 1, I8: 1, F8_E5M2: 1, F8_E4M3: 1 },
  ...{ I16: 2, U16: 2, F16: 2, BF16: 2 },
  ...{ I32: 4, U32: 4, F32: 4 },
  ...{ F64: 8, I64: 8, U64: 8 },
} as const;

export type SafeDType = keyof typeof SIZES;

export interface SafeArray {
  readonly dtype: SafeDType;
  readonly shape: readonly number[];
  /** Little-endian, row-major. */
  readonly bytes: Uint8Array;
}

export interface SafeFile {
  /** In the order in which their bytes lie in the file. */
  readonly arrays: ReadonlyMap<string, SafeArray>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Longest header that is read, as in the format's own library. */
const LONGEST_HEADER = 100_000_000;
const METADATA = '__metadata__';

/** The file in pieces, in order; arrays lie in it in the order of the map. Throws `FormatError` where an array has not the size of its shape. */
export function writeSafetensors({
  arrays,
  metadata,
}: Partial<SafeFile> & Pick<SafeFile, 'arrays'>): Uint8Array[] {
  const header: Record<string, unknown> = metadata === undefined ? {} : { [METADATA]: metadata };
  let at = 0;
  for (const [name, { dtype, shape, bytes }] of arrays) {
    const size = shape.reduce((product, count) => product * count, SIZES[dtype]);
    if (size !== bytes.byteLength || name === METADATA) {
      throw new FormatError(
        `safetensors: '${name}': ${bytes.byteLength} bytes for ${dtype} [${shape.join(', ')}], which has ${size}`,
      );
    }
    header[name] = { dtype, shape, data_offsets: [at, at + size] };
    at += size;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  // Blanks fill the header up, so that the arrays begin at a multiple of eight bytes.
  const begin = new Uint8Array(8 + Math.ceil(text.length / 8) * 8).fill(0x20);
  new DataView(begin.buffer).setBigUint64(0, BigInt(begin.length - 8), true);
  begin.set(text, 8);
  return [begin, ...[...arrays.values()].map(({ bytes }) => bytes)];
}

/** The arrays as views of `file`, whose name `where` is in messages. Throws `FormatError` that says what is wrong, and where. */
export function readSafetensors(where: string, file: Uint8Array): SafeFile {
  const length = headerLength(where, file, file.byteLength);
  const data = file.subarray(8 + length);
  const { entries, metadata } = readHeader(where, file.subarray(8, 8 + length), data.byteLength);
  const arrays = entries.map(({ name, dtype, shape, from, to }): [string, SafeArray] => [
    name,
    { dtype, shape, bytes: data.subarray(from, to) },
  ]);
  return { arrays: new Map(arrays), metadata };
}

/** Bytes of the header in a file of `size` bytes that starts with `begin`. Throws `FormatError`. */
export function headerLength(where: string, begin: Uint8Array, size: number): number {
  if (begin.byteLength < 8)
    throw new FormatError(`${where}: ${size} bytes; a safetensors file begins with 8 bytes of length`);
  const length = Number(new DataView(begin.buffer, begin.byteOffset, 8).getBigUint64(0, true));
  if (length > LONGEST_HEADER || length > size - 8)
    throw new FormatError(`${where}: byte 0: a header of ${length} bytes in a file of ${size}`);
  return length;
}

export interface SafeEntry {
  readonly name: string;
  readonly dtype: SafeDType;
  readonly shape: readonly number[];
  /** Bytes from the end of the header on. */
  readonly from: number;
  readonly to: number;
}

/** The arrays that a header tells of, in the order of their bytes, which are `size` in all. Throws `FormatError`. */
export function readHeader(
  where: string,
  text: Uint8Array,
  size: number,
): { entries: readonly SafeEntry[]; metadata: Readonly<Record<string, string>> } {
  const refuse = (rule: string): never => {
    throw new FormatError(`${where}: ${rule}`);
  };
  const header = parseJson(`${where}: byte 8: the header`, text);
  const { [METADATA]: metadata = {}, ...own } = header;
  if (!isRecord(metadata) || Object.values(metadata).some((value) => typeof value !== 'string'))
    refuse(`${METADATA}: use an object of strings`);
  const entries = Object.entries(own).map(([name, entry]) => ({ name, ...entryOf(where, name, entry) }));
  entries.sort((a, b) => a.from - b.from || a.to - b.to);
  let at = 0;
  for (const { name, from, to } of entries) {
    if (from !== at)
      refuse(`'${name}': begins at byte ${from} of the data; the array before it ends at ${at}`);
    if (to > size) refuse(`'${name}': ends at byte ${to}; the data has ${size}`);
    at = to;
  }
  if (at !== size) refuse(`the arrays end at byte ${at}; the data has ${size}`);
  return { entries, metadata: metadata as Record<string, string> };
}

function entryOf(where: string, name: string, entry: unknown) {
  const { dtype, shape, data_offsets: offsets } = isRecord(entry) ? entry : {};
  const wrong = (what: string, value: unknown): never => {
    throw new FormatError(`${where}: '${name}': ${what} ${show(value)}`);
  };
  if (typeof dtype !== 'string' || !Object.hasOwn(SIZES, dtype)) wrong('dtype', dtype);
  const isCounts = (value: unknown): value is number[] => Array.isArray(value) && value.every(isCount);
  if (!isCounts(shape)) return wrong('shape', shape);
  if (!isCounts(offsets) || offsets.length !== 2 || offsets[0]! > offsets[1]!)
    return wrong('data_offsets', offsets);
  const [from, to] = offsets as [number, number];
  const size = shape.reduce((product, count) => product * count, SIZES[dtype as SafeDType]);
  if (size !== to - from) wrong(`${to - from} bytes for ${dtype} of ${size} bytes, shape`, shape);
  return { dtype: dtype as SafeDType, shape, from, to };
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
