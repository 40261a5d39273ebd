/** The index of a chunked dataset: a B-tree of version 1. */
import type { Source } from './source.ts';

export interface Chunk {
  /** Its first element, by the dataset's axes. */
  readonly offsets: readonly number[];
  readonly at: number;
  /** Bytes in the file. */
  readonly stored: number;
  /** Bits of filters that were not applied. */
  readonly skipped: number;
}

/** The chunks of the index at `address`, of a dataset of `rank` axes. */
export async function readChunks(
  source: Source,
  address: number | undefined,
  rank: number,
): Promise<Chunk[]> {
  const chunks: Chunk[] = [];
  const key = 8 + 8 * (rank + 1);
  const walk = async (at: number | undefined, above: number): Promise<void> => {
    const node = await source.structure('a node of chunks', at, 24);
    node.signature('TREE');
    const kind = node.u8();
    const level = node.u8();
    const count = node.u16();
    if (kind !== 1 || level >= above) node.fail('a node that belongs to no chunks');
    const children = await source.structure('a node of chunks', at && at + 24, count * (key + 8) + key);
    for (let index = 0; index < count; index++) {
      const stored = children.u32();
      const skipped = children.u32();
      const offsets = Array.from({ length: rank }, () => children.size());
      children.skip(8);
      const child = children.address();
      if (level > 0) await walk(child, level);
      else if (child === undefined) children.fail('a chunk without an address');
      else chunks.push({ offsets, at: child, stored, skipped });
    }
  };
  await walk(address, 256);
  return chunks;
}
