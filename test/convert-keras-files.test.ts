// Keras's own files, made with h5py in every layout that Keras writes: read as they are, written, read back equal.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import { filesInMemory, type ModelFiles } from '../src/convert/files.ts';
import { readModel } from '../src/convert/formats.ts';
import { readKerasWeights } from '../src/convert/keras/archive.ts';
import { readLegacyH5 } from '../src/convert/keras/legacy-h5.ts';
import { restoreOptimizer } from '../src/convert/optimizer-variables.ts';
import type { ModelTarget } from '../src/convert/save-model.ts';
import type { StoredTensor } from '../src/convert/stored-model.ts';
import { zipFiles } from '../src/convert/zip.ts';
import * as ht from '../src/node.ts';
import { assertRejects } from './assert-throws.ts';
import { suite } from './harness.ts';

const test = suite('keras files');
test.before(async () => {
  await ht.open({ seed: 3 });
});

const fixture = (name: string) =>
  new Uint8Array(readFileSync(new URL(`fixtures/keras/${name}`, import.meta.url)));
const filesOf = (name: string, bytes: Uint8Array = fixture(name)) => filesInMemory(new Map([[name, bytes]]));
const stored = (name: string) => readModel(filesOf(name));

/** Array number k holds k, k + 1/8, ... by 256; the numbers of a layer's arrays, and that all of each is there. */
async function numbersIn(tensors: readonly StoredTensor[]): Promise<number[]> {
  const numbers: number[] = [];
  for (const tensor of tensors) {
    const values = await tensor.read();
    const number = values[0]! * 256;
    assert.equal(
      [...values],
      Array.from(values, (_, i) => (number + i / 8) / 256),
      tensor.name,
    );
    assert.is(
      values.length,
      tensor.shape.reduce((product, size) => product * size, 1),
    );
    numbers.push(number);
  }
  return numbers;
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

test('legacy .h5 by tf.keras and by Keras 3, split lists, heaps of version 1.8, gzip and halves', async () => {
  for (const name of ['tf-2.10.h5', 'keras-3.h5', 'split-names.h5', 'version-1.8.h5', 'gzip-halves.h5']) {
    const model = await stored(name);
    assert.equal(
      [model.format, model.order, [...model.weights.keys()]],
      ['Keras .h5', 'trainable first', ['inner', 'top']],
    );
    assert.is(model.kerasVersion, name === 'keras-3.h5' ? '3.3.3' : '2.10.0');
    assert.equal(await numbersIn(model.weights.get('inner')!), range(1, 12), name);
    assert.equal(await numbersIn(model.weights.get('top')!), [13, 14]);
    assert.is(model.weights.get('inner')![0]!.dtype, name.startsWith('gzip') ? 'float16' : 'float32');
    assert.is(model.training?.loss, 'categorical_crossentropy');
    const [steps, ...rest] = model.optimizerWeights!;
    assert.equal(await steps!.read(), Int32Array.of(7));
    assert.equal(await numbersIn(rest.slice(name === 'keras-3.h5' ? 1 : 0)), range(15, 34));
  }
});

test('.keras, stored and deflated, of Keras 3 and 2.13', async () => {
  for (const name of ['images.keras', 'deflated.keras', 'keras-2.13.keras']) {
    const model = await stored(name);
    assert.equal(
      [model.format, model.order, [...model.weights.keys()]],
      ['Keras .keras', 'layers', ['inner', 'top']],
    );
    assert.is(model.kerasVersion, name === 'keras-2.13.keras' ? '2.13.1' : '3.3.3');
    assert.equal(await numbersIn(model.weights.get('inner')!), range(1, 12), name);
    assert.equal(await numbersIn(model.weights.get('top')!), [13, 14]);
    assert.equal(await numbersIn(model.optimizerWeights!.slice(2)), range(15, 34));
  }
});

test('more than ten layers of a class, both ways of a recurrent layer', async () => {
  const { weights } = await stored('steps.keras');
  for (const index of range(0, 11))
    assert.equal(await numbersIn(weights.get(`d${index}`)!), [2 * index + 1, 2 * index + 2]);
  assert.equal(await numbersIn(weights.get('both')!), range(25, 30));
});

test("weights in NumPy's format", async () => {
  const { weights } = await stored('numpy.keras');
  assert.equal(await numbersIn(weights.get('one')!), [1, 2]);
  assert.equal(await numbersIn(weights.get('two')!), [3, 4]);
  const model = await ht.loadModel(filesOf('numpy.keras'));
  const y = await (await model.predict(ht.tensor([[1, 2, 3]]))).data();
  // Row by row of (3, 2): k + i/8 over 256.
  const hidden = [0, 1].map((unit) =>
    [0, 1, 2].reduce((sum, i) => sum + ((i + 1) * (1 + (2 * i + unit) / 8)) / 256, (2 + unit / 8) / 256),
  );
  const expected = hidden.reduce((sum, value, i) => sum + (value * (3 + i / 8)) / 256, 4 / 256);
  assert.ok(Math.abs(y[0]! - expected) < 1e-7, `${y[0]} for ${expected}`);
});

test('an archive that was unpacked is its folder', async () => {
  const archive = await zipFiles(filesOf('images.keras'), 'images.keras');
  const parts = await Promise.all(
    (await archive.list())!.map(async (name) => [name, await archive.read(name)] as const),
  );
  const { weights } = await readModel(filesInMemory(new Map(parts)));
  assert.equal(await numbersIn(weights.get('inner')!), range(1, 12));
});

test('weights alone need their model: layers by name, else by order', async () => {
  await assertRejects(
    () => stored('weights.h5'),
    ht.FormatError,
    /^weights.h5: no model_config: it holds weights alone/,
  );
  const { architecture } = await stored('tf-2.10.h5');
  const found = await readLegacyH5(filesOf('weights.h5'), 'weights.h5', architecture);
  assert.equal(await numbersIn(found.weights.get('inner')!), range(1, 12));
  const renamed = JSON.parse(JSON.stringify(architecture).replaceAll('"inner"', '"other"'));
  const byOrder = await readLegacyH5(filesOf('weights.h5'), 'weights.h5', renamed);
  assert.equal(await numbersIn(byOrder.weights.get('other')!), range(1, 12));
  renamed.config.layers.pop();
  await assertRejects(
    () => readLegacyH5(filesOf('weights.h5'), 'weights.h5', renamed),
    ht.FormatError,
    /^weights.h5: layers image, inner, flat, drop, top; the model has image, other, flat, drop: neither names nor numbers agree$/,
  );
  const archive = await zipFiles(filesOf('images.keras'), 'images.keras');
  const weights = filesOf('model.weights.h5', await archive.read('model.weights.h5'));
  const three = await stored('images.keras');
  const alone = await readKerasWeights(weights, 'model.weights.h5', three.architecture);
  assert.equal(await numbersIn(alone.weights.get('inner')!), range(1, 12));
});

test('loadWeights takes them, and archives, for a model that is there', async () => {
  const path = (name: string) => fileURLToPath(new URL(`fixtures/keras/${name}`, import.meta.url));
  const whole = await ht.loadModel(filesOf('images.keras'));
  const expected = await whole.getWeights();
  for (const name of ['images.keras', 'weights.h5', 'tf-2.10.h5']) {
    const model = await ht.loadModel(filesOf('images.keras'), { compile: false });
    model.setWeights(expected.map(({ length }) => new Float32Array(length)));
    await ht.loadWeights(model, path(name));
    const first = (await model.getWeights()).map((values) => values[0]! * 256);
    // Those of legacy files have other numbers: what training changes came first.
    const legacy = [1, 2, 3, 4, 9, 10, 5, 6, 7, 8, 11, 12, 13, 14];
    assert.equal(first, name.endsWith('.keras') ? range(1, 14) : legacy, name);
  }
  const before = await whole.getWeights();
  await assertRejects(
    () => ht.loadWeights(whole, path('steps.keras')),
    ht.FormatError,
    /steps.keras: layer 'inner' has 12 weights .*, the file 0$/,
  );
  assert.equal(await whole.getWeights(), before);
  const layer = ht.layers.dense({ units: 2 });
  await assertRejects(() => ht.loadWeights(layer, path('weights.h5')), ht.FormatError, /give a model$/);
});

test('groups that lead round in circles', async () => {
  const { architecture } = await stored('numpy.keras');
  await assertRejects(
    () => readKerasWeights(filesOf('cycle.h5'), 'cycle.h5', architecture),
    ht.FormatError,
    /^cycle.h5: .*the groups lead round in circles$|leads elsewhere$/,
  );
});

/** Everything that a model is, for comparing. */
async function all(model: ht.Model) {
  const { slots, scale } = await model.optimizer.state();
  // Counts from one to the number of steps that are gathered, here one.
  const optimizer = { slots, scale: { ...scale, gathered: 0 } };
  return { names: model.weights.map(({ name }) => name), weights: await model.getWeights(), optimizer };
}

/** Layers inside layers, all kinds of holders, masters in float32, a half network. */
function everyKind(): ht.Model {
  const { layers } = ht;
  const image = ht.input({ shape: [6, 6, 2], name: 'image' });
  const inner = ht.sequential([
    layers.conv2d({ filters: 3, kernelSize: 3, inputShape: [6, 6, 2], name: 'conv' }),
    layers.batchNormalization({ name: 'norm' }),
    layers.depthwiseConv2d({ kernelSize: 2, name: 'depth' }),
  ]);
  const steps = layers.reshape({ targetShape: [9, 3] }).apply(inner.apply(image)) as ht.Symbolic;
  const both = layers
    .bidirectional({ layer: layers.lstm({ units: 2, returnSequences: true }) })
    .apply(steps) as ht.Symbolic;
  const each = layers.timeDistributed({ layer: layers.dense({ units: 4 }) }).apply(both);
  const attended = layers.multiHeadAttention({ numHeads: 2, keyDim: 3 }).apply([each, each]) as ht.Symbolic;
  const gru = layers.gru({ units: 3 }).apply(layers.layerNormalization().apply(attended));
  return ht.model({
    inputs: image,
    outputs: layers.dense({ units: 2, dtype: 'float32' }).apply(gru as ht.Symbolic),
  }) as unknown as ht.Model;
}

/** The file that `save` writes. */
async function saved(model: { save: ht.Model['save'] }, extension: string): Promise<ModelFiles> {
  const files = new Map<string, Uint8Array>();
  const target: ModelTarget = {
    name: `m${extension}`,
    write: async (path, bytes) => void files.set(path, Uint8Array.from(Buffer.concat(bytes))),
  };
  await model.save(target);
  assert.equal([...files.keys()], [`m${extension}`]);
  return filesInMemory(files);
}

async function outputs(model: ht.Model, samples: ht.Tensor): Promise<ht.TypedArray> {
  return ((await model.predict(samples)) as ht.Tensor).data();
}

const x = () => ht.randomNormal([4, 6, 6, 2]);

for (const extension of ['.keras', '.h5', '.safetensors']) {
  test(`a trained model of every kind of holder is written as ${extension} and read back equal`, async () => {
    const model = everyKind();
    model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
    const samples = x();
    await model.fit(samples, ht.zeros([4, 2]), { epochs: 2, verbose: 0 });
    const again = await ht.loadModel(await saved(model, extension));
    assert.equal(await all(again), await all(model));
    assert.equal(await outputs(again, samples), await outputs(model, samples));
    // Both go on alike.
    for (const one of [model, again])
      await one.fit(samples, ht.ones([4, 2]), { epochs: 1, verbose: 0, shuffle: false });
    assert.equal((await again.getWeights()).map(String), (await model.getWeights()).map(String));
  });
}

test('optimizers of every kind come back with their slots', async () => {
  const kinds: ht.Optimizer[] = [
    ...[
      ht.optimizers.sgd({ momentum: 0.9 }),
      ht.optimizers.adam({ amsgrad: true, useEma: true }),
      ht.optimizers.adamW(),
    ],
    ...[ht.optimizers.nadam(), ht.optimizers.adamax(), ht.optimizers.adagrad(), ht.optimizers.adadelta()],
    ...[ht.optimizers.rmsprop({ momentum: 0.5, centered: true }), ht.optimizers.lion(), ht.optimizers.muon()],
    ht.optimizers.adam({ gradientAccumulationSteps: 3 }),
  ];
  for (const [index, optimizer] of kinds.entries()) {
    const extension = index % 2 === 0 ? '.keras' : '.h5';
    const model = ht.sequential([
      ht.layers.dense({ units: 3, inputShape: [4] }),
      ht.layers.dense({ units: 3 }),
    ]);
    model.compile({ optimizer, loss: 'meanSquaredError' });
    await model.fit(ht.ones([5, 4]), ht.zeros([5, 3]), { epochs: 4, verbose: 0 });
    const again = await ht.loadModel(await saved(model, extension), { compile: true });
    const [own, other] = [await model.optimizer.state(), await again.optimizer.state()];
    assert.equal(other.slots, own.slots, optimizer.name + extension);
    for (const word of ['iterations', 'learningRate'] as const) assert.is(other.scale[word], own.scale[word]);
    for (const power of ['beta1Power', 'beta2Power'] as const)
      assert.ok(Math.abs(other.scale[power]! - own.scale[power]!) < 1e-6, `${optimizer.name} ${power}`);
    optimizer.dispose();
  }
});

test('.h5 names the optimizer as it ran: what was not scaled is not scaled, unless the policy is another', async () => {
  const made = (dtype: ht.PolicyName, inner: ht.PolicyName) =>
    ht.sequential(
      [
        ht.layers.dense({ units: 3, inputShape: [4], dtype: inner }),
        ht.layers.dense({ units: 3, dtype: 'float32' }),
      ],
      { dtype },
    );
  const kinds = [
    { dtype: 'float32', inner: 'mixed_float16', autoScaleLoss: false, scaled: false },
    { dtype: 'mixed_float16', inner: 'mixed_float16', autoScaleLoss: false, scaled: false },
    { dtype: 'mixed_float16', inner: 'mixed_float16', autoScaleLoss: undefined, scaled: true },
    { dtype: 'float32', inner: 'mixed_float16', autoScaleLoss: true, scaled: true },
    { dtype: 'float32', inner: 'float32', autoScaleLoss: undefined, scaled: false },
  ] as const;
  for (const { dtype, inner, autoScaleLoss, scaled } of kinds) {
    const model = made(dtype, inner);
    model.compile({
      optimizer: 'adam',
      loss: 'meanSquaredError',
      ...(autoScaleLoss !== undefined && { autoScaleLoss }),
    });
    await model.fit(ht.ones([5, 4]), ht.zeros([5, 3]), { epochs: 2, verbose: 0 });
    const again = await ht.loadModel(await saved(model, '.h5'), { compile: true });
    const told = `${dtype}, ${inner}, ${autoScaleLoss}`;
    assert.is(again.optimizer instanceof ht.LossScaleOptimizer, scaled, told);
    assert.equal((await again.optimizer.state()).slots, (await model.optimizer.state()).slots, told);
    const mixed = await ht.loadModel(await saved(model, '.h5'), { policy: 'mixed_float16' });
    assert.instance(mixed.optimizer, ht.LossScaleOptimizer, told);
    for (const one of [model, again, mixed]) one.dispose();
  }
});

test("tf.keras's loss scale comes by its names", async () => {
  const tensor = (name: string, value: number): StoredTensor => ({
    ...{ name, shape: [], dtype: 'float32', read: async () => Float32Array.of(value) },
  });
  const named = [tensor('Adam/iter:0', 9), tensor('current_loss_scale:0', 1024), tensor('good_steps:0', 12)];
  const optimizer = new ht.mixedPrecision.LossScaleOptimizer(ht.optimizers.adam());
  await restoreOptimizer('x', optimizer, [], named);
  const { scale, growthCounter, iterations } = await optimizer.readState();
  assert.equal([scale, growthCounter, iterations], [1024, 12, 9]);
  const array: StoredTensor = { ...tensor('Adam/dense/kernel/m:0', 1), shape: [2] };
  await assertRejects(
    () => restoreOptimizer('x', ht.optimizers.adam(), [], [array]),
    ht.FormatError,
    /^x: the optimizer's variables \(2\) are no state of Adam: /,
  );
});
