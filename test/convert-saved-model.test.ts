// SavedModels of Keras, written by test/saved-model and read: weights, both kinds of metadata, shards, parts, optimizers, refusals.
import * as assert from 'uvu/assert';
import { crc32c } from '../src/convert/bytes/crc32c.ts';
import { filesInMemory } from '../src/convert/files.ts';
import { readModel } from '../src/convert/formats.ts';
import { Bundle } from '../src/convert/saved-model/bundle.ts';
import * as ht from '../src/node.ts';
import { assertRejects } from './assert-throws.ts';
import { drawn } from './graph/build.ts';
import { suite } from './harness.ts';
import { bundle } from './saved-model/bundle.ts';
import { maskedSum, message, word } from './saved-model/encode.ts';
import { kerasSavedModel, type SavedLayer, type SavedOptions } from './saved-model/keras.ts';
import { numbers } from './step.ts';

const test = suite('SavedModels');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open();
});
test.after(() => engine.close());

const weight = (name: string, shape: readonly number[], trainable = true) => {
  return {
    name,
    shape,
    trainable,
    values: drawn(
      name,
      shape.reduce((a, b) => a * b, 1),
      -1,
      1,
    ),
  };
};
const tuple = (...items: number[]) => ({ class_name: '__tuple__', items });
const positive = (own: ReturnType<typeof weight>) => ({
  ...own,
  values: own.values.map((value) => Math.abs(value) + 0.5),
});

const LAYERS: readonly SavedLayer[] = [
  {
    name: 'input_1',
    className: 'InputLayer',
    config: { batch_input_shape: { class_name: '__tuple__', items: [null, 6, 6, 2] }, dtype: 'float32' },
    weights: [],
  },
  {
    name: 'conv',
    className: 'Conv2D',
    config: {
      filters: 3,
      kernel_size: tuple(3, 3),
      strides: tuple(1, 1),
      padding: 'same',
      activation: 'relu',
      dtype: 'float32',
    },
    weights: [weight('kernel', [3, 3, 2, 3]), weight('bias', [3])],
  },
  {
    ...{
      name: 'norm',
      className: 'BatchNormalization',
      config: { axis: [3], epsilon: 0.001, dtype: 'float32' },
    },
    weights: [
      weight('gamma', [3]),
      weight('beta', [3]),
      weight('moving_mean', [3], false),
      positive(weight('moving_variance', [3], false)),
    ],
  },
  { name: 'flat', className: 'Flatten', config: { dtype: 'float32' }, weights: [] },
  {
    name: 'head',
    className: 'Dense',
    config: { units: 4, activation: 'softmax', dtype: 'float32' },
    weights: [weight('head_kernel', [108, 4]), weight('head_bias', [4])],
  },
];

function same(options: SavedOptions) {
  return async () => {
    const model = await ht.loadModel(kerasSavedModel(LAYERS, options));
    const { layers } = ht;
    const expected = ht.sequential([
      layers.conv2d({
        filters: 3,
        kernelSize: 3,
        padding: 'same',
        activation: 'relu',
        inputShape: [6, 6, 2],
      }),
      layers.batchNormalization(),
      layers.flatten(),
      layers.dense({ units: 4, activation: 'softmax' }),
    ]);
    expected.build([6, 6, 2]);
    expected.setWeights(
      LAYERS.flatMap(({ weights }) => weights.map(({ values }) => Float32Array.from(values))),
    );
    const x = ht.tensor(Float32Array.from(drawn('images', 2 * 72)), { shape: [2, 6, 6, 2] });
    assert.equal(await numbers(model.apply(x)), await numbers(expected.apply(x)));
    for (const own of [model, expected]) own.dispose();
  };
}

test('read as the model that was saved', same({}));
test('metadata beside the objects, as before TensorFlow 2.5', same({ legacy: true }));
test('three files of variables, the first variable in parts', same({ shards: 3, parts: [1, 2] }));
test('layers without lists of their variables', same({ bare: true }));

test('slots, iterations and the state of the loss scale', async () => {
  const optimizer = { iterations: 1000, lossScale: 4096, goodSteps: 7 };
  const files = kerasSavedModel(LAYERS, { optimizer });
  const stored = await readModel(filesInMemory(new Map(Object.entries(files))));
  const values = await Promise.all(stored.optimizerWeights!.map(async (own) => [...(await own.read())]));
  const trained = LAYERS.flatMap(({ weights }) => weights.filter(({ trainable }) => trainable));
  assert.equal(values, [
    ...[[optimizer.iterations], [optimizer.goodSteps], [optimizer.lossScale]],
    ...trained.map((own) => own.values.map((value) => value * 2)),
    ...trained.map((own) => own.values.map((value) => value * 3)),
  ]);
  const model = await ht.loadModel(files, { compile: true });
  const scaled = model.optimizer as ht.LossScaleOptimizer;
  assert.is(await scaled.lossScale(), 4096);
  const { scale, slots } = await scaled.innerOptimizer.state();
  assert.equal([scale.iterations, scale.growthCounter], [optimizer.iterations, optimizer.goodSteps]);
  const means = Object.values(slots.mean!);
  const kernel = trained[0]!.values.map((value) => value * 2);
  assert.ok(means.some((own) => [...own].join() === kernel.join()));
  model.dispose();
});

test('the sum is CRC-32C', () => {
  assert.is(crc32c(new TextEncoder().encode('123456789')), 0xe3069283);
  assert.is(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.is(crc32c(new TextEncoder().encode('6789'), crc32c(new TextEncoder().encode('12345'))), 0xe3069283);
});

test('halves, long integers, empty variables and keys that share much', async () => {
  const files = bundle([
    { key: 'a/half', shape: [3], type: 'float16', values: [0x3c00, 0xc000, 0x7bff] },
    { key: 'a/half_more', shape: [2], type: 'int64', values: [-1, 2 ** 31 - 1] },
    { key: 'a/half_moment', shape: [0, 4], type: 'float32', values: [] },
    { key: 'wide', shape: [1], type: 'int64', values: [2 ** 40] },
    { key: 'parts', shape: [100, 2], type: 'float32', values: drawn('parts', 200), parts: [70, 20, 10] },
  ]);
  const read = await Bundle.open(filesInMemory(new Map(Object.entries(files))), 'variables/variables');
  assert.equal([...(await read.tensor('a/half').read())], [1, -2, 65504]);
  assert.equal([...(await read.tensor('a/half_more').read())], [-1, 2 ** 31 - 1]);
  assert.equal([...(await read.tensor('a/half_moment').read())], []);
  assert.equal([...(await read.tensor('parts').read())], drawn('parts', 200));
  await assertRejects(
    () => read.tensor('wide').read(),
    ht.FormatError,
    /1099511627776 at element 0 is no int32/,
  );
  assert.throws(() => read.tensor('gone'), /no variable 'gone'/);
});

async function refused(change: (files: Record<string, Uint8Array>) => void, rule: RegExp): Promise<void> {
  const files = kerasSavedModel(LAYERS);
  change(files);
  await assertRejects(() => ht.loadModel(files), ht.FormatError, rule);
}
const INDEX = 'variables/variables.index';
const DATA = 'variables/variables.data-00000-of-00001';

test('what is broken or not Keras is refused with its place', async () => {
  await refused((files) => delete files[INDEX], /variables.index: no such file/);
  await refused((files) => delete files[DATA], /data-00000-of-00001: no such file/);
  await refused((files) => (files[DATA] = files[DATA]!.slice(0, -9)), /it is cut off/);
  await refused((files) => files[DATA]!.set([1, 2, 3], 8), /kernel.*damaged: its checksum differs/);
  await refused((files) => files[INDEX]!.set([255], 20), /the block at byte 0 is damaged/);
  await refused(
    (files) => (files[INDEX] = files[INDEX]!.slice(0, 40)),
    /40 bytes; a table has a footer of 48/,
  );
  await refused(
    (files) => files[INDEX]!.set([0], files[INDEX]!.length - 1),
    /not the end of a LevelDB table/,
  );
  await refused((files) => delete files['keras_metadata.pb'], /metadata of Keras are missing/);
  await refused(
    (files) => (files['saved_model.pb'] = message([[1, 1]])),
    /0 graphs; none has the tag 'serve'/,
  );
  await refused(
    (files) => (files['saved_model.pb'] = Uint8Array.of(18, 200, 1)),
    /field 2 has 200 bytes; 0 are left/,
  );
  const plain = message([
    [
      2,
      message([
        [1, message([[4, 'serve']])],
        [
          5,
          message([
            [1, 'serving_default'],
            [2, message([])],
          ]),
        ],
      ]),
    ],
  ]);
  await refused(
    (files) => (files['saved_model.pb'] = plain),
    /not saved by Keras.*signatures serving_default, for loadGraphModel/,
  );
});

test('a block that is compressed is refused with the reason', async () => {
  await refused((files) => {
    const index = files[INDEX]!;
    // The first block has one byte for its length here; its type is the last byte before the sum.
    const size = index.findIndex((_, at) => {
      const sum = new DataView(index.buffer, index.byteOffset + at + 1).getUint32(0, true);
      return index[at] === 0 && sum === maskedSum(index.subarray(0, at + 1));
    });
    index[size] = 1;
    index.set(word(maskedSum(index.subarray(0, size + 1))), size + 1);
  }, /the block at byte 0 is compressed with snappy.*save the model again/);
});
