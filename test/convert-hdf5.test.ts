// HDF5: h5py's files are read, HDF5's own library reads what is written, and what is broken is refused with its place.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import h5wasm from 'h5wasm/node';
import * as assert from 'uvu/assert';
import { filesInMemory } from '../src/convert/files.ts';
import { type Hdf5Dataset, type Hdf5Group, openHdf5 } from '../src/convert/hdf5/file.ts';
import { type ArrayToWrite, type GroupToWrite, writeHdf5 } from '../src/convert/hdf5/write.ts';
import { FormatError } from '../src/node.ts';
import { assertRejects } from './assert-throws.ts';
import { suite } from './harness.ts';

const test = suite('hdf5');

const fixture = (name: string) =>
  new Uint8Array(readFileSync(new URL(`fixtures/keras/${name}`, import.meta.url)));

function open(bytes: Uint8Array): Promise<Hdf5Group> {
  return openHdf5('x', filesInMemory(new Map([['x', bytes]])), 'x');
}

async function dataset(root: Hdf5Group, path: string): Promise<Hdf5Dataset> {
  const found = await root.open(path);
  if (found?.kind !== 'dataset') throw new Error(`no dataset ${path}`);
  return found;
}

type Child = GroupToWrite | ArrayToWrite;
const array = (
  dtype: ArrayToWrite['dtype'],
  shape: number[],
  { buffer }: { buffer: ArrayBuffer },
): ArrayToWrite => ({
  ...{ dtype, shape, bytes: new Uint8Array(buffer) },
});

/** Halves, integers, scalars, nothing; long texts, many links, names in other scripts. */
function everything(): GroupToWrite {
  const many = Array.from({ length: 700 }, (_, i): [string, Child] => [
    `layer_${i}`,
    array('float32', [2, 1], Float32Array.of(i, -i)),
  ]);
  return {
    attributes: { long: JSON.stringify('ü'.repeat(50_000)), list: ['a', 'bcd'], none: [], blank: '' },
    children: new Map<string, Child>([
      ['many', { attributes: { names: many.map(([name]) => name) }, children: new Map(many) }],
      ['half', array('float16', [3], Uint16Array.of(0x3c00, 0xc000, 0x7c00))],
      ['count', array('int64', [], BigInt64Array.of(77n))],
      ['integers', array('int32', [2], Int32Array.of(-1, 2 ** 31 - 1))],
      ['nothing', { ...array('float32', [0, 3], new Float32Array(0)), attributes: { note: 'x' } }],
      ['größe', { children: new Map() }],
    ]),
  };
}

test('what is written is read back equal', async () => {
  const root = await open(Uint8Array.from(Buffer.concat(writeHdf5(everything()))));
  assert.equal([...root.names], ['many', 'half', 'count', 'integers', 'nothing', 'größe']);
  assert.is(await root.attribute('long'), JSON.stringify('ü'.repeat(50_000)));
  assert.equal(await root.attribute('list'), ['a', 'bcd']);
  assert.equal(await root.attribute('none'), []);
  assert.is(await root.attribute('blank'), '');
  assert.is(await root.attribute('other'), undefined);
  for (const i of [0, 1, 350, 699])
    assert.equal(await (await dataset(root, `many/layer_${i}`)).read(), Float32Array.of(i, -i));
  assert.equal(await (await dataset(root, 'half')).read(), Float32Array.of(1, -2, Number.POSITIVE_INFINITY));
  const count = await dataset(root, 'count');
  assert.equal([count.shape, count.dtype, await count.read()], [[], 'int64', Int32Array.of(77)]);
  assert.equal(await (await dataset(root, 'integers')).read(), Int32Array.of(-1, 2 ** 31 - 1));
  const nothing = await dataset(root, 'nothing');
  assert.equal([nothing.shape, await nothing.read()], [[0, 3], new Float32Array(0)]);
});

test("HDF5's own library reads it", async () => {
  await h5wasm.ready;
  const path = join(tmpdir(), `halftape-${process.pid}.h5`);
  writeFileSync(path, Buffer.concat(writeHdf5(everything())));
  try {
    const file = new h5wasm.File(path, 'r');
    const at = (name: string) => file.get(name) as InstanceType<typeof h5wasm.Dataset>;
    assert.is(file.attrs.long!.value, JSON.stringify('ü'.repeat(50_000)));
    assert.equal([...(file.attrs.list!.value as string[])], ['a', 'bcd']);
    assert.equal([file.attrs.none!.shape, file.attrs.blank!.value], [[0], '']);
    assert.is((file.get('many') as InstanceType<typeof h5wasm.Group>).keys().length, 700);
    for (const i of [0, 1, 350, 699])
      assert.equal([...(at(`many/layer_${i}`).value as Float32Array)], [i, -i]);
    assert.equal([at('half').dtype, at('half').shape], ['<e', [3]]);
    assert.equal([at('count').value, at('count').dtype], [77n, '<q']);
    assert.equal([...(at('integers').value as Int32Array)], [-1, 2 ** 31 - 1]);
    assert.equal([at('nothing').shape, at('nothing').attrs.note!.value], [[0, 3], 'x']);
    assert.ok(file.get('größe'));
    file.close();
  } finally {
    rmSync(path);
  }
});

test("h5py's types, byte orders, chunks and attributes, behind a block of the user's", async () => {
  const root = await open(fixture('types.h5'));
  const dtypes = {
    ...{ f2: 'float16', f4: 'float32', f8: 'float64', '>f2': 'float16', '>f4': 'float32', '>f8': 'float64' },
    ...{ i1: 'int8', u1: 'uint8', '<i2': 'int16', '>i4': 'int32', i8: 'int64', u4: 'uint32', '?': 'bool' },
  };
  for (const [name, dtype] of Object.entries(dtypes)) {
    const found = await dataset(root, name);
    assert.equal([found.dtype, found.shape], [dtype, [2, 3]], name);
    const expected = name === '?' ? [0, 1, 1, 1, 1, 1] : [0, 1, 2, 3, 4, 5];
    const values = await found.read();
    assert.equal([...values], expected, name);
    assert.instance(values, name.includes('f') ? Float32Array : Int32Array);
  }
  assert.equal(await (await dataset(root, 'scalar')).read(), Float32Array.of(2.5));
  assert.equal((await dataset(root, 'empty')).shape, [0, 3]);
  assert.equal(await (await dataset(root, 'bfloat16')).read(), Float32Array.of(1, -2));
  const chunks = await (await dataset(root, 'chunks')).read();
  assert.equal(
    [...chunks],
    Array.from({ length: 140 }, (_, i) => i),
  );
  assert.equal(await root.attribute('texts'), ['a', 'bcd']);
  assert.equal(await root.attribute('numbers'), [1.5, 2]);
  assert.equal(await root.attribute('none'), []);
});

test('files of version 1.8, with links and attributes in heaps', async () => {
  const root = await open(fixture('small-1.8.h5'));
  const group = (await root.open('model_weights')) as Hdf5Group;
  assert.is(group.names.length, 11);
  for (const i of [0, 3, 9])
    assert.equal(
      await group.attribute(`more${i}`),
      Array.from({ length: i + 1 }, (_, k) => k),
    );
  assert.is((await group.open('group7'))?.kind, 'group');
});

test('what cannot be read is named', async () => {
  const root = await open(fixture('types.h5'));
  const refused = async (path: string, message: RegExp) =>
    assertRejects(async () => (await dataset(root, path)).read(), FormatError, message);
  await refused('large', /^x: 'large': element 0 is 1099511627776; integers of 32 bits are read$/);
  await refused('text', /^x: 'text': elements are vlen string; use floats and integers$/);
  await refused('lzf', /^x: 'lzf': chunk at 0: filter 32000; use gzip, shuffle and fletcher32$/);
  const cycle = await open(fixture('cycle.h5'));
  await assertRejects(() => cycle.open('soft'), FormatError, /^x: 'soft' is a link that leads elsewhere$/);
  assert.is(await cycle.open('nothing/here'), undefined);
  assert.is(await cycle.open('layers/dense/vars/0/deeper'), undefined);
  const lies = (shape: number[], size = 8) =>
    open(
      Uint8Array.from(
        Buffer.concat(
          writeHdf5({ children: new Map([['w', { dtype: 'float32', shape, bytes: new Uint8Array(size) }]]) }),
        ),
      ),
    );
  const read = (shape: number[], size?: number) => async () =>
    (await dataset(await lies(shape, size), 'w')).read();
  await assertRejects(read([3]), FormatError, /^x: 'w': 8 bytes for a shape of 12$/);
  await assertRejects(
    read([2 ** 40]),
    FormatError,
    /^x: 'w': 4398046511104 bytes in \d+ of the file; at most 100 times/,
  );
  await assertRejects(
    read([2 ** 40, 2 ** 40]),
    FormatError,
    /^x: byte \d+: \[\d+, \d+\] elements; no file has so many$/,
  );
  await assertRejects(read([4], 0), FormatError, /^x: 'w': its 16 bytes were never written$/);
  await assertRejects(
    () => open(new Uint8Array(100)),
    FormatError,
    /^x: no HDF5 file: its signature is not there$/,
  );
  await assertRejects(() => open(new Uint8Array(0)), FormatError, /^x: no HDF5 file/);
  const small = fixture('small.h5');
  await assertRejects(
    () => open(small.slice(0, 60)),
    FormatError,
    /^x: byte \d+: \d+ bytes are wanted; \d+ are left$/,
  );
  await assertRejects(
    async () =>
      (await dataset(await open(small.slice(0, small.length - 40)), 'model_weights/a/a/bias:0')).read(),
    FormatError,
    /^x: byte \d+: .* leaves the file, which has \d+$/,
  );
});
