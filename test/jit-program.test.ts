// Tests of what a jitted function tells of itself: memory by kind over time, the time of each kernel, the trace file.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';

const test = suite('jit programs');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ seed: 5 });
});
test.after(() => engine.close());

const [BATCH, WIDTHS] = [32, [96, 64, 64, 12]] as const;

/** A jitted training step of a small network, its variables and a batch; always the same numbers. */
function training(policy: 'float32' | 'mixed_float16', dtype: ht.FloatDType = 'float32') {
  const model = ht.sequential(
    WIDTHS.slice(1).map((units, i) =>
      ht.layers.dense({
        ...{ units, dtype: policy, activation: i < 2 ? 'relu' : 'linear' },
        ...(i === 0 ? { inputShape: [WIDTHS[0]] } : {}),
      }),
    ),
  );
  model.build([WIDTHS[0]], engine);
  for (const weight of model.weights)
    weight.assign(Float32Array.from({ length: weight.size }, (_, i) => Math.sin(i) / 8));
  const adam = ht.optimizers.adam();
  const optimizer = policy === 'mixed_float16' ? new ht.LossScaleOptimizer(adam) : adam;
  const step = ht.jit((x: ht.Tensor, y: ht.Tensor) =>
    optimizer.minimize(
      () => ht.losses.sparseCategoricalCrossentropy(y, model.apply(x), { fromLogits: true }),
      model.trainableVariables,
    ),
  );
  const images = Float32Array.from({ length: BATCH * WIDTHS[0] }, (_, i) => Math.cos(i));
  const x = ht.tensor(images, { shape: [BATCH, WIDTHS[0]], dtype });
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
    const kinds = ['inputs', 'activations', 'gradients', 'weight gradients'] as const;
    const sum = kinds.reduce((total, kind) => total + report.peakOf(kind), 0);
    assert.ok(peak.bytes <= sum + report.peakOf('constants', 'other'), `${peak.bytes} of ${sum}`);
    assert.is(report.peakOf('weights', 'f16 copies', 'optimizer slots'), 0, 'those lie outside');
    assert.ok(peak.dispatch < report.dispatches && peak.label.length > 0);
    for (const kind of ['activations', 'gradients', 'weight gradients'])
      assert.match(report.toString(), new RegExp(`alive at the peak +${kind} +[\\d.]+ MiB`));
    step.dispose();
  }
});

// A batch of floats is kept as halves beside the floats that came in.
test('mixed precision: half the memory for activations and their gradients', () => {
  const bytes = (policy: 'float32' | 'mixed_float16', dtype: ht.FloatDType) => {
    const { step, x, y } = training(policy, dtype);
    const peak = step.program(x, y).report().peakOf('activations', 'gradients');
    step.dispose();
    return peak;
  };
  const plain = bytes('float32', 'float32');
  const [halves, floats] = [bytes('mixed_float16', 'float16'), bytes('mixed_float16', 'float32')];
  assert.ok(halves / plain <= 0.51, `${halves / plain}`);
  assert.ok(floats - halves <= 2 * BATCH * WIDTHS[0], `${floats - halves} more for a batch of floats`);
});

test('the profile: every dispatch in order, kernels by time, arithmetic where it is counted, and it trains', async () => {
  const { model, step, x, y } = training('float32');
  const program = step.program(x, y);
  const report = program.report();
  const before = await model.weights[0]!.data();
  const profile = await program.profile();
  const twin = training('float32');
  for (const round of [1, 2]) {
    twin.step(twin.x, twin.y);
    for (const [i, weight] of model.weights.entries())
      assert.equal(await weight.data(), await twin.model.weights[i]!.data(), 'a profiled step is a step');
    if (round === 1) step(x, y);
  }
  assert.not.equal(await model.weights[0]!.data(), before);
  twin.step.dispose();
  assert.is(profile.dispatches.length, report.dispatches);
  assert.ok(profile.dispatches.every(({ micros, bytes }) => micros > 0 && bytes > 0));
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

test('a program that was disposed is traced anew, and its memory came back', async () => {
  const { step, x, y } = training('mixed_float16');
  step(x, y).dispose();
  await engine.settle();
  const held = engine.memory().byKind.programs!;
  const program = step.program(x, y);
  const { bytes } = program.report();
  assert.is(engine.memory().byKind.programs, held, 'asking makes nothing');
  step.dispose();
  assert.ok(held - (engine.memory().byKind.programs ?? 0) >= bytes);
  assert.is(step.traces, 0);
  assert.is(program.report().bytes, bytes);
  assert.equal([step.traces, engine.memory().byKind.programs], [1, held]);
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
