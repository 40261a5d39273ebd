// Zip archives: read in place, written as others read them, and refused where they are broken or meant to harm.
import { deflateRawSync } from 'node:zlib';
import * as assert from 'uvu/assert';
import { filesInMemory } from '../src/convert/files.ts';
import { writeZip, zipFiles } from '../src/convert/zip.ts';
import { FormatError } from '../src/node.ts';
import { assertRejects } from './assert-throws.ts';
import { suite } from './harness.ts';

const test = suite('zip');

const bytes = (text: string) => new TextEncoder().encode(text);
const join = (pieces: readonly Uint8Array[]) => Uint8Array.from(Buffer.concat(pieces));
const open = (archive: Uint8Array) => zipFiles(filesInMemory(new Map([['a.zip', archive]])), 'a.zip');
const read = (archive: Uint8Array, name: string) => async () => (await open(archive)).read(name);
const CONTENT = bytes('some content, and some more of it');

/** An archive of one deflated file, which says that it has `size` bytes. */
function deflated(content: Uint8Array, size = content.length): Uint8Array {
  const packed = deflateRawSync(content);
  const archive = Buffer.from(join(writeZip(new Map([['x', [packed]]]))));
  const crc = Buffer.from(join(writeZip(new Map([['x', [content]]])))).readUInt32LE(14);
  const central = archive.indexOf('PK\x01\x02', 0, 'latin1');
  archive.writeUInt16LE(8, central + 10);
  archive.writeUInt32LE(crc, central + 16);
  archive.writeUInt32LE(size, central + 24);
  return Uint8Array.from(archive);
}

/** A copy with other bytes at a distance from the last place of `signature`. */
function changed(archive: Uint8Array, signature: string, distance: number, ...values: number[]): Uint8Array {
  const copy = Buffer.from(archive);
  copy.set(values, copy.lastIndexOf(signature, undefined, 'latin1') + distance);
  return Uint8Array.from(copy);
}

const CENTRAL = 'PK\x01\x02';
const END = 'PK\x05\x06';
const LOCAL = 'PK\x03\x04';

test('files come back, whole and in part', async () => {
  const archive = join(
    writeZip(
      new Map([
        ['a/b', [CONTENT.slice(0, 5), CONTENT.slice(5)]],
        ['ü', []],
      ]),
    ),
  );
  const files = await open(archive);
  assert.equal(await files.list(), ['a/b', 'ü']);
  assert.equal(
    [await files.size('a/b'), await files.size('ü'), await files.size('c')],
    [CONTENT.length, 0, undefined],
  );
  assert.equal(await files.read('a/b'), CONTENT);
  assert.equal(await files.read('a/b', { from: 5, to: 12 }), CONTENT.slice(5, 12));
  assert.equal((await files.read('ü')).length, 0);
  await assertRejects(() => files.read('c'), FormatError, /^a.zip: it holds no 'c'$/);
  await assertRejects(
    () => files.read('a/b', { from: 5, to: 99 }),
    FormatError,
    /^a.zip: 'a\/b': bytes 5 to 99 of 33$/,
  );
});

test('deflated files, with a comment at the end, and long directories', async () => {
  const archive = deflated(CONTENT);
  assert.equal(await read(archive, 'x')(), CONTENT);
  const commented = join([changed(archive, END, 20, 2, 0), bytes('hi')]);
  assert.equal(await read(commented, 'x')(), CONTENT);
  // The directory of an archive beyond 4 GB: its place stands in 64 bits.
  const end = Buffer.from(archive).lastIndexOf(END, undefined, 'latin1');
  const long = Buffer.alloc(56 + 20);
  long.write('PK\x06\x06', 0, 'latin1');
  long.writeBigUInt64LE(1n, 32);
  long.writeBigUInt64LE(BigInt(Buffer.from(archive).readUInt32LE(end + 12)), 40);
  long.writeBigUInt64LE(BigInt(Buffer.from(archive).readUInt32LE(end + 16)), 48);
  long.write('PK\x06\x07', 56, 'latin1');
  long.writeBigUInt64LE(BigInt(end), 64);
  const tail = changed(archive.slice(end), END, 8, ...new Array(12).fill(255));
  assert.equal(await read(join([archive.slice(0, end), long, tail]), 'x')(), CONTENT);
});

test('what is broken is named', async () => {
  const archive = join(writeZip(new Map([['x', [CONTENT]]])));
  const cases: [Uint8Array, RegExp][] = [
    [new Uint8Array(0), /^a.zip: no zip archive: its directory is not there$/],
    [archive.slice(0, -1), /^a.zip: no zip archive/],
    [archive.slice(1), /^a.zip: byte \d+: no file of the archive is here$/],
    [changed(archive, CENTRAL, 8, 1), /^a.zip: byte \d+: an encrypted file; use archives without them$/],
    [changed(archive, CENTRAL, 10, 9), /^a.zip: 'x': compression 9; use 0 or 8$/],
    [changed(archive, CENTRAL, 20, 1), /^a.zip: byte \d+: 'x': 1 bytes for a file of 33, uncompressed$/],
    [changed(archive, CENTRAL, 42, 1), /^a.zip: byte \d+: 'x' does not begin here$/],
    [changed(archive, CENTRAL, 16, 1, 2, 3, 4), /^a.zip: 'x' is damaged: its checksum is another$/],
    [changed(archive, 'some content', 0, 0), /^a.zip: 'x' is damaged: its checksum is another$/],
    [changed(archive, END, 10, 9), /^a.zip: 9 files in a directory of 47 bytes$/],
    [changed(archive, END, 16, 0, 0, 9), /^a.zip: byte \d+: 47 bytes leave the archive, which has \d+$/],
    [changed(deflated(CONTENT), LOCAL, 36, 255), /^a.zip: 'x': .*(damaged|come out)/],
  ];
  for (const [broken, message] of cases) await assertRejects(read(broken, 'x'), FormatError, message);
});

test('names that leave the archive, and names that are there twice', async () => {
  for (const name of ['../x', 'a/../../x', '/etc/passwd', '..\\x', 'C:\\x', 'C:x'])
    await assertRejects(
      () => open(join(writeZip(new Map([[name, [CONTENT]]])))),
      FormatError,
      /^a.zip: '.*' leaves the archive$/,
    );
  const twice = join(
    writeZip(
      new Map([
        ['xa', []],
        ['xb', []],
      ]),
    ),
  );
  await assertRejects(
    () => open(changed(twice, CENTRAL, 47, 97)),
    FormatError,
    /^a.zip: 'xa' is in it twice$/,
  );
});

test('bombs: more than the directory says, more than a file holds', async () => {
  const zeros = deflated(new Uint8Array(2e7), 1000);
  await assertRejects(read(zeros, 'x'), FormatError, /^a.zip: 'x': more than 1000 bytes come out$/);
  await assertRejects(read(deflated(CONTENT, 40), 'x'), FormatError, /^a.zip: 'x': .*damaged|not 40$/);
  const heap = process.memoryUsage().arrayBuffers;
  await assertRejects(
    read(deflated(CONTENT, 2 ** 32 - 2), 'x'),
    FormatError,
    /^a.zip: 4294967294 bytes in \d+ of the file; at most 100 times as many, and 64 MiB, are read$/,
  );
  assert.ok(process.memoryUsage().arrayBuffers - heap < 1e7);
});
