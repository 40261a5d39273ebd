/** B-trees of version 2: all records of one, in order. */
import type { Cursor } from '../bytes/cursor.ts';
import type { Source } from './source.ts';

/** Deeper trees would hold more than any file. */
const DEEPEST = 16;
/** Of a node besides its records: signature, version, type, checksum. */
const OVERHEAD = 10;

/** Sizes of nodes of one depth. */
interface Level {
  /** Most records of a node. */
  readonly most: number;
  /** Most records of a node and all below it. */
  readonly total: number;
  /** Bytes of a number of that many. */
  readonly totalBytes: number;
}

/** The records of the tree whose header lies at `address`, as cursors. */
export async function readRecords(source: Source, address: number | undefined): Promise<Cursor[]> {
  const header = await source.structure('a B-tree', address, 38);
  header.signature('BTHD');
  header.skip(2);
  const nodeSize = header.u32();
  const recordSize = header.u16();
  const depth = header.u16();
  header.skip(2);
  const root = header.address();
  const count = header.u16();
  if (recordSize === 0 || nodeSize <= OVERHEAD + recordSize || depth > DEEPEST)
    header.fail('a B-tree of impossible sizes');
  if (root === undefined) return [];
  const most = Math.floor((nodeSize - OVERHEAD) / recordSize);
  const countBytes = bytesOf(most);
  const levels: Level[] = [{ most, total: most, totalBytes: 0 }];
  for (let level = 1; level <= depth; level++) {
    const below = levels[level - 1]!;
    const pointer = 8 + countBytes + below.totalBytes;
    const own = Math.floor((nodeSize - OVERHEAD - pointer) / (recordSize + pointer));
    const total = (own + 1) * below.total + own;
    levels.push({ most: own, total, totalBytes: bytesOf(total) });
  }
  const records: Cursor[] = [];
  const walk = async (at: number | undefined, own: number, level: number): Promise<void> => {
    const node = await source.structure('a node of a B-tree', at, nodeSize);
    node.signature(level === 0 ? 'BTLF' : 'BTIN');
    node.skip(2);
    for (let index = 0; index < own; index++) records.push(node.part(recordSize));
    if (level === 0) return;
    for (let index = 0; index <= own; index++) {
      const child = node.address();
      const childCount = node.uint(countBytes);
      node.skip(levels[level - 1]!.totalBytes);
      await walk(child, childCount, level - 1);
    }
  };
  await walk(root, count, depth);
  return records;
}

/** Bytes of the smallest number that holds `limit`. */
function bytesOf(limit: number): number {
  return Math.floor(Math.log2(Math.max(1, limit)) / 8) + 1;
}
