// Safetensors: what is written is read back equal, and what is broken is refused with the place, in little time.
import * as assert from 'uvu/assert';
import { readSafetensors, type SafeArray, writeSafetensors } from '../src/convert/safetensors.ts';
import { FormatError } from '../src/node.ts';
import { assertThrows } from './assert-throws.ts';
import { suite } from './harness.ts';

const test = suite('safetensors');

const FLOATS = Float32Array.of(1, -2.5, 0, 3e38, Number.NaN, -0);
const arrays = new Map<string, SafeArray>([
  ['a/kernel', { dtype: 'F32', shape: [2, 3], bytes: new Uint8Array(FLOATS.buffer) }],
  ['b', { dtype: 'F16', shape: [1], bytes: Uint8Array.of(0, 0x3c) }],
  ['none', { dtype: 'F32', shape: [0, 7], bytes: new Uint8Array(0) }],
  ['scalar ü', { dtype: 'I64', shape: [], bytes: new Uint8Array(8) }],
]);

function file(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

/** A file of this header over `size` bytes of data. */
function made(header: unknown, size = 0): Uint8Array {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return file([length, text, Buffer.alloc(size)]);
}

test('arrays, shapes, dtypes, order and metadata come back', () => {
  const bytes = file(writeSafetensors({ arrays, metadata: { format: 'halftape' } }));
  const read = readSafetensors('x', bytes);
  assert.equal([...read.arrays.keys()], [...arrays.keys()]);
  for (const [name, { dtype, shape, bytes }] of arrays) {
    const got = read.arrays.get(name)!;
    assert.equal([got.dtype, got.shape], [dtype, shape]);
    assert.equal([...got.bytes], [...bytes]);
  }
  assert.equal(read.metadata, { format: 'halftape' });
  const begin = Number(new DataView(bytes.buffer).getBigUint64(0, true)) + 8;
  assert.is(begin % 8, 0);
  assert.equal(readSafetensors('x', file(writeSafetensors({ arrays: new Map() }))).arrays.size, 0);
});

test('what is wrong is named', () => {
  const entry = { dtype: 'F32', shape: [2], data_offsets: [0, 8] };
  const cases: [Uint8Array, RegExp][] = [
    [Uint8Array.of(1, 2), /^x: 2 bytes; a safetensors file begins with 8 bytes of length$/],
    [file([Buffer.alloc(8, 255)]), /^x: byte 0: a header of \d+ bytes in a file of 8$/],
    [made('{"a":'), /^x: byte 8: the header is no JSON$/],
    [made('[]'), /^x: byte 8: the header is no object$/],
    [made({ a: 1 }), /^x: 'a': dtype undefined$/],
    [made({ a: { ...entry, dtype: 'F31' } }, 8), /^x: 'a': dtype 'F31'$/],
    [made({ a: { ...entry, shape: [-2] } }, 8), /^x: 'a': shape \[-2\]$/],
    [made({ a: { ...entry, shape: [3] } }, 8), /^x: 'a': 8 bytes for F32 of 12 bytes, shape \[3\]$/],
    [made({ a: { ...entry, data_offsets: [8, 0] } }, 8), /^x: 'a': data_offsets \[8, 0\]$/],
    [made({ a: entry }, 4), /^x: 'a': ends at byte 8; the data has 4$/],
    [made({ a: entry }, 12), /^x: the arrays end at byte 8; the data has 12$/],
    [
      made({ a: entry, b: { ...entry, data_offsets: [4, 12] } }, 12),
      /^x: 'b': begins at byte 4 of the data; the array before it ends at 8$/,
    ],
    [
      made({ a: { ...entry, shape: [2 ** 52, 2 ** 52, 0], data_offsets: [0, 0] }, __metadata__: { a: 1 } }),
      /^x: __metadata__: use an object of strings$/,
    ],
  ];
  for (const [bytes, message] of cases) assertThrows(() => readSafetensors('x', bytes), FormatError, message);
});

test('ten thousand mutated files: read, or refused, never another error', () => {
  const good = file(writeSafetensors({ arrays, metadata: { format: 'halftape' } }));
  let seed = 1;
  const next = (below: number) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  let refused = 0;
  for (let count = 0; count < 10_000; count++) {
    const bytes = good.slice(0, next(4) === 0 ? next(good.length) : good.length);
    for (let changes = next(4); changes > 0 && bytes.length > 0; changes--)
      bytes[next(bytes.length)] = next(256);
    try {
      readSafetensors('x', bytes);
    } catch (error) {
      assert.instance(error, FormatError);
      refused++;
    }
  }
  assert.ok(refused > 1000, `${refused} refused`);
});
