/** TensorBoard's event files: records of protocol buffers, framed as TFRecord frames them, with masked CRC-32C sums. */
import { appendFileSync, mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { crc32c, masked } from '../convert/bytes/crc32c.ts';

/** Length (8 bytes), its sum, the bytes, their sum; all little-endian. */
function framed(data: Buffer): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(data.byteLength));
  const sums = [length, data].map((bytes) => {
    const sum = Buffer.alloc(4);
    sum.writeUInt32LE(masked(crc32c(bytes)));
    return sum;
  });
  return Buffer.concat([length, sums[0]!, data, sums[1]!]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  return Buffer.from([...bytes, rest]);
}

/** A field of bytes: its number, its length, its contents. */
function field(number: number, contents: Buffer): Buffer {
  return Buffer.concat([varint(number * 8 + 2), varint(contents.byteLength), contents]);
}

function fixed(number: number, value: number, bytes: 4 | 8): Buffer {
  const contents = Buffer.alloc(bytes);
  if (bytes === 8) contents.writeDoubleLE(value);
  else contents.writeFloatLE(value);
  return Buffer.concat([varint(number * 8 + (bytes === 8 ? 1 : 5)), contents]);
}

let files = 0;

/** An event file in a folder, made with its first line. */
export class EventFile {
  readonly path: string;

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    const seconds = Math.floor(Date.now() / 1000);
    this.path = join(folder, `events.out.tfevents.${seconds}.${hostname()}.${process.pid}.${files++}.v2`);
    // Event: wall_time = 1, file_version = 3.
    this.#append(Buffer.concat([fixed(1, seconds, 8), field(3, Buffer.from('brain.Event:2'))]));
  }

  /** Values by tag, at a step. */
  scalars(step: number, values: Readonly<Record<string, number>>): void {
    // Summary.Value: tag = 1, simple_value = 2; Event: wall_time = 1, step = 2, summary = 5.
    const summary = Object.entries(values).map(([tag, value]) =>
      field(1, Buffer.concat([field(1, Buffer.from(tag)), fixed(2, value, 4)])),
    );
    const parts = [
      fixed(1, Date.now() / 1000, 8),
      varint(16),
      varint(step),
      field(5, Buffer.concat(summary)),
    ];
    this.#append(Buffer.concat(parts));
  }

  #append(event: Buffer): void {
    appendFileSync(this.path, framed(event));
  }
}
