// Tests of GPU memory: buckets, the byte budget, pooled reuse, tidy, and that long programs do not grow.
import * as assert from 'uvu/assert';
import { setDefaultEngine } from '../src/gpu/default-engine.ts';
import { bucketOf } from '../src/gpu/storage.ts';
import * as ht from '../src/node.ts';
import { collected } from './collected.ts';
import { suite } from './harness.ts';

const test = suite('gpu memory');

let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open();
});
test.after(() => engine.close());

/** Runs `body` on an engine of its own; the default engine stays that of the suite. */
async function withEngine(options: ht.OpenOptions, body: (own: ht.Engine) => Promise<void>): Promise<void> {
  const own = await ht.open(options);
  setDefaultEngine(engine);
  await body(own).finally(() => own.close());
}

const inUse = () => engine.memory().bytesInUse;
const MIB = 2 ** 20;

test('buckets hold what was asked for, waste at most a quarter and are whole quads of words', () => {
  for (const bytes of [
    1,
    255,
    256,
    257,
    320,
    321,
    1000,
    1024,
    1025,
    4096,
    65537,
    999_999,
    MIB,
    MIB + 1,
    128 * MIB,
    2 ** 31,
  ]) {
    const bucket = bucketOf(bytes);
    assert.ok(bucket >= bytes && bucket % 16 === 0, `${bytes} in ${bucket}`);
    assert.ok(bytes <= 256 ? bucket === 256 : bucket <= bytes * 1.25 + 1, `${bytes} in ${bucket}`);
    assert.is(bucketOf(bucket), bucket);
  }
  const buckets = new Set(Array.from({ length: 10_000 }, (_, i) => bucketOf(MIB + i * 100)));
  assert.ok(buckets.size <= 5, `${buckets.size} buckets in less than an octave`);
});

const counts = (engine: ht.Engine) => {
  const { byKind, ...rest } = engine.memory();
  assert.is(
    Object.values(byKind).reduce((sum, bytes) => sum + bytes, 0),
    rest.bytesInUse,
  );
  return rest;
};

test('the report counts tensors, the peak and the pool', () =>
  withEngine({}, async (own) => {
    assert.equal(counts(own), { bytesInUse: 0, peakBytes: 0, pooledBytes: 0, buffers: 0 });
    const x = ht.zeros([1024], 'float32', { engine: own });
    const y = ht.zeros([1000], 'float16', { engine: own });
    assert.equal(counts(own), { bytesInUse: 4096 + 2048, peakBytes: 6144, pooledBytes: 0, buffers: 2 });
    x.dispose();
    assert.equal(counts(own), { bytesInUse: 2048, peakBytes: 6144, pooledBytes: 4096, buffers: 2 });
    const again = ht.zeros([1024], 'float32', { engine: own });
    assert.equal(counts(own), { bytesInUse: 6144, peakBytes: 6144, pooledBytes: 0, buffers: 2 });
    again.dispose();
    again.dispose();
    y.dispose();
    assert.equal(counts(own), { bytesInUse: 0, peakBytes: 6144, pooledBytes: 6144, buffers: 2 });
    assert.equal(own.memory().byKind, {});
    const report = own.memory();
    report.buffers = 99;
    assert.is(own.memory().buffers, 2);
  }));

test('aliases share memory, which goes back with the last of them', () => {
  const start = inUse();
  const x = ht.zeros([6, 1000]);
  const views = [ht.reshape(x, [1000, 6]), ht.stopGradient(x)];
  assert.is(inUse() - start, bucketOf(24_000));
  x.dispose();
  views[0]!.dispose();
  assert.is(inUse() - start, bucketOf(24_000));
  views[1]!.dispose();
  assert.is(inUse(), start);
});

test('tidy frees what was made and not returned, in nested values too, also when it throws', async () => {
  // Numbers beside tensors become constants that stay, and so does what is bound where a shader needs nothing.
  ht.tidy(() => ht.add(ht.mul(ht.exp(ht.ones([1])), 2), 1)).dispose();
  await collected();
  const start = inUse();
  const kept: ht.Tensor[] = [];
  const result = ht.tidy(() => {
    const x = ht.ones([300]);
    kept.push(ht.keep(ht.mul(x, 2)));
    ht.tidy(() => ht.exp(x));
    return { list: [ht.add(x, 1)], deep: { y: ht.neg(x) }, other: 'text', none: null };
  });
  assert.is(inUse() - start, 3 * bucketOf(1200));
  assert.equal((await result.list[0]!.data())[299], 2);
  assert.equal((await result.deep.y.data())[299], -1);
  assert.equal((await kept[0]!.data())[299], 2);
  for (const tensor of [result.list[0]!, result.deep.y, kept[0]!]) tensor.dispose();
  assert.is(inUse(), start);
  assert.throws(() =>
    ht.tidy(() => {
      ht.tidy(() => ht.ones([500]));
      ht.matMul(ht.ones([2, 3]), ht.ones([4, 5]));
    }),
  );
  assert.is(inUse(), start);
});

test('a disposed tensor says so, with its shape and what to do', async () => {
  const x = ht.tidy(() => {
    const inner = ht.ones([2, 3]);
    ht.keep(ht.neg(inner)).dispose();
    return { hide: () => inner };
  });
  const message = 'tensor of shape (2, 3): it was disposed; return it from tidy, or ht.keep it';
  const disposed = x.hide();
  assert.ok(disposed.disposed);
  assert.throws(
    () => ht.neg(disposed),
    (error: Error) => error instanceof ht.DisposedError && error.message === message,
  );
  const read = await (async () => disposed.data())().then(
    () => undefined,
    (error: Error) => error,
  );
  assert.instance(read, ht.DisposedError);
});

test('the budget is kept, its error says what to do, and everything works afterwards', () =>
  withEngine({ memoryBudget: 10 * MIB }, async (own) => {
    const x = ht.ones([MIB], 'float32', { engine: own });
    const y = ht.add(x, 1);
    const before = own.memory();
    const exceed = () => ht.add(y, 1);
    assert.throws(exceed, (error: Error) => {
      assert.instance(error, ht.OutOfMemoryError);
      assert.match(
        error.message,
        /^add: 4\.0 MiB more would pass the memory budget of 10\.0 MiB \(8\.0 MiB in use\); dispose tensors, wrap steps in tidy or jit, or open\(\{ memoryBudget \}\)$/,
      );
      return true;
    });
    assert.equal(own.memory(), before);
    assert.throws(exceed);
    assert.is((await y.data())[MIB - 1], 2);
    x.dispose();
    const z = ht.add(y, 1);
    assert.is((await z.data())[5], 3);
    assert.is(own.memory().bytesInUse, 8 * MIB + 256);
    // The pool gives way to other sizes.
    z.dispose();
    const wide = ht.zeros([1.25 * MIB], 'float32', { engine: own });
    assert.is((await ht.tidy(() => ht.sum(wide)).data())[0], 0);
    assert.ok(own.memory().bytesInUse + own.memory().pooledBytes <= 10 * MIB);
    wide.dispose();
    y.dispose();
    for (const kind of ['step', 'jit'] as const) {
      const grow = () => Array.from({ length: 9 }, () => ht.ones([MIB / 2], 'float32', { engine: own }));
      const run = kind === 'jit' ? ht.jit((seed: ht.Tensor) => [seed, ...grow()]) : () => ht.tidy(grow);
      const held = own.memory().bytesInUse;
      assert.throws(() => run(ht.tidy(() => ht.ones([1], 'float32', { engine: own }))), /budget/, kind);
      assert.ok(
        own.memory().bytesInUse <= held + 256,
        `${kind}: ${own.memory().bytesInUse - held} bytes left behind`,
      );
    }
    assert.is((await ht.add(ht.ones([3], 'float32', { engine: own }), 1).data())[2], 2);
  }));

test('a tensor larger than can be bound is refused by its size', () => {
  const limit = engine.info.limits.storageBinding;
  const before = engine.memory();
  assert.throws(
    () => ht.zeros([limit / 4 + 1]),
    (error: Error) =>
      error instanceof ht.OutOfMemoryError &&
      /^full: .* MiB in one tensor; this adapter binds at most .* MiB/.test(error.message),
  );
  assert.equal(engine.memory(), before);
});

/** One step of a small network; everything but the returned loss is freed by who calls it. */
function step(x: ht.Tensor, w: ht.Tensor): ht.Tensor {
  const tape = new ht.GradientTape();
  tape.watch(w);
  const loss = tape.record(() => ht.mean(ht.square(ht.matMul(x, w, false, false, { activation: 'tanh' }))));
  const gradient = tape.gradient(loss, w)!;
  return ht.add(loss, ht.sum(ht.mul(gradient, 0.1)));
}

test('memory stands still over 2000 eager steps in tidy', async () => {
  const [x, w] = [ht.full([8, 5], 0.5), ht.full([5, 3], 0.25)];
  const run = () => ht.tidy(() => step(x, w));
  const first = await run().data();
  for (let i = 0; i < 50; i++) run().dispose();
  const before = engine.memory();
  for (let i = 0; i < 2000; i++) run().dispose();
  assert.equal({ ...engine.memory(), pooledBytes: 0 }, { ...before, pooledBytes: 0 });
  assert.equal(engine.memory().pooledBytes, before.pooledBytes);
  const last = run();
  assert.equal(await last.data(), first);
  for (const tensor of [x, w, last]) tensor.dispose();
});

test('memory stands still over 2000 replays, and comes back when the function is disposed', async () => {
  const [x, w] = [ht.full([8, 5], 0.5), ht.full([5, 3], 0.25)];
  await collected();
  const start = inUse();
  const jitted = ht.jit(step);
  const first = jitted(x, w);
  const before = engine.memory();
  for (let i = 0; i < 2000; i++) jitted(x, w).dispose();
  assert.is(engine.memory().bytesInUse, before.bytesInUse);
  assert.ok(engine.memory().buffers <= before.buffers + 1);
  assert.equal(await jitted(x, w).data(), await first.data());
  first.dispose();
  jitted.dispose();
  assert.ok(inUse() - start <= 256, `${inUse() - start} bytes are left`);
  for (const tensor of [x, w]) tensor.dispose();
});

test('uploads alone do not pile up on the host', async () => {
  const values = new Float32Array(MIB / 4);
  const before = process.memoryUsage().rss;
  for (let i = 0; i < 1500; i++) ht.tensor(values).dispose();
  const grown = (process.memoryUsage().rss - before) / MIB;
  assert.ok(grown < 700, `1500 uploads of 1 MiB hold ${grown.toFixed(0)} MiB`);
  await engine.settle();
});

test('numbers that are never the same twice do not pile up', () => {
  const x = ht.ones([2]);
  const start = inUse();
  for (let i = 0; i < 3000; i++) ht.add(x, i / 7).dispose();
  // At most 256 of them are kept, 256 bytes each.
  assert.ok(inUse() - start <= 2 ** 16, `${inUse() - start} bytes`);
  x.dispose();
});
