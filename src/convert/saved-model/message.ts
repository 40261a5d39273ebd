/**
 * Messages of protocol buffers, read by the numbers of their fields. The few that models hold need no generated code, and a reader of our
 * own says where a file is broken.
 */
import { FormatError } from '../../values/errors.ts';

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** A varint that begins at `at`; as a signed 64 bit number, rounded to the nearest double, and where it ends. */
export function readVarint(where: string, bytes: Uint8Array, at: number): { value: number; end: number } {
  let low = 0;
  let high = 0;
  for (let i = 0; i < 10; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) throw new FormatError(`${where}: byte ${at}: a number goes on behind the end`);
    const bits = byte & 0x7f;
    if (i < 4) low += bits * 2 ** (7 * i);
    else if (i === 4) {
      low += (bits & 0xf) * 2 ** 28;
      high += bits >>> 4;
    } else high += bits * 2 ** (7 * i - 32);
    if (byte < 0x80) return { value: (high | 0) * 2 ** 32 + low, end: at + i + 1 };
  }
  throw new FormatError(`${where}: byte ${at}: a number of more than ten bytes`);
}

export class Message {
  /** Of the file and the place in it, for messages. */
  readonly where: string;
  /** Numbers of varints; bytes of all else. */
  readonly #fields = new Map<number, (number | Uint8Array)[]>();

  /** Throws `FormatError` for bytes that are no message. */
  constructor(where: string, bytes: Uint8Array) {
    this.where = where;
    let at = 0;
    while (at < bytes.length) {
      const tag = readVarint(where, bytes, at);
      const [field, type] = [Math.floor(tag.value / 8), tag.value & 7];
      const start = at;
      at = tag.end;
      let value: number | Uint8Array;
      if (type === VARINT) {
        const varint = readVarint(where, bytes, at);
        value = varint.value;
        at = varint.end;
      } else {
        let size = type === FIXED64 ? 8 : 4;
        if (type === BYTES) {
          const length = readVarint(where, bytes, at);
          size = length.value;
          at = length.end;
        } else if (type !== FIXED64 && type !== FIXED32) {
          throw new FormatError(`${where}: byte ${start}: field ${field} is of type ${type}, which is none`);
        }
        if (size < 0 || at + size > bytes.length)
          throw new FormatError(
            `${where}: byte ${start}: field ${field} has ${size} bytes; ${bytes.length - at} are left`,
          );
        value = bytes.subarray(at, at + size);
        at += size;
      }
      if (field < 1) throw new FormatError(`${where}: byte ${start}: field ${field}; they begin with 1`);
      const values = this.#fields.get(field);
      if (values) values.push(value);
      else this.#fields.set(field, [value]);
    }
  }

  has(field: number): boolean {
    return this.#fields.has(field);
  }

  /** The last value of a number; 0 where there is none, as for every field that is not there. */
  int(field: number): number {
    const value = this.#fields.get(field)?.at(-1) ?? 0;
    return typeof value === 'number' ? value : this.#refuse(field, 'a number');
  }

  bool(field: number): boolean {
    return this.int(field) !== 0;
  }

  float(field: number): number {
    return this.floats(field).at(-1) ?? 0;
  }

  /** fixed32, unsigned. */
  fixed32(field: number): number {
    const bytes = this.bytes(field);
    if (bytes.length === 0) return 0;
    if (bytes.length !== 4) return this.#refuse(field, 'four bytes');
    return viewOf(bytes).getUint32(0, true);
  }

  bytes(field: number): Uint8Array {
    const value = this.#fields.get(field)?.at(-1) ?? new Uint8Array();
    return typeof value === 'number' ? this.#refuse(field, 'bytes') : value;
  }

  string(field: number): string {
    return textOf(this.bytes(field));
  }

  strings(field: number): string[] {
    return this.lists(field).map(textOf);
  }

  /** All values of a repeated field of bytes. */
  lists(field: number): Uint8Array[] {
    return (this.#fields.get(field) ?? []).map((value) =>
      typeof value === 'number' ? this.#refuse(field, 'bytes') : value,
    );
  }

  message(field: number, name: string): Message {
    return new Message(`${this.where}: ${name}`, this.bytes(field));
  }

  messages(field: number, name: string): Message[] {
    return this.lists(field).map((bytes, i) => new Message(`${this.where}: ${name} ${i}`, bytes));
  }

  /** A `map<string, message>`. */
  entries(field: number, name: string): Map<string, Message> {
    return new Map(
      this.lists(field).map((bytes) => {
        const entry = new Message(`${this.where}: ${name}`, bytes);
        return [entry.string(1), entry.message(2, entry.string(1))];
      }),
    );
  }

  /** All numbers of a repeated field, one by one or packed. */
  ints(field: number): number[] {
    return (this.#fields.get(field) ?? []).flatMap((value) => {
      if (typeof value === 'number') return value;
      const found: number[] = [];
      for (let at = 0; at < value.length; ) {
        const varint = readVarint(`${this.where}: field ${field}`, value, at);
        found.push(varint.value);
        at = varint.end;
      }
      return found;
    });
  }

  /** float, one by one or packed; `double` where it has eight bytes. */
  floats(field: number, double = false): number[] {
    const size = double ? 8 : 4;
    return this.lists(field).flatMap((bytes) => {
      if (bytes.length % size !== 0) this.#refuse(field, `numbers of ${size} bytes`);
      const view = viewOf(bytes);
      return Array.from({ length: bytes.length / size }, (_, i) =>
        double ? view.getFloat64(i * 8, true) : view.getFloat32(i * 4, true),
      );
    });
  }

  #refuse(field: number, accepted: string): never {
    throw new FormatError(`${this.where}: field ${field} has not ${accepted}`);
  }
}

export function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

const decoder = new TextDecoder();

/** UTF-8; what is none becomes a replacement character. */
export function textOf(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}
