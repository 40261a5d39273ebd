/** Keys of parts of variables: TensorFlow's ordered code of a name and of the box that the part is (`ordered_code.cc`). */
import { FormatError } from '../../values/errors.ts';
import { textOf } from './message.ts';

/** A part of a tensor: along each axis where it begins and how long it is; -1 for a whole axis. */
export interface TensorSlice {
  readonly start: readonly number[];
  readonly length: readonly number[];
}

export interface SliceKey extends TensorSlice {
  readonly name: string;
}

/** A key that begins with a zero byte. Throws `FormatError`. */
export function sliceKeyOf(where: string, key: Uint8Array): SliceKey {
  const reader = new OrderedCode(where, key);
  reader.unsigned();
  const name = reader.text();
  const rank = reader.unsigned();
  if (rank > 32) throw new FormatError(`${where}: a part of ${rank} axes`);
  const start: number[] = [];
  const length: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    start.push(reader.signed());
    length.push(reader.signed());
  }
  return { name, start, length };
}

class OrderedCode {
  readonly #where: string;
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(where: string, bytes: Uint8Array) {
    this.#where = where;
    this.#bytes = bytes;
  }

  /** The number of bytes, and these, the highest first. */
  unsigned(): number {
    const count = this.#next();
    if (count > 8) throw new FormatError(`${this.#where}: a number of ${count} bytes in the key of a part`);
    let value = 0;
    for (let i = 0; i < count; i++) value = value * 256 + this.#next();
    return value;
  }

  /** Up to 00 01; 00 ff stands for 00, ff 00 for ff. */
  text(): string {
    const found: number[] = [];
    for (;;) {
      const byte = this.#next();
      if (byte !== 0 && byte !== 255) {
        found.push(byte);
        continue;
      }
      const second = this.#next();
      if (byte === 0 && second === 1) return textOf(Uint8Array.from(found));
      if (second !== 255 - byte) throw new FormatError(`${this.#where}: no text in the key of a part`);
      found.push(byte);
    }
  }

  /** As many leading ones as it has bytes, then a zero and the number; all bits turned for numbers below 0. */
  signed(): number {
    const first = this.#next();
    const turned = first < 0x80 ? 0xff : 0;
    const head = first ^ turned;
    let count = 0;
    while (count < 8 && (head >> (7 - count)) & 1) count++;
    if (count > 7)
      throw new FormatError(`${this.#where}: a number of more than seven bytes in the key of a part`);
    let value = head & (0x7f >> count);
    for (let i = 1; i < count; i++) value = value * 256 + (this.#next() ^ turned);
    return turned ? -value - 1 : value;
  }

  #next(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new FormatError(`${this.#where}: the key of a part ends early`);
    return byte;
  }
}
