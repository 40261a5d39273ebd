// Advice on mixed precision: what is measured, and the words that the figures lead to.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { assertRejects } from './assert-throws.ts';
import { suite } from './harness.ts';

const test = suite('advise');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ seed: 3 });
});
test.after(() => engine.close());

const QUICK = { verbose: 0, rounds: 1, minMs: 1, batchSize: 4 } as const;
const network = () =>
  ht.sequential([
    ht.layers.dense({ units: 256, activation: 'relu', inputShape: [256] }),
    ht.layers.dense({ units: 16 }),
  ]) as unknown as ht.Model;

test('predictions and training, both policies, and leaves nothing behind', async () => {
  // Kernels keep a few bytes for bindings that they do not use.
  await ht.advise(network, QUICK);
  const before = ht.memory().bytesInUse;
  const { rows, info, batchSize, words } = await ht.advise(network, QUICK);
  assert.is(ht.memory().bytesInUse, before);
  assert.equal([info, batchSize, rows.map(({ kind }) => kind)], [engine.info, 4, ['predict', 'train']]);
  const [predict, train] = rows as [ht.AdviceRow, ht.AdviceRow];
  for (const { float32, mixed } of rows) {
    assert.ok(float32.ms > 0 && mixed.ms > 0);
    assert.is(float32.casts, 0);
    // The batch, at least.
    assert.ok(mixed.casts >= 1 && mixed.castShare > 0 && mixed.castShare < 1);
  }
  // A prediction needs half of the bytes in halves: weights count most here.
  const ratio = predict.mixed.bytes / predict.float32.bytes;
  assert.ok(ratio > 0.45 && ratio < 0.6, `${ratio}`);
  // Masters, gradients and two slots of each weight, and their copies.
  const weights = 4 * (256 * 256 + 256 + 256 * 16 + 16);
  assert.ok(train.float32.bytes >= 4 * weights && train.mixed.bytes >= 4.5 * weights);
  assert.ok(words.length >= 2);
});

test('the policy is the measured one whatever the model came with', async () => {
  const mixed = () => {
    const model = network();
    model.dtypePolicy = 'mixed_float16';
    return model;
  };
  const { rows } = await ht.advise(mixed, { ...QUICK, training: false });
  assert.equal(
    rows.map(({ kind, float32 }) => [kind, float32.casts]),
    [['predict', 0]],
  );
});

test('policies by layers, and rules by op, are held against float32 as well', async () => {
  const policy = new ht.mixedPrecision.DTypePolicyMap('float32', { '.*': 'mixed_float16' });
  const byLayer = await ht.advise(network, { ...QUICK, training: false, policy });
  assert.ok(byLayer.rows[0]!.mixed.casts >= 1);
  const byOp = await ht.advise(network, { ...QUICK, autocast: { rules: 'tensorflow' } });
  assert.match(String(byOp), /Training in rules 'tensorflow': /);
  const [predict, train] = byOp.rows as [ht.AdviceRow, ht.AdviceRow];
  assert.ok(predict.mixed.casts >= 1 && predict.mixed.bytes < predict.float32.bytes);
  assert.ok(train.mixed.casts >= 1);
});

test('models of several inputs, and of numbers that are looked up', async () => {
  const several = () => {
    const [a, b] = [ht.input({ shape: [3] }), ht.input({ shape: [5] })];
    return ht.model({
      inputs: [a, b],
      outputs: [ht.layers.concatenate().apply([a, b])],
    }) as unknown as ht.Model;
  };
  assert.is((await ht.advise(several, { ...QUICK, training: false })).rows.length, 1);
  const words = () =>
    ht.sequential([
      ht.layers.embedding({ inputDim: 10, outputDim: 4, inputShape: [6] }),
      ht.layers.globalAveragePooling1d({}),
      ht.layers.dense({ units: 2 }),
    ]) as unknown as ht.Model;
  assert.is((await ht.advise(words, QUICK)).rows.length, 2);
});

test('wrong options, and a sample of unknown shape', async () => {
  await assertRejects(
    () => ht.advise(network, { batchSize: 0 }),
    ht.ArgumentError,
    /batchSize 0; use a whole/,
  );
  await assertRejects(
    () => ht.advise(network, { batch: 3 } as ht.AdviseOptions),
    ht.ArgumentError,
    /unknown option 'batch'/,
  );
  const open = () => ht.sequential([ht.layers.dense({ units: 2 })]) as unknown as ht.Model;
  await assertRejects(() => ht.advise(open, QUICK), ht.ArgumentError, /does not declare the whole shape/);
  assert.is((await ht.advise(open, { ...QUICK, sampleShapes: [[7]] })).rows.length, 2);
});

/** Of these ratios of time, and bytes for 100 of float32. */
function row(ratio: number, spread: readonly [number, number], bytes: number): ht.AdviceRow {
  const measured = { ms: 1, bytes: 100, dispatches: 1, casts: 0, castShare: 0 };
  return { kind: 'train', float32: measured, mixed: { ...measured, bytes }, ratio, spread };
}

test('says so plainly, also when the answer is no', () => {
  const cases: [ht.AdviceRow, ht.Verdict, RegExp][] = [
    [row(0.5, [0.4, 0.6], 100), 'worth it', /50 % less time and the same memory/],
    [
      row(1.0, [0.9, 1.1], 50),
      'worth it',
      /about the same time \(0.90 to 1.10 times float32's\) and 50 % less/,
    ],
    [row(0.5, [0.4, 0.6], 120), 'a trade', /50 % less time and 20 % more memory/],
    [row(1.3, [1.2, 1.4], 60), 'a trade', /30 % more time and 40 % less memory/],
    [row(1.01, [1.0, 1.02], 101), 'no difference', /about the same time/],
    [row(0.9, [0.7, 1.2], 100), 'no difference', /about the same time/],
    [row(1.3, [1.2, 1.4], 110), 'not worth it', /30 % more time and 10 % more memory/],
    [row(1.0, [0.9, 1.1], 120), 'not worth it', /20 % more memory/],
  ];
  for (const [given, verdict, words] of cases) {
    const advice = new ht.Advice(engine.info, 32, [given]);
    assert.is(advice.verdict(given), verdict);
    assert.ok(advice.words[0]!.startsWith(`Training in mixed_float16: ${verdict}.`));
    assert.match(advice.words[0]!, words);
  }
});
