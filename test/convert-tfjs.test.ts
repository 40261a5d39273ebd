// TensorFlow.js layers-models: a real one, all forms of weights, what is written, and files that are not as they should be.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PNG } from 'pngjs';
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { assertRefused, filesOf, smallModel, smallReference } from './small-model.ts';
import { numbers } from './step.ts';

const test = suite('TensorFlow.js layers-models');
let engine: ht.Engine;
const folder = mkdtempSync(join(tmpdir(), 'halftape-tfjs-'));
test.before(async () => {
  engine = await ht.open({ seed: 2 });
});
test.after(() => {
  engine.close();
  rmSync(folder, { recursive: true });
});

const esrgan = fileURLToPath(new URL('../node_modules/@upscalerjs/esrgan-slim/', import.meta.url));

/** Pixels of a corner of a picture, RGB. */
function corner(path: string, size: number): Float32Array {
  const { data, width } = PNG.sync.read(readFileSync(join(esrgan, path)));
  return Float32Array.from({ length: size * size * 3 }, (_, i) => {
    const [pixel, channel] = [Math.floor(i / 3), i % 3];
    return data[(Math.floor(pixel / size) * width + (pixel % size)) * 4 + channel]!;
  });
}

for (const scale of [2, 3, 4]) {
  test(`ESRGAN ${scale}x gives the picture that Keras gave, from images of any size`, async () => {
    const model = await ht.loadModel(join(esrgan, `models/x${scale}/model.json`));
    assert.equal(model.layers[0]!.name, 'LR');
    for (const size of scale === 2 ? [28, 36] : [28]) {
      const x = ht.tensor(corner('assets/fixture.png', size), { shape: [1, size, size, 3] });
      const y = await model.predict(x);
      assert.equal(y.shape, [1, size * scale, size * scale, 3]);
      // Nearer to the edges a pixel sees what is cut off here.
      const inside = (size - 9) * scale;
      const wanted = corner(`assets/samples/${scale}x/result.png`, inside);
      const values = await y.data();
      for (const [i, grey] of wanted.entries()) {
        const [row, rest] = [Math.floor(i / (inside * 3)), i % (inside * 3)];
        const got = Math.min(255, Math.max(0, values[row * size * scale * 3 + rest]!));
        if (Math.abs(got - grey) > 1) assert.unreachable(`${size}: element ${i} is ${got}, not ${grey}`);
      }
    }
    model.dispose();
  });
}

const SAMPLE = [1, -0.5, 0.25, 2];

async function outputOf(model: ht.Model<ht.Tensor, ht.Tensor>): Promise<number[]> {
  const y = await numbers(model.apply(ht.tensor([SAMPLE])));
  model.dispose();
  return y;
}

function assertNear(got: readonly number[], wanted: readonly number[], allowed = 1e-6): void {
  assert.equal(got.length, wanted.length);
  for (const [i, value] of wanted.entries())
    assert.ok(Math.abs(got[i]! - value) <= allowed * (1 + Math.abs(value)), `${got} is not ${wanted}`);
}

test('weights that lie across files, without format, and without the wrapper around the configuration', async () => {
  const { json, shards, values } = smallModel();
  const wanted = smallReference(values, SAMPLE);
  assertNear(await outputOf(await ht.loadModel(filesOf(json, shards))), wanted);
  const bare = { ...json, modelTopology: json.modelTopology.model_config };
  assertNear(await outputOf(await ht.loadModel(filesOf(bare, shards))), wanted);
  const text = { ...json, modelTopology: { model_config: JSON.stringify(json.modelTopology.model_config) } };
  assertNear(await outputOf(await ht.loadModel(filesOf(text, shards))), wanted);
});

test('weights in several groups, by the names of Keras 3, beside those of an optimizer', async () => {
  const { json, values } = smallModel();
  const bytes = new Uint8Array(values.buffer);
  const spec = (name: string, shape: number[], group?: string) => ({
    name,
    shape,
    dtype: 'float32',
    ...(group && { group }),
  });
  json.weightsManifest = [
    { paths: ['b.bin'], weights: [spec('b/1', [3]), spec('b/0', [5, 3]), spec('b/0/m', [5], 'optimizer')] },
    { paths: ['a.bin'], weights: [spec('a/vars/0', [4, 5]), spec('a/vars/1', [5])] },
  ];
  const b = new Uint8Array([...bytes.slice(160), ...bytes.slice(100, 160), ...new Uint8Array(20)]);
  const shards = new Map([
    ['b.bin', b],
    ['a.bin', bytes.slice(0, 100)],
  ]);
  assertNear(await outputOf(await ht.loadModel(filesOf(json, shards))), smallReference(values, SAMPLE));
});

test('weights that are quantised to bytes, words and halves', async () => {
  for (const dtype of ['uint8', 'uint16', 'float16'] as const) {
    const { json, values } = smallModel();
    const [scale, min] = [0.125, -0.75];
    const stored =
      dtype === 'float16'
        ? ht.toHalves(values)
        : new (dtype === 'uint8' ? Uint8Array : Uint16Array)(
            values.map((value) => Math.round((value - min) / scale)),
          );
    const [group] = json.weightsManifest;
    group!.paths = ['one.bin'];
    for (const weight of group!.weights)
      weight.quantization =
        dtype === 'float16' ? { dtype, original_dtype: 'float32' } : { dtype, scale, min };
    const shards = new Map([['one.bin', new Uint8Array(stored.buffer)]]);
    assertNear(await outputOf(await ht.loadModel(filesOf(json, shards))), smallReference(values, SAMPLE));
  }
});

test('from paths of files and folders, blobs, files and bytes', async () => {
  const { json, shards, values } = smallModel();
  const wanted = smallReference(values, SAMPLE);
  const path = join(folder, 'written');
  await (await ht.loadModel(filesOf(json, shards))).save(path);
  const text = readFileSync(join(path, 'model.json'));
  const names = readdirSync(path);
  assert.equal(names.length, 2);
  const bytes = new Map(names.map((name) => [name, new Uint8Array(readFileSync(join(path, name)))]));
  for (const source of [
    path,
    join(path, 'model.json'),
    new URL(`file://${path}/model.json`),
    Object.fromEntries(bytes),
    names.map((name) => new File([bytes.get(name)!], name)),
  ])
    assertNear(await outputOf(await ht.loadModel(source)), wanted);
  await assertRefused(() => ht.loadModel(new Blob([text])), /no file 'weights-/);
});

test('a model saved over another one leaves nothing of it, and compiles as before', async () => {
  const path = join(folder, 'twice');
  const model = ht.sequential(
    [ht.layers.dense({ units: 2, kernelRegularizer: ht.regularizers.l2({ l2: 0.5 }) })],
    { inputShape: [3] },
  );
  model.compile({
    optimizer: ht.optimizers.adam({
      learningRate: ht.schedules.cosineDecay({ initialLearningRate: 0.25, decaySteps: 10 }),
    }),
    loss: { name: 'huber', delta: 2 },
    metrics: ['mse', ht.metrics.auc({ curve: 'PR' })],
  });
  await model.save(path);
  const first = readdirSync(path);
  writeFileSync(join(path, 'notes.bin'), 'mine');
  await model.fit([[1, 2, 3]], [[0, 1]], { verbose: 0 } as object);
  await model.save(path);
  const second = readdirSync(path);
  assert.equal(
    second.filter((name) => first.includes(name)),
    ['model.json'],
  );
  assert.ok(second.includes('notes.bin'));
  const read = await ht.loadModel(path);
  assert.equal((read.optimizer as ht.Optimizer).getConfig(), (model.optimizer as ht.Optimizer).getConfig());
  const [a, b] = await Promise.all(
    [model, read].map((one) => (one as typeof read).evaluate([[1, 2, 3]], [[0, 1]])),
  );
  assert.equal(b, a);
  await read.save(path, { halfWeights: true });
  const half = await ht.loadModel(path);
  const values = await model.getWeights();
  assert.equal(
    await half.getWeights(),
    values.map((one) => ht.fromHalves(ht.toHalves(one))),
  );
  for (const one of [model, read, half]) one.dispose();
});

test('a mixed model is written in the forms of Keras and read back mixed', async () => {
  const model = ht.sequential(
    [ht.layers.dense({ units: 2, dtype: 'mixed_float16' }), ht.layers.dense({ units: 2, dtype: 'float32' })],
    { inputShape: [3], dtype: 'mixed_float16' },
  );
  model.compile({ optimizer: 'sgd', loss: 'mse' });
  const files = new Map<string, Uint8Array>();
  await model.save(files);
  const json = JSON.parse(new TextDecoder().decode(files.get('model.json')));
  const { layers } = json.modelTopology.model_config.config;
  assert.equal(layers[1].config.dtype.config, { name: 'mixed_float16' });
  assert.equal(layers[2].config.dtype, 'float32');
  const read = await ht.loadModel(Object.fromEntries(files));
  assert.equal(
    read.layers.map(({ policy }) => policy.name),
    ['mixed_float16', 'float32'],
  );
  assert.ok(read.optimizer instanceof ht.LossScaleOptimizer);
  const plain = await ht.loadModel(Object.fromEntries(files), { policy: 'float32' });
  assert.equal(
    plain.layers.map(({ policy }) => policy.name),
    ['float32', 'float32'],
  );
  for (const one of [model, read, plain]) one.dispose();
});
