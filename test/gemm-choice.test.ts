// Tests of how kernels of matrix products are chosen: the prior, measuring, pinning, and what is kept between runs.
import * as assert from 'uvu/assert';
import type { EngineInfo } from '../src/gpu/adapter.ts';
import type { Host } from '../src/gpu/engine-options.ts';
import { bucketOf } from '../src/kernels/gemm/choice.ts';
import { direct } from '../src/kernels/gemm/direct.ts';
import { nameOf } from '../src/kernels/gemm/kernel.ts';
import { candidates, prior } from '../src/kernels/gemm/prior.ts';
import type { GemmShape } from '../src/kernels/gemm/problem.ts';
import { tune as tuneShape } from '../src/kernels/gemm/tune.ts';
import * as ht from '../src/node.ts';
import { assertRejects, assertThrows } from './assert-throws.ts';
import { collected } from './collected.ts';
import { suite } from './harness.ts';

const test = suite('gemm choice');

const engines: ht.Engine[] = [];
test.after(() => {
  for (const engine of engines) engine.close();
});

/** A host that keeps notes in memory. */
function hostOf(notes: Map<string, string>): Host {
  return {
    wait: (promise) => promise,
    freeMemory: 2 ** 32,
    notes: {
      read: async (key) => notes.get(key),
      write: async (key, text) => void notes.set(key, text),
    },
  };
}

async function open(options: ht.OpenOptions): Promise<ht.Engine> {
  const engine = await ht.open(options);
  engines.push(engine);
  return engine;
}

const shape = (m: number, k: number, n: number, more: Partial<GemmShape> = {}): GemmShape => ({
  ...{ m, k, n, batch: 1, layout: 'NN', input: 'float32', output: 'float32' },
  ...more,
});

test('every adapter has a kernel for every product, and those it ranks it can run', async () => {
  const { info } = await open({});
  const adapters: EngineInfo[] = [
    info,
    { ...info, subgroupSize: null },
    ...['nvidia', 'amd', 'intel', 'apple', 'qualcomm', ''].map(
      (vendor): EngineInfo => ({ ...info, vendor, software: false, subgroupSize: [32, 32] }),
    ),
  ];
  for (const adapter of adapters) {
    for (const size of [1, 8, 9, 64, 1000, 4096]) {
      for (const problem of [shape(size, 512, size), shape(1, size, size), shape(size, 4096, 3)]) {
        const all = new Set(candidates(problem, adapter).map(nameOf));
        const ranked = prior(problem, adapter).map(nameOf);
        assert.ok(ranked.length > 0);
        assert.is(new Set(ranked).size, ranked.length, 'ranked twice');
        for (const name of ranked) assert.ok(all.has(name), `${adapter.vendor}: ${name}`);
      }
    }
  }
});

test('GPUs get large tiles for large products, small ones or parts of K where they would idle', async () => {
  const { info } = await open({});
  const nvidia: EngineInfo = { ...info, vendor: 'nvidia', software: false, subgroupSize: [32, 32] };
  const first = (problem: GemmShape) => nameOf(prior(problem, nvidia)[0]!);
  assert.is(first(shape(4096, 4096, 4096)), 'gemm_tiled 128x64x16 8x4');
  assert.is(first(shape(1024, 1024, 1024)), 'gemm_tiled 64x64x16 4x4');
  assert.match(first(shape(128, 8192, 128)), /^gemm_tiled 32x32x16 4x4 \/(16|32)$/);
  assert.match(first(shape(1, 4096, 4096)), /^gemm_skinny/);
});

test('problems share a bucket up to the next power of two', () => {
  assert.is(bucketOf(shape(65, 100, 128)), 'NN float32>float32 128x128x128');
  assert.is(bucketOf(shape(64, 1, 3, { batch: 2 })), 'NN float32>float32 64x1x4 batch');
});

test('wrong results are refused before anything is timed, right ones are ranked', {
  timeout: 60_000,
}, async () => {
  const engine = await open({ gemm: { tune: false } });
  const problem = shape(40, 70, 50, { layout: 'TN', output: 'float16', input: 'float16' });
  const [good, other] = direct
    .tiles(problem, engine.info)
    .map((tile) => ({ kernel: direct, tile, splits: 1 }));
  // As if a tile had twice its rows: every second one is never computed.
  const broken = { ...good!, tile: { ...good!.tile, name: 'broken', rows: good!.tile.rows * 2 } };
  // What stays: memory for bindings that a variant leaves untouched.
  ht.matMul(ht.ones([1, 1], 'float32', { engine }), [[1]]);
  await collected();
  const before = engine.memory().bytesInUse;
  const { refused, times, chosen, prior: first } = await tuneShape(engine, problem, [good!, broken, other!]);
  assert.is(engine.memory().bytesInUse, before);
  assert.equal(refused, ['gemm_direct broken']);
  assert.equal(times.map(({ name }) => name).sort(), [nameOf(good!), nameOf(other!)].sort());
  assert.ok(times.every(({ milliseconds }) => milliseconds > 0));
  assert.ok(times[0]!.milliseconds <= times[1]!.milliseconds);
  assert.is(first, nameOf(good!));
  assert.ok(times.some(({ name }) => name === chosen));
});

test('what was measured is kept for the adapter, and damaged notes are measured again', {
  timeout: 60_000,
}, async () => {
  const notes = new Map<string, string>();
  const product = (engine: ht.Engine) =>
    ht.matMul(ht.ones([12, 20], 'float32', { engine }), ht.ones([20, 8], 'float32', { engine }));
  const first = await open({ host: hostOf(notes), gemm: { tune: true } });
  const tuned = await ht.tune(() => product(first), { engine: first, verbose: 0 });
  assert.is(tuned.length, 1);
  assert.is(notes.size, 1);
  assert.equal(await ht.tune(() => product(first), { engine: first, verbose: 0 }), []);
  const bucket = 'NN float32>float32 16x32x8';
  assert.equal(ht.gemmChoices(first), { [bucket]: tuned[0]!.chosen });

  const [key, text] = [...notes][0]!;
  assert.equal(JSON.parse(text).measured, { [bucket]: tuned[0]!.chosen });
  const second = await open({ host: hostOf(notes), gemm: { tune: true } });
  assert.equal(await ht.tune(() => product(second), { engine: second, verbose: 0 }), []);

  for (const damaged of ['', '{', '[]', '{"measured":{"a":1},"refused":{}}', 'null']) {
    notes.set(key, damaged);
    const again = await open({ host: hostOf(notes), gemm: { tune: true } });
    assert.equal(ht.gemmChoices(again), {}, damaged);
  }
  const off = await open({ host: hostOf(new Map([[key, text]])), gemm: { tune: false } });
  assert.equal(ht.gemmChoices(off), {});
});

test('pinned kernels serve, and one that is not there is refused with those that are', async () => {
  const bucket = 'NN float32>float32 16x32x8';
  const product = (engine: ht.Engine) =>
    ht.matMul(ht.ones([12, 20], 'float32', { engine }), ht.ones([20, 8], 'float32', { engine }));
  const engine = await open({ gemm: { choices: { [bucket]: 'gemm_direct 16x4x4' } } });
  assert.equal((await product(engine).data())[0], 20);
  assert.equal(ht.gemmChoices(engine), { [bucket]: 'gemm_direct 16x4x4' });
  const wrong = await open({ gemm: { choices: { [bucket]: 'gemm_cubist' } } });
  assertThrows(
    () => product(wrong),
    ht.ArgumentError,
    /^open: gemm\.choices: NN float32>float32 16x32x8 has no kernel 'gemm_cubist' here; use one of .*gemm_direct 8x4x4/,
  );
  await assertRejects(
    () => ht.open({ gemm: { tuned: true } as never }),
    ht.ArgumentError,
    /^open: gemm: unknown option 'tuned'/,
  );
});

test('a program traced before is traced again with the measured kernel', { timeout: 60_000 }, async () => {
  const engine = await open({ host: hostOf(new Map()), gemm: { tune: true } });
  const w = ht.variable(
    Array.from({ length: 8 }, (_, i) => Array.from({ length: 10 }, (_, j) => (i - j) / 64)),
    { engine },
  );
  let traces = 0;
  const fn = ht.jit((x: ht.Tensor) => {
    traces++;
    return ht.matMul(x, w);
  });
  const x = ht.ones([4, 8], 'float32', { engine });
  const before = await fn(x).array();
  assert.is(traces, 1);
  fn(x).dispose();
  assert.is(traces, 1);
  await ht.tune(() => {}, { engine, verbose: 0 });
  assert.equal(await fn(x).array(), before);
  assert.is(traces, 2);
  fn.dispose();
});

test('fit measures after its first step, once, and trains as it would', { timeout: 60_000 }, async () => {
  const notes = new Map<string, string>();
  const run = async (tune: boolean) => {
    const engine = await open({ host: hostOf(notes), seed: 3, gemm: { tune } });
    const model = ht.sequential([
      ht.layers.dense({ units: 12, activation: 'relu' }),
      ht.layers.dense({ units: 1 }),
    ]);
    model.compile({ optimizer: ht.optimizers.sgd({ learningRate: 0.05 }), loss: 'meanSquaredError' });
    const x = ht.tensor(
      Float32Array.from({ length: 160 }, (_, i) => Math.sin(i)),
      { shape: [40, 4], engine },
    );
    const y = ht.sum(x, 1, true);
    const { history } = await model.fit(x, y, { epochs: 3, batchSize: 20, verbose: 0 });
    return history.loss!;
  };
  const untuned = await run(false);
  assert.is(notes.size, 0);
  const tuned = await run(true);
  assert.is(notes.size, 1);
  for (const [i, loss] of untuned.entries())
    assert.ok(Math.abs(loss - tuned[i]!) < 1e-4 * (1 + loss), `epoch ${i}: ${loss} and ${tuned[i]}`);
});

test('time measures dispatches by the GPU, and gives the queue back', async () => {
  const engine = await open({});
  const x = ht.ones([256, 256], 'float32', { engine });
  const products = (count: number) => () => {
    for (let i = 0; i < count; i++) ht.matMul(x, x).dispose();
  };
  await engine.time(products(1));
  const [few, many] = [await engine.time(products(2)), await engine.time(products(100))];
  assert.ok(few > 0 && many > 5 * few, `${few} ms for 2, ${many} ms for 100`);
  assert.equal((await ht.sum(x).data())[0], 65536);
});
