/** Bytes of a structure that are put together in order, little-endian. */

const TEXT = new TextEncoder();
/** The address of nothing. */
export const NONE = 0xffff_ffff_ffff_ffffn;

export class Block {
  #bytes = new Uint8Array(64);
  #view = new DataView(this.#bytes.buffer);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  u8(...values: number[]): this {
    for (const value of values) {
      const at = this.#room(1);
      this.#view.setUint8(at, value);
    }
    return this;
  }

  u16(...values: number[]): this {
    for (const value of values) {
      const at = this.#room(2);
      this.#view.setUint16(at, value, true);
    }
    return this;
  }

  u32(...values: number[]): this {
    for (const value of values) {
      const at = this.#room(4);
      this.#view.setUint32(at, value, true);
    }
    return this;
  }

  /** Sizes and addresses of eight bytes; undefined is an address of nothing. */
  u64(...values: (number | undefined)[]): this {
    for (const value of values) {
      const at = this.#room(8);
      this.#view.setBigUint64(at, value === undefined ? NONE : BigInt(value), true);
    }
    return this;
  }

  bytes(bytes: Uint8Array): this {
    const at = this.#room(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  /** Text in UTF-8, with zeros behind it up to `size` bytes. */
  text(text: string, size = 0): this {
    const bytes = TEXT.encode(text);
    return this.bytes(bytes).zeros(Math.max(0, size - bytes.length));
  }

  zeros(count: number): this {
    this.#room(count);
    return this;
  }

  /** Zeros up to a multiple of `step`. */
  align(step: number): this {
    return this.zeros(-this.#size & (step - 1));
  }

  done(): Uint8Array {
    return this.#bytes.slice(0, this.#size);
  }

  #room(count: number): number {
    const at = this.#size;
    this.#size += count;
    if (this.#size > this.#bytes.length) {
      const wider = new Uint8Array(Math.max(this.#size, 2 * this.#bytes.length));
      wider.set(this.#bytes);
      this.#bytes = wider;
      this.#view = new DataView(wider.buffer);
    }
    return at;
  }
}

export function utf8(text: string): Uint8Array {
  return TEXT.encode(text);
}
