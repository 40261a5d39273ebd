/** The bytes of an HDF5 file, by addresses: structures through pages that are kept, data straight from the file. */
import { FormatError } from '../../values/errors.ts';
import { Cursor } from '../bytes/cursor.ts';
import type { ModelFiles } from '../files.ts';

/** Bytes of a page: the structures of a model's file lie side by side in a few of them. */
const PAGE = 1 << 16;
/** Pages that are kept. */
const KEPT = 64;
/** Structures may be read so many times the size of the file, and this much more: whoever goes in circles comes to an end. */
const REREADS = 16;
const ALWAYS = 1 << 20;

export class Source {
  /** What messages call the file. */
  readonly where: string;
  /** Bytes of the file. */
  readonly size: number;
  readonly #files: ModelFiles;
  readonly #path: string;
  readonly #pages = new Map<number, Promise<Uint8Array>>();
  /** Where the addresses count from. */
  #base = 0;
  #allowance: number;

  constructor(where: string, files: ModelFiles, path: string, size: number) {
    this.where = where;
    this.size = size;
    this.#files = files;
    this.#path = path;
    this.#allowance = REREADS * size + ALWAYS;
  }

  /** Addresses count from here on. */
  startAt(base: number): void {
    this.#base = base;
  }

  /** A cursor over a structure of `length` bytes at `address`. Throws `FormatError` where it leaves the file. */
  async structure(what: string, address: number | undefined, length: number): Promise<Cursor> {
    if (address === undefined) throw new FormatError(`${this.where}: ${what} has no address`);
    const from = this.#base + address;
    this.#check(what, from, length);
    this.#allowance -= length;
    if (this.#allowance < 0)
      throw new FormatError(
        `${this.where}: byte ${from}: ${what}: the file's structures lead round in circles`,
      );
    const first = Math.floor(from / PAGE);
    if (from + length <= (first + 1) * PAGE) {
      const page = await this.#page(first);
      const at = from - first * PAGE;
      return new Cursor(this.where, page.subarray(at, at + length), from);
    }
    return new Cursor(this.where, await this.data(what, address, length), from);
  }

  /** Bytes of a dataset. Throws `FormatError` where they leave the file. */
  data(what: string, address: number, length: number): Promise<Uint8Array> {
    const from = this.#base + address;
    this.#check(what, from, length);
    return this.#read(from, from + length);
  }

  #check(what: string, from: number, length: number): void {
    if (from + length <= this.size) return;
    throw new FormatError(
      `${this.where}: byte ${from}: ${what} of ${length} bytes leaves the file, which has ${this.size}`,
    );
  }

  #page(index: number): Promise<Uint8Array> {
    const kept = this.#pages.get(index);
    if (kept) return kept;
    if (this.#pages.size >= KEPT) this.#pages.delete(this.#pages.keys().next().value!);
    const page = this.#read(index * PAGE, Math.min(this.size, (index + 1) * PAGE));
    this.#pages.set(index, page);
    return page;
  }

  async #read(from: number, to: number): Promise<Uint8Array> {
    const bytes = await this.#files.read(this.#path, { from, to });
    if (bytes.length !== to - from)
      throw new FormatError(`${this.where}: byte ${from}: ${bytes.length} bytes came, not ${to - from}`);
    return bytes;
  }
}
