/** Filters of chunks in HDF5: gzip, byte shuffling, checksums. */
import { FormatError } from '../../values/errors.ts';
import type { Cursor } from '../bytes/cursor.ts';
import { inflated } from '../bytes/inflate.ts';

export interface Filter {
  readonly id: number;
  /** Of shuffling: bytes of an element. */
  readonly element: number;
}

const GZIP = 1;
const SHUFFLE = 2;
const FLETCHER = 3;

/** The filters in the order in which the writer applied them. */
export function readFilters(cursor: Cursor): Filter[] {
  const version = cursor.u8();
  if (version !== 1 && version !== 2) cursor.fail(`filters of version ${version}; use 1 or 2`);
  const count = cursor.u8();
  if (version === 1) cursor.skip(6);
  return Array.from({ length: count }, () => {
    const id = cursor.u16();
    const name = version === 1 || id > 255 ? cursor.u16() : 0;
    cursor.skip(2);
    const values = cursor.u16();
    cursor.skip(version === 1 ? Math.ceil(name / 8) * 8 : name);
    const element = values > 0 ? cursor.u32() : 1;
    cursor.skip(4 * Math.max(0, values - 1) + (version === 1 && values % 2 === 1 ? 4 : 0));
    return { id, element };
  });
}

/** A chunk as it was before its filters; `size` bytes. */
export async function unfiltered(
  where: string,
  stored: Uint8Array,
  filters: readonly Filter[],
  skipped: number,
  size: number,
): Promise<Uint8Array> {
  let bytes = stored;
  // Checksums that were put on before compression came are inside of it.
  let checksums = filters.filter(({ id }, at) => id === FLETCHER && !((skipped >> at) & 1)).length;
  for (const [at, { id, element }] of [...filters.entries()].reverse()) {
    if ((skipped >> at) & 1) continue;
    if (id === GZIP) bytes = await inflated(where, 'deflate', [bytes], size + 4 * checksums);
    else if (id === SHUFFLE) bytes = unshuffled(bytes, element);
    else if (id === FLETCHER) {
      bytes = bytes.subarray(0, Math.max(0, bytes.length - 4));
      checksums--;
    } else throw new FormatError(`${where}: filter ${id}; use gzip, shuffle and fletcher32`);
  }
  return bytes;
}

/** Shuffled bytes have all first bytes of elements first, then all second ones. */
function unshuffled(bytes: Uint8Array, element: number): Uint8Array {
  const count = Math.floor(bytes.length / Math.max(1, element));
  const out = new Uint8Array(bytes);
  for (let byte = 0; byte < element && count > 0; byte++)
    for (let index = 0; index < count; index++) out[index * element + byte] = bytes[byte * count + index]!;
  return out;
}
