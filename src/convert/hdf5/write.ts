/** Writes HDF5: groups, arrays in one piece, attributes of text; what every library since version 1.8 of the format reads. */
import { FormatError } from '../../values/errors.ts';
import { Block, utf8 } from '../bytes/block.ts';
import { MESSAGE } from './object-header.ts';

/** A text, or the texts of an array, which h5py writes as NumPy does: of fixed size, and floats where there are none. */
export type AttributeToWrite = string | readonly string[];

export interface ArrayToWrite {
  readonly dtype: keyof typeof TYPES;
  readonly shape: readonly number[];
  /** Little-endian, row-major. */
  readonly bytes: Uint8Array;
  readonly attributes?: Readonly<Record<string, AttributeToWrite>>;
}

export interface GroupToWrite {
  readonly attributes?: Readonly<Record<string, AttributeToWrite>>;
  readonly children: ReadonlyMap<string, GroupToWrite | ArrayToWrite>;
}

/** Of a message: its size is a number of 16 bits. */
const LARGEST_MESSAGE = 65_520;
/** The library reads no smaller collection of strings. */
const SMALLEST_COLLECTION = 4096;
const SUPERBLOCK = 96;
const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/** Places of exponent and mantissa, and the bias. */
function float(size: number, exponent: number, exponentBits: number, bias: number): Block {
  return new Block()
    .u8(0x11, 0x20, 8 * size - 1, 0)
    .u32(size)
    .u16(0, 8 * size)
    .u8(exponent, exponentBits, 0, exponent)
    .u32(bias);
}

function integer(size: number, signed: boolean): Block {
  return new Block()
    .u8(0x10, signed ? 8 : 0, 0, 0)
    .u32(size)
    .u16(0, 8 * size);
}

const TYPES = {
  float64: float(8, 52, 11, 1023).done(),
  float32: float(4, 23, 8, 127).done(),
  float16: float(2, 10, 5, 15).done(),
  int64: integer(8, true).done(),
  int32: integer(4, true).done(),
  uint32: integer(4, false).done(),
  uint8: integer(1, false).done(),
} as const;

/** The file in pieces, in order; arrays are among them as they are. Throws `FormatError` where a name or a text is too long. */
export function writeHdf5(root: GroupToWrite): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let end = SUPERBLOCK;
  /** Puts a piece at the end, at a multiple of eight bytes; returns its address. */
  const put = (...parts: Uint8Array[]): number => {
    const at = end;
    const size = parts.reduce((sum, part) => sum + part.length, 0);
    pieces.push(...parts, new Uint8Array(-size & 7));
    end += size + (-size & 7);
    return at;
  };
  const strings = collectionOf(root, SUPERBLOCK);
  if (strings.bytes) put(strings.bytes);
  const write = (object: GroupToWrite | ArrayToWrite): number => {
    const attributes = Object.entries(object.attributes ?? {}).map(([name, value]) =>
      attributeMessage(name, value, strings.of),
    );
    if ('bytes' in object) {
      const at = object.bytes.length === 0 ? undefined : put(object.bytes);
      return put(headerOf([...arrayMessages(object, at), ...attributes]));
    }
    const links = [...object.children].map(([name, child]) => linkMessage(name, write(child)));
    return put(headerOf([...GROUP, ...links, ...attributes]));
  };
  const rootAt = write(root);
  const superblock = new Block()
    .u8(...SIGNATURE, 0, 0, 0, 0, 0, 8, 8, 0)
    .u16(4, 16)
    .u32(0)
    .u64(0, undefined, end, undefined)
    .u64(0, rootAt)
    .zeros(24);
  return [superblock.done(), ...pieces];
}

interface MessageToWrite {
  readonly type: number;
  readonly body: Block;
}

/** No links in a heap, and none of the limits from which they would be there. */
const GROUP: readonly MessageToWrite[] = [
  { type: MESSAGE.linkInfo, body: new Block().u8(0, 0).u64(undefined, undefined) },
  { type: 0x0a, body: new Block().u8(0, 0) },
];

/** A header of version 1. */
function headerOf(messages: readonly MessageToWrite[]): Uint8Array {
  const block = new Block();
  for (const { type, body } of messages) {
    const size = body.align(8).size;
    if (size > LARGEST_MESSAGE)
      throw new FormatError(`hdf5: a name or attribute of ${size} bytes; at most ${LARGEST_MESSAGE}`);
    block.u16(type, size).u8(0, 0, 0, 0).bytes(body.done());
  }
  return new Block().u8(1, 0).u16(messages.length).u32(1, block.size, 0).bytes(block.done()).done();
}

function linkMessage(name: string, address: number): MessageToWrite {
  const text = utf8(name);
  // Flags: the name's encoding is told, and its length has two bytes.
  return {
    type: MESSAGE.link,
    body: new Block().u8(1, 0x11, 1).u16(text.length).bytes(text).u64(address),
  };
}

function arrayMessages({ dtype, shape, bytes }: ArrayToWrite, at: number | undefined): MessageToWrite[] {
  return [
    { type: MESSAGE.dataspace, body: new Block().bytes(dataspace(shape)) },
    { type: MESSAGE.datatype, body: new Block().bytes(TYPES[dtype]) },
    // The fill value is zero, written where nothing else is.
    { type: 0x05, body: new Block().u8(2, 2, 2, 1).u32(0) },
    { type: MESSAGE.layout, body: new Block().u8(3, 1).u64(at, bytes.length) },
  ];
}

function dataspace(shape: readonly number[]): Uint8Array {
  return new Block()
    .u8(1, shape.length, 0, 0)
    .u32(0)
    .u64(...shape)
    .done();
}

function attributeMessage(
  name: string,
  value: AttributeToWrite,
  stringOf: (text: string) => Block,
): MessageToWrite {
  const [type, shape, data] = attributeParts(value, stringOf);
  const space = dataspace(shape);
  const title = utf8(name);
  const body = new Block()
    .u8(1, 0)
    .u16(title.length + 1, type.length, space.length)
    .bytes(title)
    .u8(0);
  body.align(8).bytes(type).align(8).bytes(space).align(8).bytes(data);
  return { type: MESSAGE.attribute, body };
}

function attributeParts(
  value: AttributeToWrite,
  stringOf: (text: string) => Block,
): [type: Uint8Array, shape: readonly number[], data: Uint8Array] {
  if (typeof value === 'string') {
    const element = new Block().u8(0x13, 0x10, 0, 0).u32(1).done();
    return [new Block().u8(0x19, 1, 1, 0).u32(16).bytes(element).done(), [], stringOf(value).done()];
  }
  if (value.length === 0) return [TYPES.float64, [0], new Uint8Array(0)];
  const size = Math.max(1, ...value.map((text) => utf8(text).length));
  const data = new Block();
  for (const text of value) data.text(text, size);
  return [new Block().u8(0x13, 1, 0, 0).u32(size).done(), [value.length], data.done()];
}

/** All texts of variable length, side by side at `address`, and how an attribute names each one. */
function collectionOf(root: GroupToWrite, address: number) {
  const places = new Map<string, Block>();
  const objects = new Block();
  const walk = (object: GroupToWrite | ArrayToWrite): void => {
    for (const text of Object.values(object.attributes ?? {})) {
      if (typeof text !== 'string' || places.has(text)) continue;
      const bytes = utf8(text);
      places.set(
        text,
        new Block()
          .u32(bytes.length)
          .u64(address)
          .u32(places.size + 1),
      );
      objects.u16(places.size, 1).u32(0).u64(bytes.length).bytes(bytes).align(8);
    }
    if ('children' in object) for (const child of object.children.values()) walk(child);
  };
  walk(root);
  const size = Math.max(SMALLEST_COLLECTION, 16 + objects.size + 16);
  const head = new Block().text('GCOL').u8(1, 0, 0, 0).u64(size).bytes(objects.done());
  // What is left is an object too, number 0, of a size that counts its beginning.
  const left = size - head.size;
  head.u16(0, 0).u32(0).u64(left);
  const bytes = head.zeros(size - head.size).done();
  return { bytes: places.size === 0 ? undefined : bytes, of: (text: string) => places.get(text)! };
}
