/** A place in bytes of a file that only moves on: little-endian numbers, addresses, names; it never leaves its bytes. */
import { FormatError } from '../../values/errors.ts';
import { NONE } from './block.ts';

const TEXT = new TextDecoder();

export class Cursor {
  /** What messages call the file. */
  readonly where: string;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  /** Where in the file the bytes begin. */
  readonly #origin: number;
  #at = 0;

  constructor(where: string, bytes: Uint8Array, origin: number) {
    this.where = where;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#origin = origin;
  }

  /** Of the next byte, in the file. */
  get position(): number {
    return this.#origin + this.#at;
  }

  /** Bytes that are still to come. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** Throws `FormatError` that names the file and this place. */
  fail(rule: string): never {
    throw new FormatError(`${this.where}: byte ${this.position}: ${rule}`);
  }

  u8(): number {
    return this.#view.getUint8(this.#step(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#step(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#step(4), true);
  }

  /** A length or a count of eight bytes. */
  size(): number {
    const value = this.#view.getBigUint64(this.#step(8), true);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) this.fail(`a size of ${value}; no file is so large`);
    return Number(value);
  }

  /** An address in the file; undefined where nothing is there. */
  address(): number | undefined {
    if (this.#bytes.length - this.#at >= 8 && this.#view.getBigUint64(this.#at, true) === NONE) {
      this.#at += 8;
      return undefined;
    }
    return this.size();
  }

  /** A number of `count` bytes, at most eight. */
  uint(count: number): number {
    const bytes = this.bytes(count);
    const value = bytes.reduceRight((sum, byte) => sum * 256 + byte, 0);
    if (!Number.isSafeInteger(value)) this.fail(`a size of ${value}; no file is so large`);
    return value;
  }

  /** The next bytes, as a view. */
  bytes(count: number): Uint8Array {
    const at = this.#step(count);
    return this.#bytes.subarray(at, at + count);
  }

  /** The next bytes as a cursor of their own. */
  part(count: number): Cursor {
    const from = this.position;
    return new Cursor(this.where, this.bytes(count), from);
  }

  /** The bytes behind the next `offset` ones, as a cursor of their own; this one stays. */
  from(offset: number): Cursor {
    if (offset > this.left) this.fail(`byte ${offset} of ${this.left} is wanted`);
    return new Cursor(this.where, this.#bytes.subarray(this.#at + offset), this.position + offset);
  }

  skip(count: number): void {
    this.#step(count);
  }

  /** To the next multiple of `step` from where the cursor began. */
  align(step: number): void {
    this.#step(Math.min(this.left, -this.#at & (step - 1)));
  }

  /** Text that fills `count` bytes, up to a zero byte. */
  text(count: number): string {
    const bytes = this.bytes(count);
    const end = bytes.indexOf(0);
    return TEXT.decode(end < 0 ? bytes : bytes.subarray(0, end));
  }

  /** Refuses other bytes than these letters. */
  signature(letters: string): void {
    const found = TEXT.decode(this.bytes(letters.length));
    if (found !== letters) {
      this.#at -= letters.length;
      this.fail(`no ${letters} block is here`);
    }
  }

  #step(count: number): number {
    const at = this.#at;
    if (count > this.left) this.fail(`${count} bytes are wanted; ${this.left} are left`);
    this.#at += count;
    return at;
  }
}
