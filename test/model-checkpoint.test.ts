// Weights in files: saved after epochs, or the best of them, as a whole, and loaded again.
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { assertRejects } from './assert-throws.ts';
import { suite } from './harness.ts';

const test = suite('weights in files');
let engine: ht.Engine;
let folder = '';
test.before(async () => {
  engine = await ht.open({ seed: 2 });
});
test.after(() => engine.close());

/** A test with a folder of its own. */
function inFolder(name: string, body: () => Promise<void>): void {
  test(name, async () => {
    folder = mkdtempSync(join(tmpdir(), 'halftape-weights-'));
    try {
      await body();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

const network = (dtype: 'float32' | 'mixed_float16' = 'mixed_float16') => {
  const model = ht.sequential([
    ht.layers.dense({ units: 5, activation: 'relu', dtype, inputShape: [3] }),
    ht.layers.batchNormalization({ dtype }),
    ht.layers.dense({ units: 2, dtype }),
  ]);
  model.compile({ optimizer: ht.optimizers.sgd({ learningRate: 0.1 }), loss: 'mse' });
  return model;
};

inFolder('saved and loaded: bit for bit, moving statistics and f16 copies too', async () => {
  const path = join(folder, 'w.safetensors');
  const [model, other] = [network(), network()];
  const x = ht.randomNormal([16, 3]);
  await model.fit(x, ht.ones([16, 2]), { epochs: 2, verbose: 0 });
  await ht.saveWeights(model, path);
  assert.equal(readdirSync(folder), ['w.safetensors'], 'nothing is left beside the file');
  await ht.loadWeights(other, path);
  assert.equal(await other.getWeights(), await model.getWeights());
  assert.equal(
    [...(await other.predict(x).then((y) => y.data()))],
    [...(await model.predict(x).then((y) => y.data()))],
  );
});

inFolder('what does not fit is refused, and no weight changes', async () => {
  const path = join(folder, 'w.safetensors');
  const model = network();
  await ht.saveWeights(model, path);
  const wider = ht.sequential([
    ht.layers.dense({ units: 6, inputShape: [3] }),
    ht.layers.dense({ units: 2 }),
  ]);
  await assertRejects(
    () => ht.loadWeights(wider, path),
    ht.FormatError,
    /8 arrays; the model has 4 weights$/,
  );
  const before = await model.getWeights();
  truncateSync(path, statSync(path).size - 4);
  await assertRejects(() => ht.loadWeights(model, path), ht.FormatError, /'dense\w*\/bias': ends at byte /);
  const header = readFileSync(path);
  writeFileSync(path, header.subarray(0, 20));
  await assertRejects(() => ht.loadWeights(model, path), ht.FormatError, /byte 0: a header of \d+ bytes/);
  const narrow = ht.sequential([ht.layers.dense({ units: 1, inputShape: [3] })]);
  await ht.saveWeights(ht.sequential([ht.layers.dense({ units: 2, inputShape: [3] })]), path);
  await assertRejects(
    () => ht.loadWeights(narrow, path),
    ht.FormatError,
    /kernel' is \(3, 2\); the model's dense\w*\/kernel is \(3, 1\)$/,
  );
  assert.equal(await model.getWeights(), before);
});

inFolder('modelCheckpoint: every epoch by name, or the best alone', async () => {
  const model = network('float32');
  const [x, y] = [ht.randomNormal([16, 3]), ht.ones([16, 2])];
  const named = ht.callbacks.modelCheckpoint(join(folder, 'new', 'w-{epoch:02d}-{loss:.2f}.safetensors'));
  const { history } = await model.fit(x, y, { epochs: 3, verbose: 0, callbacks: [named] });
  assert.equal(
    readdirSync(join(folder, 'new')),
    history.loss!.map((loss, epoch) => `w-0${epoch + 1}-${loss.toFixed(2)}.safetensors`),
  );

  const best = join(folder, 'best.safetensors');
  const kept: Float32Array[][] = [];
  // Losses that fall, then rise: epoch 1 is the best.
  const told = [3, 1, 2, 4];
  class Tells extends ht.Callback {
    override async onEpochEnd(epoch: number, logs: Record<string, number>) {
      logs.told = told[epoch]!;
      kept.push(await model.getWeights());
    }
  }
  const checkpoint = ht.callbacks.modelCheckpoint(best, { monitor: 'told', saveBestOnly: true });
  await model.fit(x, y, { epochs: 4, verbose: 0, callbacks: [new Tells(), checkpoint] });
  await ht.loadWeights(model, best);
  assert.equal(await model.getWeights(), kept[1]);

  const none = join(folder, 'none.safetensors');
  const threshold = { monitor: 'told', saveBestOnly: true, initialValueThreshold: 0.5 };
  await model.fit(x, y, {
    epochs: 4,
    verbose: 0,
    callbacks: [new Tells(), ht.callbacks.modelCheckpoint(none, threshold)],
  });
  assert.equal(readdirSync(folder).sort(), ['best.safetensors', 'new']);
});

inFolder('what it refuses', async () => {
  assert.throws(() => ht.callbacks.modelCheckpoint(''), /^modelCheckpoint: path ''; use the path of a file$/);
  assert.throws(
    () => ht.callbacks.modelCheckpoint('x', { best: true } as never),
    /^modelCheckpoint: unknown option 'best'/,
  );
  const model = network('float32');
  const fit = (checkpoint: ht.Callback) =>
    model.fit(ht.ones([4, 3]), ht.ones([4, 2]), { verbose: 0, callbacks: checkpoint });
  await assertRejects(
    () => fit(ht.callbacks.modelCheckpoint(join(folder, '{accuracy}'))),
    ht.ArgumentError,
    /^modelCheckpoint: path: nothing called 'accuracy' is measured; use /,
  );
});
