/** Attributes of objects in HDF5: the small named values of groups and datasets. */

import type { Cursor } from '../bytes/cursor.ts';
import { bytesOf, numbersOf } from '../bytes/numbers.ts';
import { readRecords } from './btree2.ts';
import { countOf, type Datatype, readDataspace, readDatatype } from './datatype.ts';
import { openHeap } from './fractal-heap.ts';
import { cursorOf, MESSAGE, type Message } from './object-header.ts';
import type { Source } from './source.ts';

/** A scalar, or the elements of an array in order. */
export type AttributeValue = string | number | readonly string[] | readonly number[];

interface Attribute {
  readonly name: string;
  readonly type: Datatype;
  readonly shape: readonly number[] | undefined;
  readonly data: Cursor;
}

/** The attribute `name` among an object's messages; undefined where there is none. Throws `FormatError` where it is no text or numbers. */
export async function readAttribute(
  source: Source,
  messages: readonly Message[],
  name: string,
): Promise<AttributeValue | undefined> {
  for await (const attribute of attributesOf(source, messages))
    if (attribute.name === name) return attributeValue(source, attribute);
  return undefined;
}

async function* attributesOf(source: Source, messages: readonly Message[]): AsyncGenerator<Attribute> {
  for (const message of messages) {
    if (message.type === MESSAGE.attribute) yield parse(cursorOf(source, message));
    if (message.type !== MESSAGE.attributeInfo) continue;
    const info = cursorOf(source, message);
    info.skip(1);
    if (info.u8() & 1) info.skip(2);
    const heapAt = info.address();
    if (heapAt === undefined) continue;
    const heap = await openHeap(source, heapAt);
    for (const record of await readRecords(source, info.address()))
      yield parse(await heap.read(record.part(8)));
  }
}

function parse(cursor: Cursor): Attribute {
  const version = cursor.u8();
  if (version < 1 || version > 3) cursor.fail(`an attribute of version ${version}; use 1, 2 or 3`);
  if (cursor.u8() & 3 && version > 1) cursor.fail('an attribute of a shared type; use files without them');
  const sizes = [cursor.u16(), cursor.u16(), cursor.u16()] as const;
  if (version === 3) cursor.skip(1);
  const field = (size: number) => {
    const part = cursor.part(size);
    // The first version pads its fields to multiples of eight bytes.
    if (version === 1) cursor.align(8);
    return part;
  };
  const name = field(sizes[0]).text(sizes[0]);
  const type = readDatatype(field(sizes[1]));
  const shape = readDataspace(field(sizes[2]));
  return { name, type, shape, data: cursor.part(cursor.left) };
}

async function attributeValue(
  source: Source,
  { name, type, shape, data }: Attribute,
): Promise<AttributeValue> {
  const count = countOf(data, shape);
  if (count * type.size > data.left)
    data.fail(`'${name}': ${count} elements of ${type.size} bytes; ${data.left} bytes are here`);
  const values: (string | number)[] = [];
  if (type.name === 'string') for (let index = 0; index < count; index++) values.push(data.text(type.size));
  else if (type.name === 'vlen string')
    for (let index = 0; index < count; index++) values.push(await longText(source, data));
  else if (bytesOf(type.name) === type.size) {
    const where = `${data.where}: attribute '${name}'`;
    values.push(...numbersOf(where, type.name, data.bytes(count * type.size), type.bigEndian));
  } else data.fail(`'${name}' is of type ${type.name}; use strings and numbers`);
  return (shape?.length === 0 ? values[0]! : values) as AttributeValue;
}

/** A string of variable length, which lies in a heap of the file. */
async function longText(source: Source, cursor: Cursor): Promise<string> {
  const length = cursor.u32();
  const at = cursor.address();
  const index = cursor.u32();
  if (length === 0 || at === undefined || at === 0) return '';
  const head = await source.structure('a collection of strings', at, 16);
  head.signature('GCOL');
  head.skip(4);
  const objects = await source.structure('a collection of strings', at, head.size());
  objects.skip(16);
  while (objects.left >= 16) {
    const own = objects.u16();
    objects.skip(6);
    const size = objects.size();
    if (own === 0) break;
    if (own === index) {
      if (length > size) objects.fail(`a string of ${length} bytes in an object of ${size}`);
      return objects.text(length);
    }
    objects.skip(Math.min(objects.left, Math.ceil(size / 8) * 8));
  }
  return objects.fail(`no string ${index} is here`);
}
