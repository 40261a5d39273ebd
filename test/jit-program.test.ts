// Tests of what a jitted function tells of itself: memory by kind over time, the time of each kernel, the trace file.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { collected } from './collected.ts';
import { suite } from './harness.ts';

const test = suite('jit programs');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ seed: 5 });
});
test.after(() => engine.close());

const [BATCH, WIDTHS] = [32, [96, 64, 64, 12]] as const;

/** A jitted training step of a small network, its variables and a batch. */
function training(policy: 'float32' | 'mixed_float16') {
  const model = ht.sequential(
    WIDTHS.slice(1).map((units, i) =>
      ht.layers.dense({
        ...{ units, dtype: policy, activation: i < 2 ? 'relu' : 'linear' },
        ...(i === 0 ? { inputShape: [WIDTHS[0]] } : {}),
      }),
    ),
  );
  model.build([WIDTHS[0]], engine);
  const adam = ht.optimizers.adam();
  const optimizer = policy === 'mixed_float16' ? new ht.LossScaleOptimizer(adam) : adam;
  const step = ht.jit((x: ht.Tensor, y: ht.Tensor) =>
    optimizer.minimize(
      () => ht.losses.sparseCategoricalCrossentropy(y, model.apply(x), { fromLogits: true }),
      model.trainableVariables,
    ),
  );
  const x = ht.randomNormal([BATCH, WIDTHS[0]]);
  const y = ht.tensor(Int32Array.from({ length: BATCH }, (_, i) => i % 12));
  return { model, step, x, y };
}

/** Elements that variables take in an arena: whole blocks of 128. */
const ARENA = WIDTHS.slice(1)
  .flatMap((units, i) => [WIDTHS[i]! * units, units])
  .reduce((sum, size) => sum + Math.ceil(size / 128) * 128, 0);

test('the report of a training step: each kind of memory, the peak, what lies outside', () => {
  for (const policy of ['float32', 'mixed_float16'] as const) {
    const { step, x, y } = training(policy);
    const report = step.program(x, y).report();
    const { peak, peakByKind, outside } = report;
    assert.is(report.peakOf('inputs'), 4 * (BATCH * WIDTHS[0] + BATCH));
    assert.is(report.peakOf('weight gradients'), 4 * ARENA);
    assert.is(outside.weights, 4 * ARENA);
    assert.is(outside['f16 copies'], policy === 'float32' ? undefined : 2 * ARENA);
    assert.ok(outside['optimizer slots']! >= 8 * ARENA);
    assert.is(
      peak.bytes,
      Object.values(peakByKind).reduce((sum, bytes) => sum + bytes, 0),
    );
    assert.ok(peak.bytes <= report.bytes * 1.01, 'what is alive fits into the buffers');
    assert.ok(peak.dispatch < report.dispatches && peak.label.length > 0);
    for (const kind of ['activations', 'gradients', 'weight gradients'])
      assert.match(report.toString(), new RegExp(`alive at the peak +${kind} +[\\d.]+ MiB`));
    step.dispose();
  }
});

// Half of float32's, but for the batch itself, which is kept as halves beside the floats that came in.
test('mixed precision: less memory for activations and their gradients', () => {
  const bytes = (policy: 'float32' | 'mixed_float16') => {
    const { step, x, y } = training(policy);
    const peak = step.program(x, y).report().peakOf('activations', 'gradients');
    step.dispose();
    return peak;
  };
  const ratio = bytes('mixed_float16') / bytes('float32');
  assert.ok(ratio <= 0.7, `${ratio}`);
});

test('the profile: every dispatch in order, kernels by time, arithmetic where it is counted, and it trains', async () => {
  const { model, step, x, y } = training('float32');
  const program = step.program(x, y);
  const report = program.report();
  const before = await model.weights[0]!.data();
  const profile = await program.profile();
  assert.not.equal(await model.weights[0]!.data(), before, 'a profiled step is a step');
  assert.is(profile.dispatches.length, report.dispatches);
  assert.ok(profile.dispatches.every(({ micros, bytes }) => micros >= 0 && bytes > 0));
  const { kernels } = profile;
  const sum = kernels.reduce((total, { share }) => total + share, 0);
  assert.ok(Math.abs(sum - 1) < 1e-9, `${sum}`);
  assert.equal(
    kernels.map(({ micros }) => micros),
    kernels.map(({ micros }) => micros).sort((a, b) => b - a),
  );
  for (const { label, gflops } of kernels) assert.is(gflops !== undefined, label.startsWith('gemm'), label);
  assert.is(
    kernels.filter(({ label }) => label.startsWith('adam')).reduce((calls, row) => calls + row.calls, 0),
    1,
  );
  const flops = profile.dispatches.reduce((total, one) => total + (one.flops ?? 0), 0);
  assert.is(flops, 2 * BATCH * (2 * 96 * 64 + 3 * 64 * 64 + 3 * 64 * 12));
  assert.match(
    profile.toString(),
    /^\d+ dispatches, [\d.]+ ms by (timestamps|clock)\nkernel +calls +us +share/,
  );
  const { traceEvents } = JSON.parse(profile.trace()) as {
    traceEvents: { name: string; ph: string; ts: number; dur: number; pid: number; tid: number }[];
  };
  assert.is(traceEvents.length, report.dispatches);
  for (const { name, ph, ts, dur, pid, tid } of traceEvents) {
    assert.ok(typeof name === 'string' && name.length > 0);
    assert.equal([ph, typeof ts, typeof dur, pid, tid], ['X', 'number', 'number', 1, 1]);
  }
  assert.is(traceEvents[0]!.ts, 0);
  step.dispose();
});

test('a program is asked for outside of tapes and traced functions', () => {
  const double = ht.jit((x: ht.Tensor) => ht.mul(x, 2));
  const x = ht.ones([4]);
  assert.throws(
    () => new ht.GradientTape().record(() => double.program(x)),
    /^jit: program\(\) is asked for/,
  );
  assert.throws(() => ht.jit((v: ht.Tensor) => double.program(v) && v)(x), /^jit: program\(\) is asked for/);
  assert.is(double.program(x).report().dispatches, 1);
  double.dispose();
});

test('10,000 steps: no memory grows, of the GPU or of the process', { timeout: 120_000 }, async () => {
  const w = ht.variable([...Array(16).keys()]);
  const optimizer = ht.optimizers.adam();
  const step = ht.jit((x: ht.Tensor) => optimizer.minimize(() => ht.mean(ht.square(ht.sub(w, x))), [w]));
  const x = ht.ones([16]);
  const run = async (steps: number) => {
    for (let i = 0; i < steps; i++) {
      step(x).dispose();
      if (i % 64 === 63) await engine.settle(2);
    }
    await engine.settle();
    const { heapUsed, rss } = process.memoryUsage();
    return {
      bytes: engine.memory().bytesInUse,
      buffers: engine.made.buffers,
      groups: engine.made.bindGroups,
      heapUsed,
      rss,
    };
  };
  await collected();
  const start = await run(2000);
  const { submits } = engine.made;
  const end = await run(8000);
  assert.equal([end.bytes, end.buffers, end.groups], [start.bytes, start.buffers, start.groups]);
  assert.ok(engine.made.submits - submits <= 8000 + 1, 'one submit a step');
  assert.ok(end.rss - start.rss < 48 * 2 ** 20, `${(end.rss - start.rss) / 2 ** 20} MiB more`);
  step.dispose();
});
