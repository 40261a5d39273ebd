// Writes protocol buffers and LevelDB tables, for fixtures: apart from the readers under test, and as plain as can be.

/** Field number and value: a number is a varint, text and bytes have a length; `{ fixed32 }` and `{ float }` have four bytes. */
export type Field = readonly [
  number,
  number | string | boolean | Uint8Array | { fixed32: number } | { float: number },
];

export function varint(value: number | bigint): number[] {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  return [...bytes, Number(rest)];
}

export function joined(parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts.map((part) => Uint8Array.from(part))));
}

export function message(fields: readonly (Field | undefined)[]): Uint8Array {
  const parts = fields
    .filter((field) => field !== undefined)
    .flatMap(([number, value]) => {
      if (typeof value === 'number' || typeof value === 'boolean')
        return [varint(number * 8), varint(Number(value))];
      if (typeof value === 'string' || value instanceof Uint8Array) {
        const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value;
        return [varint(number * 8 + 2), varint(bytes.length), bytes];
      }
      const four = new DataView(new ArrayBuffer(4));
      if ('float' in value) four.setFloat32(0, value.float, true);
      else four.setUint32(0, value.fixed32, true);
      return [varint(number * 8 + 5), new Uint8Array(four.buffer)];
    });
  return joined(parts);
}

export function entries(field: number, values: Readonly<Record<string, Uint8Array | string>>): Field[] {
  return Object.entries(values).map(
    ([key, value]) =>
      [
        field,
        message([
          [1, key],
          [2, value],
        ]),
      ] as const,
  );
}

export function shape(sizes: readonly number[]): Uint8Array {
  return message(sizes.map((size) => [2, message([[1, size]])] as const));
}

/** CRC-32C bit by bit, masked as LevelDB does. */
export function maskedSum(...parts: readonly Uint8Array[]): number {
  let sum = 0xffffffff;
  for (const part of parts) {
    for (const byte of part) {
      sum ^= byte;
      for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0x82f63b78 : sum >>> 1;
    }
  }
  sum = (sum ^ 0xffffffff) >>> 0;
  return Number((BigInt((sum >>> 15) | (sum << 17)) + 0xa282ead8n) & 0xffffffffn);
}

export function word(value: number): Uint8Array {
  return Uint8Array.of(value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24);
}

/** Entries in the order of their keys, `perBlock` in each block, whose keys are shortened by what they share. */
export function table(
  all: readonly (readonly [key: Uint8Array, value: Uint8Array])[],
  perBlock = 5,
): Uint8Array {
  const sorted = [...all].sort(([a], [b]) => Buffer.compare(a, b));
  const file: Uint8Array[] = [];
  let size = 0;
  const write = (contents: Uint8Array): Uint8Array => {
    const typed = joined([contents, [0]]);
    const handle = joined([varint(size), varint(contents.length)]);
    file.push(typed, word(maskedSum(typed)));
    size += typed.length + 4;
    return handle;
  };
  const index: [Uint8Array, Uint8Array][] = [];
  for (let i = 0; i < sorted.length; i += perBlock) {
    const part = sorted.slice(i, i + perBlock);
    index.push([part.at(-1)![0], write(block(part, 3))]);
  }
  const metaindex = write(block([], 1));
  const footer = joined([metaindex, write(block(index, 1))]);
  const magic = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb];
  return joined([...file, footer, new Uint8Array(40 - footer.length), magic]);
}

function block(all: readonly (readonly [Uint8Array, Uint8Array])[], interval: number): Uint8Array {
  const parts: Uint8Array[] = [];
  const restarts: number[] = [];
  let last = new Uint8Array();
  let size = 0;
  for (const [i, [key, value]] of all.entries()) {
    let shared = 0;
    if (i % interval === 0) restarts.push(size);
    else while (shared < Math.min(last.length, key.length) && last[shared] === key[shared]) shared++;
    const own = key.subarray(shared);
    const entry = joined([varint(shared), varint(own.length), varint(value.length), own, value]);
    parts.push(entry);
    size += entry.length;
    last = Uint8Array.from(key);
  }
  if (restarts.length === 0) restarts.push(0);
  return joined([...parts, ...restarts.map(word), word(restarts.length)]);
}
