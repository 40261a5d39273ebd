/** The header of an object of HDF5: the messages that say what a group or a dataset is. */
import { Cursor } from '../bytes/cursor.ts';
import type { Source } from './source.ts';

/** Numbers of the messages that are read. */
export const MESSAGE = {
  dataspace: 0x01,
  linkInfo: 0x02,
  datatype: 0x03,
  link: 0x06,
  layout: 0x08,
  filters: 0x0b,
  attribute: 0x0c,
  continuation: 0x10,
  symbolTable: 0x11,
  attributeInfo: 0x15,
} as const;

export interface Message {
  readonly type: number;
  readonly body: Uint8Array;
  /** Where the body begins in the file. */
  readonly from: number;
}

/** Shared messages lie elsewhere; Keras writes none. */
const SHARED = 2;

/** A new cursor over a message. */
export function cursorOf(source: Source, { body, from }: Message): Cursor {
  return new Cursor(source.where, body, from);
}

/** All messages of the object at `address`, in order, those of its continuations included. */
export async function readMessages(source: Source, address: number): Promise<Message[]> {
  const start = await source.structure('an object header', address, 4);
  const [version] = start.bytes(4);
  return version === 1 ? readFirst(source, address) : readSecond(source, address);
}

/** Version 1: messages begin at multiples of eight bytes. */
async function readFirst(source: Source, address: number): Promise<Message[]> {
  const prefix = await source.structure('an object header', address, 16);
  prefix.skip(2);
  const count = prefix.u16();
  prefix.skip(4);
  const blocks = [await source.structure('an object header', address + 16, prefix.u32())];
  const messages: Message[] = [];
  for (const block of blocks) {
    while (block.left >= 8 && messages.length < count) {
      const type = block.u16();
      const size = block.u16();
      const flags = block.u8();
      block.skip(3);
      messages.push(messageOf(block, type, size, flags));
      await follow(source, messages.at(-1)!, blocks);
    }
  }
  return messages;
}

/** Version 2: signed, packed, each block with a checksum at its end. */
async function readSecond(source: Source, address: number): Promise<Message[]> {
  const before = await source.structure('an object header', address, 6);
  before.signature('OHDR');
  if (before.u8() !== 2) before.fail('an object header of another version than 1 and 2');
  const flags = before.u8();
  const width = 1 << (flags & 3);
  const prefix = 6 + (flags & 0x20 ? 16 : 0) + (flags & 0x10 ? 4 : 0);
  const size = (await source.structure('an object header', address + prefix, width)).uint(width);
  const blocks = [await source.structure('an object header', address + prefix + width, size)];
  const ordered = (flags & 4) !== 0;
  const messages: Message[] = [];
  for (const [index, block] of blocks.entries()) {
    if (index > 0) block.signature('OCHK');
    // A continuation's size counts its checksum, the first block's does not.
    const end = index > 0 ? 4 : 0;
    while (block.left - end >= (ordered ? 6 : 4)) {
      const type = block.u8();
      const length = block.u16();
      const own = block.u8();
      if (ordered) block.skip(2);
      messages.push(messageOf(block, type, length, own));
      await follow(source, messages.at(-1)!, blocks);
    }
  }
  return messages;
}

function messageOf(block: Cursor, type: number, size: number, flags: number): Message {
  if (flags & SHARED && type !== MESSAGE.continuation && Object.values<number>(MESSAGE).includes(type))
    block.fail('a message that is shared between objects; use files without them');
  const from = block.position;
  return { type, body: block.bytes(size), from };
}

/** Puts the block that a continuation names behind the others; the source's allowance ends circles. */
async function follow(source: Source, message: Message, blocks: Cursor[]): Promise<void> {
  if (message.type !== MESSAGE.continuation) return;
  const cursor = cursorOf(source, message);
  blocks.push(await source.structure('a continuation of an object header', cursor.address(), cursor.size()));
}
