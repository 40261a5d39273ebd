// Tests that ten thousand replayed training steps leave no trace in memory, of the GPU or of the process.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { collected } from './collected.ts';
import { suite } from './harness.ts';

const test = suite('jit, many steps');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ seed: 1 });
});
test.after(() => engine.close());

const MIB = 2 ** 20;
/** The heap holds each compiled function once more as it is optimised, and what the collector leaves. */
const HEAP = MIB;
/** Drivers and the allocator of C keep pages that are free. */
const RSS = 24 * MIB;

/** All that a step could leave behind, once the collector was here. */
async function standing() {
  await engine.settle();
  await collected();
  const { bytesInUse, buffers, byKind } = engine.memory();
  const { made } = engine;
  const { heapUsed, rss } = process.memoryUsage();
  return { gpu: { bytesInUse, buffers, byKind, made: [made.buffers, made.bindGroups] }, heapUsed, rss, made };
}

test('10,000 steps with a new batch each: nothing grows', { timeout: 120_000 }, async () => {
  const model = ht.sequential([
    ht.layers.dense({ units: 8, activation: 'relu', inputShape: [8] }),
    ht.layers.dense({ units: 4 }),
  ]);
  model.build([8], engine);
  const optimizer = new ht.LossScaleOptimizer(ht.optimizers.adam(), { initialScale: 2 ** 10 });
  const step = ht.jit((x: ht.Tensor, y: ht.Tensor) =>
    optimizer.minimize(
      () => ht.losses.sparseCategoricalCrossentropy(y, model.apply(x), { fromLogits: true }),
      model.trainableVariables,
    ),
  );
  const y = ht.tensor(Int32Array.of(0, 1, 2, 3));
  let last = 0;
  const run = async (steps: number) => {
    for (let i = 0; i < steps; i++) {
      const x = ht.tensor(
        Float32Array.from({ length: 32 }, (_, k) => Number(k % 8 === k >> 3) + Math.sin(k + i) / 10),
        { shape: [4, 8] },
      );
      const loss = step(x, y);
      x.dispose();
      if (i % 500 === 499) last = (await loss.data())[0]!;
      else if (i % 4 === 3) await engine.settle(4);
      loss.dispose();
    }
    return standing();
  };
  await run(500);
  const before = await run(1500);
  const between = await run(4000);
  const after = await run(4000);
  assert.equal(after.gpu, before.gpu);
  assert.is(after.made.submits - before.made.submits, 8000);
  // What grows does so in both halves; the driver's own pools come in jumps.
  const grown = (key: 'heapUsed' | 'rss') =>
    2 * Math.min(between[key] - before[key], after[key] - between[key]);
  assert.ok(grown('heapUsed') < HEAP, `${(grown('heapUsed') / MIB).toFixed(1)} MiB more of heap`);
  assert.ok(grown('rss') < RSS, `${(grown('rss') / MIB).toFixed(1)} MiB more of the process`);
  assert.is(await optimizer.iterations(), 10_000);
  assert.ok(last > 0 && last < 0.1, `${last}`);
  step.dispose();
});
