/** Fractal heaps: where HDF5 keeps links and attributes that are too many or too large for an object's header. */

import type { Cursor } from '../bytes/cursor.ts';
import { readRecords } from './btree2.ts';
import type { Source } from './source.ts';

export interface FractalHeap {
  /** The object that an id of the heap names. */
  read(id: Cursor): Promise<Cursor>;
}

export async function openHeap(source: Source, address: number | undefined): Promise<FractalHeap> {
  const header = await source.structure('a heap', address, 146);
  header.signature('FRHP');
  header.skip(1);
  const idLength = header.u16();
  if (header.u16() > 0) header.fail('a heap that is compressed; use files without them');
  header.skip(1);
  const largest = header.u32();
  header.skip(8);
  const hugeTree = header.address();
  header.skip(8 * 10);
  const width = header.u16();
  const startSize = header.size();
  const directSize = header.size();
  const offsetBytes = Math.ceil(header.u16() / 8);
  header.skip(2);
  const root = header.address();
  const rootRows = header.u16();
  const sound = [width, startSize, directSize, largest].every((size) => size > 0) && startSize <= directSize;
  if (!sound || offsetBytes === 0 || offsetBytes > 7) header.fail('a heap of impossible sizes');
  const lengthBytes = Math.min(Math.ceil(log2(directSize) / 8), Math.ceil(log2(largest) / 8));
  /** Rows whose blocks hold objects, not blocks. */
  const directRows = log2(directSize) - log2(startSize) + 2;
  const rowSize = (row: number) => startSize * 2 ** Math.max(0, row - 1);

  const find = async (
    block: number | undefined,
    rows: number,
    offset: number,
  ): Promise<[number | undefined, number]> => {
    const prefix = 4 + 1 + 8 + offsetBytes;
    let start = 0;
    for (let row = 0; row < rows; row++) {
      const size = rowSize(row);
      const column = Math.floor((offset - start) / size);
      if (column < width) {
        const at = prefix + 8 * (row * width + column);
        const entry = await source.structure('a block of a heap', block && block + at, 8);
        const inner = offset - start - column * size;
        if (row < directRows) return [entry.address(), inner];
        return find(entry.address(), log2(size) - log2(startSize * width) + 1, inner);
      }
      start += width * size;
    }
    return header.fail(`a heap without an object ${offset}`);
  };

  let huge: Promise<{ at: number | undefined; length: number; id: number }[]> | undefined;
  const readHuge = async (id: Cursor): Promise<Cursor> => {
    if (idLength >= 17) return source.structure('an object of a heap', id.address(), id.size());
    const wanted = id.uint(Math.min(id.left, 8));
    huge ??= readRecords(source, hugeTree).then((records) =>
      records.map((record) => ({ at: record.address(), length: record.size(), id: record.size() })),
    );
    const found = (await huge).find((object) => object.id === wanted);
    if (!found) return id.fail(`a heap without a large object ${wanted}`);
    return source.structure('an object of a heap', found.at, found.length);
  };

  return {
    read: async (id) => {
      const kind = (id.u8() >> 4) & 3;
      if (kind === 1) return readHuge(id);
      if (kind === 2) return id.fail('an object inside of its name; use files without them');
      const offset = id.uint(offsetBytes);
      const length = id.uint(lengthBytes);
      const [block, inner] = rootRows === 0 ? [root, offset] : await find(root, rootRows, offset);
      return source.structure('an object of a heap', block && block + inner, length);
    },
  };
}

function log2(value: number): number {
  return Math.floor(Math.log2(value));
}
