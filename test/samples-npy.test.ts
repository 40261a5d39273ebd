// NumPy's files: every dtype, order and version read as NumPy writes them, and broken ones refused.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { readNpy } from '../src/convert/npy.ts';
import { writeZip } from '../src/convert/zip.ts';
import { FormatError, loadSamples, toHalves } from '../src/node.ts';
import { assertRejects, assertThrows } from './assert-throws.ts';
import { suite } from './harness.ts';
import { npy } from './numpy-files.ts';
import { randomOf } from './ops/draws.ts';

const test = suite('NumPy files');

const VALUES = [0, 1, 2, 3, 100, 127];
const ARRAYS: Readonly<Record<string, ArrayBufferView>> = {
  '<f4': Float32Array.from(VALUES),
  '<f8': Float64Array.from(VALUES),
  '<f2': toHalves(VALUES),
  '|i1': Int8Array.from(VALUES),
  '<i2': Int16Array.from(VALUES),
  '<i4': Int32Array.from(VALUES),
  '<i8': BigInt64Array.from(VALUES.map(BigInt)),
  '|u1': Uint8Array.from(VALUES),
  '<u2': Uint16Array.from(VALUES),
  '<u4': Uint32Array.from(VALUES),
  '<u8': BigUint64Array.from(VALUES.map(BigInt)),
};

test('every dtype: floats become float32, integers int32', () => {
  for (const [descr, data] of Object.entries(ARRAYS)) {
    const { values, shape } = readNpy('a.npy', npy(descr, [2, 3], data));
    assert.equal([[...values], shape], [VALUES, [2, 3]], descr);
    assert.ok(values instanceof (descr.includes('f') ? Float32Array : Int32Array), descr);
  }
  const flags = readNpy('a.npy', npy('|b1', [3], Uint8Array.of(1, 0, 1)));
  assert.equal([...flags.values], [1, 0, 1]);
});

test('the other byte order, Fortran order, all versions, no axis, no elements', () => {
  const swapped = new Uint8Array(Float32Array.from([1, 2, 3]).buffer.slice(0));
  for (let at = 0; at < 12; at += 4) swapped.subarray(at, at + 4).reverse();
  assert.equal([...readNpy('a', npy('>f4', [3], swapped)).values], [1, 2, 3]);
  // (2, 3, 2): element (i, j, k) is 100 i + 10 j + k, the first axis runs fastest.
  const columns: number[] = [];
  for (let k = 0; k < 2; k++)
    for (let j = 0; j < 3; j++) for (let i = 0; i < 2; i++) columns.push(100 * i + 10 * j + k);
  const fortran = readNpy('a', npy('<i4', [2, 3, 2], Int32Array.from(columns), { fortran: true }));
  assert.equal([...fortran.values], [0, 1, 10, 11, 20, 21, 100, 101, 110, 111, 120, 121]);
  for (const version of [1, 2, 3])
    assert.equal([...readNpy('a', npy('<f4', [1], Float32Array.of(7), { version })).values], [7]);
  assert.equal(readNpy('a', npy('<f4', [], Float32Array.of(7))).shape, []);
  assert.equal(readNpy('a', npy('<f4', [0, 5], new Float32Array(0))).shape, [0, 5]);
});

test('what is broken says where', () => {
  const whole = npy('<f4', [2, 3], Float32Array.from(VALUES));
  const cases: [Uint8Array, RegExp][] = [
    [whole.subarray(0, 5), /a\.npy: byte 0: no \.npy file/],
    [whole.subarray(0, 40), /byte 8: a header of 118 bytes in a file of 40/],
    [whole.subarray(0, -1), /byte 128: 23 bytes for float32 of shape \(2, 3\), which has 24/],
    [Uint8Array.of(...whole, 0), /25 bytes for float32/],
    [npy('<f4', [2, 3], Float32Array.from(VALUES), { version: 4 }), /version 4; use 1, 2 or 3/],
    [npy('<c8', [1], Float32Array.of(1, 2)), /dtype '<c8'; use f2 to f8/],
    [npy('|O', [1], Float32Array.of(1, 2)), /dtype '\|O'/],
    [npy('<f3', [1], new Uint8Array(3)), /dtype '<f3'/],
    [npy('<f4', [2 ** 40, 2 ** 12], Float32Array.of(1)), /4 bytes for float32 of shape/],
    [npy('<f4', ['-1'], Float32Array.of(1)), /the header is not/],
    [npy("[('a', '<f4')]", [1], Float32Array.of(1)), /the header is not/],
    [npy('<i8', [1], BigInt64Array.of(2n ** 40n)), /element 0 is 1099511627776; integers of 32 bits/],
  ];
  for (const [bytes, said] of cases) assertThrows(() => readNpy('a.npy', bytes), FormatError, said);
});

test('archives: x with labels y, and the names that Keras and NumPy give', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'halftape-npz-'));
  const path = join(folder, 'data.npz');
  const write = (...names: string[]) =>
    writeFileSync(
      path,
      Buffer.concat(
        writeZip(
          new Map(
            names.map((name, i) => [name, [npy('<f4', [3, 2], Float32Array.from([0, 1, 2, 3, 4, i]))]]),
          ),
        ),
      ),
    );
  try {
    for (const names of [
      ['y.npy', 'x.npy'],
      ['y_train.npy', 'x_train.npy'],
      ['arr_1.npy', 'arr_0.npy'],
    ]) {
      write(...names);
      const { values, shape, labels } = await loadSamples(path, { limit: 2, scale: 2, offset: 1 });
      assert.equal(
        [[...values], shape],
        [
          [1, 3, 5, 7],
          [2, 2],
        ],
      );
      assert.equal(
        [[...labels!.values], labels!.shape],
        [
          [0, 1, 2, 3],
          [2, 2],
        ],
      );
    }
    write('only.npy');
    assert.equal([...(await loadSamples(path)).values], [0, 1, 2, 3, 4, 0]);
    write('a.npy', 'b.npy');
    await assertRejects(
      () => loadSamples(path),
      FormatError,
      /data\.npz: arrays a, b; call the samples x, and labels y/,
    );
    write('a.txt');
    await assertRejects(() => loadSamples(path), FormatError, /no arrays in it/);
    writeFileSync(path, npy('<f4', [], Float32Array.of(1)));
    await assertRejects(() => loadSamples(path), FormatError, /no zip archive/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('mutated files are read or refused, in bounded time', () => {
  const random = randomOf('npy');
  const whole = npy('<f4', [2, 3], Float32Array.from(VALUES));
  let refused = 0;
  for (let round = 0; round < 3000; round++) {
    const bytes = whole.slice(0, random() < 0.2 ? Math.floor(random() * whole.length) : whole.length);
    for (let change = 0; change <= random() * 3; change++)
      bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
    try {
      readNpy('a.npy', bytes);
    } catch (error) {
      assert.instance(error, FormatError);
      refused++;
    }
  }
  assert.ok(refused > 1000, `${refused} refused`);
});
