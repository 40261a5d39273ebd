// Writes the variables of a checkpoint as TensorFlow does: an index and files of bytes, some variables in parts.
import { type Field, joined, maskedSum, message, shape, table, varint, word } from './encode.ts';

export interface Stored {
  readonly key: string;
  readonly shape: readonly number[];
  readonly type: 'float32' | 'int64' | 'float16' | 'text';
  readonly values: readonly number[];
  /** In place of values. */
  readonly text?: Uint8Array;
  /** Rows of the parts that it is cut into. */
  readonly parts?: readonly number[];
}

const TYPES = { float32: 1, text: 7, int64: 9, float16: 19 };

function bytesOf({ type, values, text }: Stored): Uint8Array {
  if (type === 'text') return text!;
  if (type === 'int64') return new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
  // Halves are given as their bits.
  if (type === 'float16') return new Uint8Array(Uint16Array.from(values).buffer);
  return new Uint8Array(Float32Array.from(values).buffer);
}

/** TensorFlow's ordered code, for numbers from -1 to 8191. */
function ordered(value: number): number[] {
  if (value < 64) return [value < 0 ? 0x7f : 0x80 | value];
  return [0xc0 | (value >> 8), value & 255];
}

function partKey(key: string, slices: readonly (readonly [number, number])[]): Uint8Array {
  const extents = slices.flatMap(([start, length]) => [...ordered(start), ...ordered(length)]);
  return joined([[0], new TextEncoder().encode(key), [0, 1, 1, slices.length], extents]);
}

/** Files by name, `shards` of bytes, to which variables go in turn. */
export function bundle(all: readonly Stored[], shards = 1): Record<string, Uint8Array> {
  const contents: Uint8Array[][] = Array.from({ length: shards }, () => []);
  const sizes = new Array<number>(shards).fill(0);
  const index: [Uint8Array, Uint8Array][] = [
    [
      new Uint8Array(),
      message([
        [1, shards],
        [3, message([[1, 1]])],
      ]),
    ],
  ];
  let turn = 0;
  const put = (stored: Stored): Field[] => {
    const shard = turn++ % shards;
    let bytes = bytesOf(stored);
    let sum = maskedSum(bytes);
    if (stored.type === 'text') {
      const lengths = word(bytes.length);
      const check = word(maskedSum(lengths));
      sum = maskedSum(lengths, check, bytes);
      bytes = joined([varint(bytes.length), check, bytes]);
    }
    const offset = sizes[shard]!;
    contents[shard]!.push(bytes);
    sizes[shard]! += bytes.length;
    return [
      [1, TYPES[stored.type]],
      [2, shape(stored.shape)],
      [3, shard],
      [4, offset],
      [5, bytes.length],
      [6, { fixed32: sum }],
    ];
  };
  for (const stored of all) {
    const key = new TextEncoder().encode(stored.key);
    if (!stored.parts) {
      index.push([key, message(put(stored))]);
      continue;
    }
    const row = stored.values.length / stored.shape[0]!;
    const extents: Uint8Array[] = [];
    let from = 0;
    for (const rows of stored.parts) {
      const values = stored.values.slice(from * row, (from + rows) * row);
      const part = put({ ...stored, values, shape: [rows, ...stored.shape.slice(1)] });
      const whole = stored.shape.slice(1);
      index.push([partKey(stored.key, [[from, rows], ...whole.map(() => [0, -1] as const)]), message(part)]);
      extents.push(
        message([
          [1, message([...(from > 0 ? [[1, from] as const] : []), [2, rows]])],
          ...whole.map(() => [1, message([])] as const),
        ]),
      );
      from += rows;
    }
    const slices = extents.map((extent) => [7, extent] as const);
    index.push([key, message([[1, TYPES[stored.type]], [2, shape(stored.shape)], ...slices])]);
  }
  const number = (value: number) => String(value).padStart(5, '0');
  return {
    'variables/variables.index': table(index),
    ...Object.fromEntries(
      contents.map((parts, i) => [
        `variables/variables.data-${number(i)}-of-${number(shards)}`,
        joined(parts),
      ]),
    ),
  };
}
