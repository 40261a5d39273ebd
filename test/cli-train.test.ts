// `halftape train`: trains on with the optimizer's state, by folders of classes, and Ctrl-C leaves whole files.
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { writeZip } from '../src/convert/zip.ts';
import * as ht from '../src/node.ts';
import { halftape, started } from './halftape.ts';
import { suite } from './harness.ts';
import { npy } from './numpy-files.ts';
import { randomOf } from './ops/draws.ts';

const test = suite('command: train');
let folder: string;
let engine: ht.Engine;
const at = (name: string) => join(folder, name);
const COUNT = 64;

test.before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'halftape-train-'));
  engine = await ht.open({ seed: 6 });
  const random = randomOf('train');
  const x = Float32Array.from({ length: COUNT * 4 }, () => 2 * random() - 1);
  const y = Int32Array.from({ length: COUNT }, (_, row) => (x[4 * row]! > 0 ? 1 : 0));
  const arrays = new Map([
    ['x.npy', [npy('<f4', [COUNT, 4], x)]],
    ['y.npy', [npy('<i4', [COUNT], y)]],
  ]);
  writeFileSync(at('data.npz'), Buffer.concat(writeZip(arrays)));
  const model = ht.sequential([
    ht.layers.dense({ units: 8, activation: 'relu', inputShape: [4], name: 'hidden' }),
    ht.layers.dense({ units: 2, activation: 'softmax', name: 'classes' }),
  ]);
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
  await model.fit({ values: x, shape: [COUNT, 4] }, { values: y, shape: [COUNT] }, { verbose: 0 });
  await model.save(at('model.keras'));
});
test.after(() => {
  engine.close();
  rmSync(folder, { recursive: true });
});

test('trains on in mixed precision, from the state of the optimizer', { timeout: 120_000 }, async () => {
  const { status, stdout, stderr } = halftape(
    ...['train', at('model.keras'), '--data', at('data.npz'), '--out', at('tuned.keras')],
    ...['--policy', 'mixed_float16', '--epochs', '3', '--batch-size', '16', '--learning-rate', '0.02'],
    ...['--validation-split', '0.25'],
  );
  assert.is(status, 0, stderr);
  assert.match(
    stdout,
    /64 samples; mixed_float16; sparseCategoricalCrossentropy; Adam, with its state from the file/,
  );
  const [, first, last] = /^loss +(\S+) +(\S+)$/m.exec(stdout) ?? [];
  assert.ok(Number(last) < Number(first), stdout);
  assert.match(stdout, /^val_accuracy .*^lossScale +32768 +32768$.*^skippedSteps +0 +0$/ms);
  assert.match(stdout, /3 epochs, \S+ ms a step; .*tuned\.keras written, [\d,]+ bytes/);
  const tuned = await ht.loadModel(at('tuned.keras'));
  assert.equal(
    tuned.layers.map(({ policy }) => policy.name),
    ['mixed_float16', 'float32'],
  );
  const optimizer = tuned.optimizer as ht.LossScaleOptimizer;
  assert.instance(optimizer, ht.LossScaleOptimizer);
  // Two steps of the file's training, three of each of three epochs.
  assert.is((await optimizer.innerOptimizer.state()).scale.iterations, 2 + 9);
  assert.ok(Math.abs(optimizer.learningRate - 0.02) < 1e-8);
});

test('pictures in folders of classes, for a model without training of its own', {
  timeout: 120_000,
}, async () => {
  for (const [name, level] of [
    ['dark', 20],
    ['light', 200],
  ] as const) {
    mkdirSync(at(`photos/${name}`), { recursive: true });
    for (let index = 0; index < 4; index++)
      await ht.saveImage(
        { values: Array.from({ length: 192 }, (_, i) => level + ((i * 7 + index) % 20)), shape: [8, 8, 3] },
        at(`photos/${name}/${index}.png`),
      );
  }
  const model = ht.sequential([
    ht.layers.averagePooling2d({ poolSize: 4, inputShape: [4, 4, 3] }),
    ht.layers.flatten(),
    ht.layers.dense({ units: 2, activation: 'softmax' }),
  ]);
  await model.save(at('pictures'));
  const run = halftape(
    ...['train', at('pictures'), '--data', at('photos'), '--scale', '1/255', '--optimizer', 'sgd'],
    ...[
      '--loss',
      'categoricalCrossentropy',
      '--epochs',
      '4',
      '--learning-rate',
      '0.5',
      '--out',
      at('sorted'),
    ],
  );
  assert.is(run.status, 0, run.stderr);
  assert.match(run.stdout, /Classes: 0 dark, 1 light/);
  const sorted = await ht.loadModel(at('sorted'));
  const { values, shape } = await ht.loadSamples(at('photos'), { size: [4, 4], scale: 1 / 255, verbose: 0 });
  const [dark, light] = await (await sorted.predict({ values, shape })).array().then((rows) => {
    const all = rows as number[][];
    return [all[0]![1]!, all[7]![1]!];
  });
  assert.ok(dark! < light!, `${dark} ${light}`);
  const none = halftape('train', at('pictures'), '--data', at('photos/dark'), '--out', at('none'));
  assert.is(none.status, 1);
  assert.match(none.stderr, /no labels in it; give --labels/);
});

test('Ctrl-C ends after the step and writes what was learned', { timeout: 120_000 }, async () => {
  const child = started(
    ...['train', at('model.keras'), '--data', at('data.npz'), '--out', at('stopped.keras')],
    ...['--epochs', '1000000'],
  );
  let [stdout, stderr] = ['', ''];
  child.stderr!.on('data', (text) => {
    stderr += text;
  });
  child.stdout!.on('data', (text) => {
    stdout += text;
    if (stdout.includes('Epoch 2/') && !child.killed) child.kill('SIGINT');
  });
  const [code] = await once(child, 'close');
  assert.is(code, 1, stderr);
  assert.match(stderr, /stopping after this step; Ctrl-C again ends at once/);
  assert.match(stderr, /interrupted: .*stopped\.keras holds what was learned until then/);
  assert.is((await ht.loadModel(at('stopped.keras'))).layers.length, 2);
  assert.equal(
    readdirSync(folder).filter((name) => name.startsWith('.')),
    [],
  );
});
