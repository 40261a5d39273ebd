/** Links of groups in HDF5: in the header, in a heap, or, as files before version 1.8 have them, in a symbol table. */

import type { Cursor } from '../bytes/cursor.ts';
import { readRecords } from './btree2.ts';
import { openHeap } from './fractal-heap.ts';
import { cursorOf, MESSAGE, type Message } from './object-header.ts';
import type { Source } from './source.ts';

/** Deeper trees would hold more than any file. */
const DEEPEST = 16;

/** Addresses of objects by the names of links; undefined of links to other files and of symbolic ones. */
export type Links = ReadonlyMap<string, number | undefined>;

/** The links of the object with these messages; undefined of one that is no group. */
export async function readLinks(source: Source, messages: readonly Message[]): Promise<Links | undefined> {
  const links = new Map<string, number | undefined>();
  let group = false;
  for (const message of messages) {
    const cursor = cursorOf(source, message);
    if (message.type === MESSAGE.link) parseLink(cursor, links);
    else if (message.type === MESSAGE.linkInfo) await readDense(source, cursor, links);
    else if (message.type === MESSAGE.symbolTable) await readTable(source, cursor, links);
    else continue;
    group = true;
  }
  return group ? links : undefined;
}

function parseLink(cursor: Cursor, links: Map<string, number | undefined>): void {
  if (cursor.u8() !== 1) cursor.fail('a link of another version than 1');
  const flags = cursor.u8();
  const kind = flags & 8 ? cursor.u8() : 0;
  if (flags & 4) cursor.skip(8);
  if (flags & 16) cursor.skip(1);
  const name = cursor.text(cursor.uint(1 << (flags & 3)));
  links.set(name, kind === 0 ? cursor.address() : undefined);
}

async function readDense(source: Source, cursor: Cursor, links: Map<string, number | undefined>) {
  cursor.skip(1);
  if (cursor.u8() & 1) cursor.skip(8);
  const heapAt = cursor.address();
  if (heapAt === undefined) return;
  const heap = await openHeap(source, heapAt);
  for (const record of await readRecords(source, cursor.address())) {
    record.skip(4);
    parseLink(await heap.read(record), links);
  }
}

async function readTable(source: Source, cursor: Cursor, links: Map<string, number | undefined>) {
  const tree = cursor.address();
  const heap = await source.structure('a heap of names', cursor.address(), 32);
  heap.signature('HEAP');
  heap.skip(4);
  const length = heap.size();
  heap.skip(8);
  const names = await source.structure('names of a group', heap.address(), length);
  const nameOf = (offset: number) => {
    const name = names.from(offset);
    return name.text(name.left);
  };
  const walk = async (at: number | undefined, depth: number): Promise<void> => {
    const node = await source.structure('a node of a group', at, 24);
    node.signature('TREE');
    const kind = node.u8();
    const level = node.u8();
    const count = node.u16();
    if (kind !== 0 || depth > DEEPEST || (depth > 0 && level >= DEEPEST - depth))
      node.fail('a node that belongs to no group');
    const children = await source.structure('a node of a group', at && at + 24, count * 16 + 8);
    for (let index = 0; index < count; index++) {
      children.skip(8);
      const child = children.address();
      if (level > 0) await walk(child, depth + 1);
      else await readEntries(source, child, nameOf, links);
    }
  };
  await walk(tree, 0);
}

async function readEntries(
  source: Source,
  at: number | undefined,
  nameOf: (offset: number) => string,
  links: Map<string, number | undefined>,
): Promise<void> {
  const node = await source.structure('entries of a group', at, 8);
  node.signature('SNOD');
  node.skip(2);
  const count = node.u16();
  const entries = await source.structure('entries of a group', at && at + 8, count * 40);
  for (let index = 0; index < count; index++) {
    const offset = entries.size();
    const address = entries.address();
    const symbolic = entries.u32() === 2;
    entries.skip(20);
    links.set(nameOf(offset), symbolic ? undefined : address);
  }
}
