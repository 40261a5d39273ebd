// Pictures: PNG in all its forms against pngjs, JPEG, resizing against our own op, folders and their classes, hostile files.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { encode } from 'jpeg-js';
import { PNG } from 'pngjs';
import * as assert from 'uvu/assert';
import { crc32 } from '../src/convert/bytes/crc32.ts';
import { numbersOfPixels, pixelsOfNumbers, resized } from '../src/convert/pixels.ts';
import { readPng, writePng } from '../src/convert/png.ts';
import { readJpeg } from '../src/node/jpeg.ts';
import * as ht from '../src/node.ts';
import { assertRejects, assertThrows } from './assert-throws.ts';
import { suite } from './harness.ts';
import { randomOf } from './ops/draws.ts';

const test = suite('pictures');
let folder: string;
test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'halftape-pictures-'));
});
test.after(() => rmSync(folder, { recursive: true }));

const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

function chunk(type: string, content: Uint8Array): Buffer {
  const bytes = Buffer.alloc(12 + content.length);
  bytes.writeUInt32BE(content.length, 0);
  bytes.write(type, 4);
  bytes.set(content, 8);
  bytes.writeUInt32BE(crc32([bytes.subarray(4, 8 + content.length)]), 8 + content.length);
  return bytes;
}

interface Form {
  width: number;
  height: number;
  colour: number;
  depth: number;
  interlaced: boolean;
}

/** A PNG of random bytes in random filters: any filter may stand before any bytes. */
function png({ width, height, colour, depth, interlaced }: Form, name = 'png', ...more: Buffer[]): Buffer {
  const random = randomOf(name);
  const rows: number[] = [];
  for (const [left, top, stepX, stepY] of interlaced ? PASSES : [[0, 0, 1, 1] as const]) {
    const columns = Math.ceil((width - left) / stepX);
    for (let y = top; y < height && columns > 0; y += stepY) {
      rows.push(Math.floor(random() * 5));
      const bytes = Math.ceil((columns * CHANNELS[colour]! * depth) / 8);
      for (let i = 0; i < bytes; i++) rows.push(Math.floor(random() * 256));
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, colour, 0, 0, interlaced ? 1 : 0], 8);
  const palette = Buffer.from(Array.from({ length: 3 * 2 ** depth }, () => Math.floor(random() * 256)));
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    ...(colour === 3 ? [chunk('PLTE', palette)] : []),
    ...more,
    chunk('IDAT', deflateSync(Buffer.from(rows))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

test('PNG of every colour type, depth, filter and interlacing is read as pngjs reads it', async () => {
  const depths = { 0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16] };
  for (const [colour, own] of Object.entries(depths))
    for (const depth of own)
      for (const interlaced of [false, true])
        for (const [width, height] of [
          [13, 11],
          [1, 3],
          [3, 1],
        ] as const) {
          const form = { width, height, colour: Number(colour), depth, interlaced };
          const file = png(form, JSON.stringify(form));
          const pixels = await readPng('a.png', file);
          const expected = PNG.sync.read(file, { skipRescale: depth === 16 });
          const values = numbersOfPixels(pixels, 4);
          const unit = depth === 16 ? 1 / 257 : 1;
          const other = Float32Array.from(expected.data, (value) => value * unit);
          assert.equal(values, other, JSON.stringify(form));
        }
});

test('transparent colours of a palette are alpha; a transparent colour beside is not', async () => {
  const form = { width: 4, height: 4, colour: 3, depth: 2, interlaced: false };
  const file = png(form, 'alpha', chunk('tRNS', Buffer.from([0, 128])));
  const pixels = await readPng('a.png', file);
  assert.is(pixels.channels, 4);
  assert.equal(numbersOfPixels(pixels, 4), Float32Array.from(PNG.sync.read(file).data));
  const grey = png({ ...form, colour: 0 }, 'alpha', chunk('tRNS', Buffer.from([0, 1])));
  assert.is((await readPng('a.png', grey)).channels, 1);
});

test('what is written is read by pngjs, and back', async () => {
  const random = randomOf('write');
  for (const channels of [1, 2, 3, 4]) {
    const values = Float32Array.from({ length: 5 * 7 * channels }, () => 300 * random() - 20);
    values[0] = Number.NaN;
    const pixels = pixelsOfNumbers(values, [5, 7, channels]);
    const file = await writePng(pixels);
    assert.equal(await readPng('a.png', file), pixels);
    const { width, height, data } = PNG.sync.read(Buffer.from(file));
    assert.equal([width, height], [7, 5]);
    assert.equal(numbersOfPixels(pixels, 4), Float32Array.from(data));
  }
  const path = join(folder, 'written.png');
  await ht.saveImage({ values: [300, 1.5, -1], shape: [1, 1, 1, 3] }, path);
  assert.equal([...(await ht.loadSamples(path)).values], [255, 2, 0]);
  await assertRejects(
    () => ht.saveImage({ values: [1, 2], shape: [2, 1] }, path),
    ht.ShapeError,
    /2 values of shape \(2, 1\); use \(rows, columns, channels\)/,
  );
});

test('JPEG, colours to grey and back, 16 bits, scale and offset', async () => {
  const data = Buffer.alloc(4 * 32 * 24, 255);
  for (let i = 0; i < data.length; i += 4) data.set([200, 100, 50], i);
  const path = join(folder, 'flat.jpg');
  writeFileSync(path, encode({ width: 32, height: 24, data }, 95).data);
  const rgb = await ht.loadSamples(path);
  assert.equal(rgb.shape, [1, 24, 32, 3]);
  for (const [i, value] of rgb.values.entries())
    assert.ok(Math.abs(value - [200, 100, 50][i % 3]!) <= 3, `${value}`);
  const grey = await ht.loadSamples(path, { channels: 1, scale: 1 / 127.5, offset: -1 });
  assert.ok(Math.abs(grey.values[0]! - (124.2 / 127.5 - 1)) < 0.03, `${grey.values[0]}`);
  const pixels = { width: 1, height: 1, channels: 1, data: Uint16Array.of(257 * 9 + 128) } as const;
  assert.equal([...numbersOfPixels(pixels, 3)], Array(3).fill(Math.fround((257 * 9 + 128) / 257)));
});

test('resizing is that of our op between centres of pixels', async () => {
  const engine = await ht.open({ seed: 1 });
  try {
    const random = randomOf('resize');
    const values = Float32Array.from({ length: 7 * 5 * 3 }, () => 255 * random());
    const image = ht.tensor(values, { shape: [1, 7, 5, 3] });
    for (const size of [
      [14, 10],
      [3, 9],
      [1, 1],
    ] as const) {
      const expected = await ht.resizeBilinear(image, [...size], false, true).data();
      const own = resized(values, [7, 5, 3], size);
      for (const [i, value] of own.entries())
        assert.ok(Math.abs(value - expected[i]!) < 1e-3, `${size} ${i}`);
    }
  } finally {
    engine.close();
  }
});

function put(name: string, bytes: Uint8Array): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), bytes);
}

test('folders: in the order of names, with classes, limits and sizes', async () => {
  const form = { width: 4, height: 3, colour: 0, depth: 8, interlaced: false };
  const names = [
    'classes/cat/b.png',
    'classes/cat/a.png',
    'classes/dog/x.PNG',
    'classes/dog/y.png',
    'classes/ant/z.png',
  ];
  for (const name of names) put(name, png(form, name));
  put('classes/dog/readme.txt', Buffer.from('no picture'));
  put('classes/.cache/c.png', Buffer.from('hidden'));
  const all = await ht.loadSamples(join(folder, 'classes'), { channels: 1, verbose: 0 });
  assert.equal(all.shape, [5, 3, 4, 1]);
  assert.equal(all.classNames, ['ant', 'cat', 'dog']);
  assert.equal([...all.labels!.values], [0, 1, 1, 2, 2]);
  const first = numbersOfPixels(await readPng('z', png(form, 'classes/ant/z.png')), 1);
  assert.equal(all.values.slice(0, 12), first);
  const some = await ht.loadSamples(join(folder, 'classes'), { limit: 3, size: [2, 2], verbose: 0 });
  assert.equal(
    [some.shape, [...some.labels!.values]],
    [
      [3, 2, 2, 3],
      [0, 1, 2],
    ],
  );
  put('plain/1.png', png(form));
  put('plain/2.png', png({ ...form, width: 5 }));
  await assertRejects(
    () => ht.loadSamples(join(folder, 'plain'), { verbose: 0 }),
    ht.DataError,
    /2\.png: 5 x 3 pixels, .*1\.png 4 x 3; choose a size/,
  );
  put('mixed/1.png', png(form));
  put('mixed/a/2.png', png(form));
  await assertRejects(
    () => ht.loadSamples(join(folder, 'mixed')),
    ht.FormatError,
    /1\.png: a picture beside folders/,
  );
  mkdirSync(join(folder, 'empty'));
  await assertRejects(
    () => ht.loadSamples(join(folder, 'empty')),
    ht.FormatError,
    /no pictures in this folder/,
  );
  put('a.gif', Buffer.from('GIF'));
  await assertRejects(
    () => ht.loadSamples(join(folder, 'a.gif')),
    ht.FormatError,
    /unknown extension '\.gif'/,
  );
  for (const [options, said] of [
    [{ channels: 2 }, /channels 2; use 1, 3 or 4/],
    [{ size: [0, 1] }, /size 0/],
    [{ scale: Number.NaN }, /scale NaN/],
    [{ colours: 3 }, /unknown option 'colours'/],
  ] as const)
    await assertRejects(() => ht.loadSamples(folder, options as never), ht.ArgumentError, said);
});

test('what a file declares is held against what it has, before memory is taken', async () => {
  const header = (width: number, height: number) => {
    const file = png({ width: 4, height: 4, colour: 6, depth: 8, interlaced: true });
    const fresh = Buffer.from(file);
    fresh.writeUInt32BE(width, 16);
    fresh.writeUInt32BE(height, 20);
    fresh.writeUInt32BE(crc32([fresh.subarray(12, 29)]), 29);
    return fresh;
  };
  const cases: [Buffer, RegExp][] = [
    [header(2 ** 31, 2 ** 31), /byte 8: 2147483648 x 2147483648 pixels/],
    [header(8000, 8000), /IDAT: \d+ bytes in \d+ of the file/],
    [header(0, 4), /byte 8: 0 x 4 pixels/],
    [header(4, 5), /IDAT: \d+ bytes come out, not \d+/],
    [header(4, 3), /IDAT: more than \d+ bytes come out/],
    [Buffer.from('GIF89a'), /byte 0: no PNG file/],
    [
      png({ width: 4, height: 4, colour: 6, depth: 8, interlaced: false }).subarray(0, 60),
      /byte 33: a chunk of \d+ bytes leaves/,
    ],
  ];
  for (const [file, said] of cases) await assertRejects(() => readPng('a.png', file), ht.FormatError, said);
  const jpeg = Buffer.from(encode({ width: 8, height: 8, data: Buffer.alloc(256, 90) }, 50).data);
  const frame = jpeg.indexOf(Buffer.from([0xff, 0xc0]));
  jpeg.writeUInt16BE(65535, frame + 5);
  jpeg.writeUInt16BE(65535, frame + 7);
  assertThrows(() => readJpeg('a.jpg', jpeg), ht.FormatError, /byte \d+: 65535 x 65535 pixels in \d+ bytes/);
});

test('mutated pictures are read or refused, in bounded time', async () => {
  const random = randomOf('mutated');
  const files: [Buffer, (where: string, file: Uint8Array) => unknown][] = [
    [png({ width: 9, height: 9, colour: 3, depth: 4, interlaced: true }), readPng],
    [png({ width: 9, height: 9, colour: 6, depth: 16, interlaced: false }), readPng],
    [Buffer.from(encode({ width: 16, height: 16, data: Buffer.alloc(1024, 90) }, 50).data), readJpeg],
  ];
  let refused = 0;
  for (const [whole, read] of files)
    for (let round = 0; round < 700; round++) {
      const bytes = Buffer.from(
        whole.subarray(0, random() < 0.2 ? Math.floor(random() * whole.length) : whole.length),
      );
      for (let change = 0; change <= random() * 3; change++)
        bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      // Checksums would keep most changes out.
      if (read === readPng) mendChecksums(bytes);
      try {
        await read('a', bytes);
      } catch (error) {
        assert.instance(error, ht.FormatError, `${error}`);
        refused++;
      }
    }
  assert.ok(refused > 700, `${refused} refused`);
});

function mendChecksums(bytes: Buffer): void {
  for (let at = 8; at + 12 <= bytes.length; ) {
    const end = at + 8 + bytes.readUInt32BE(at);
    if (end + 4 > bytes.length) return;
    bytes.writeUInt32BE(crc32([bytes.subarray(at + 4, end)]), end);
    at = end + 4;
  }
}
