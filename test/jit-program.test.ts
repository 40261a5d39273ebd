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

// The f16 copy of a batch of floats is made again for the last product, so that it is not there at the peak.
test('mixed precision: half the memory for activations and their gradients', () => {
  const facts = (policy: 'float32' | 'mixed_float16', dtype: ht.FloatDType) => {
    const { step, x, y } = training(policy, dtype);
    const report = step.program(x, y).report();
    step.dispose();
    return { bytes: report.peakOf('activations', 'gradients'), dispatches: report.dispatches };
  };
  const plain = facts('float32', 'float32');
  const [halves, floats] = [facts('mixed_float16', 'float16'), facts('mixed_float16', 'float32')];
  assert.ok(halves.bytes / plain.bytes <= 0.51, `${halves.bytes / plain.bytes}`);
  assert.ok(floats.bytes / plain.bytes <= 0.6, `${floats.bytes / plain.bytes}`);
  assert.is(floats.dispatches, halves.dispatches + 2, 'the batch is cast twice');
});

test('the gradient of a ReLU is stored by the product that makes it, unless that is wanted elsewhere', async () => {
  const draw = (rows: number, columns: number, dtype: ht.FloatDType) => {
    const values = Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(rows + 7 * i));
    return ht.cast(ht.tensor(values, { shape: [rows, columns] }), dtype);
  };
  for (const dtype of ['float32', 'float16'] as const) {
    // The last has rows of no whole quads: its product goes through a padded copy.
    for (const [wanted, width, gates] of [
      ['x', 12, 0],
      ['hidden', 12, 1],
      ['x', 10, 1],
    ] as const) {
      const [x, first, second] = [draw(9, 16, dtype), draw(16, width, dtype), draw(width, 5, dtype)];
      const step = (x: ht.Tensor) => {
        const tape = new ht.GradientTape();
        tape.watch(x);
        const { y, hidden } = tape.record(() => {
          const hidden = ht.matMul(x, first, false, false, { activation: 'relu' });
          return { hidden, y: ht.matMul(hidden, second) };
        });
        return tape.gradient(y, wanted === 'x' ? [x] : [x, hidden]);
      };
      const traced = ht.jit(step);
      const { dispatches } = await traced.program(x).profile();
      const left = dispatches.filter(({ label }) => /RELU_GRADIENT|OP=12|OP 12/.test(label));
      assert.is(
        left.length,
        gates,
        `${dtype} ${wanted} ${width}: ${dispatches.map(({ label }) => label).join('; ')}`,
      );
      const [eager, replayed] = [ht.tidy(() => step(x)), traced(x)];
      for (const [i, gradient] of eager.entries())
        assert.equal(await replayed[i]!.data(), await gradient.data(), `${dtype} ${wanted} ${width}`);
      traced.dispose();
    }
  }
});

test('a cast is repeated only where memory is saved and what it reads is still the same', async () => {
  const source = ht.variable(new Float32Array(64 * 64), { shape: [64, 64], dtype: 'float16' });
  // Between the two uses of the floats more is alive than at either.
  const between = (floats: ht.Tensor, change: boolean) => {
    const grown = ht.concat([floats, floats, floats, floats], 0);
    if (change) source.assign(ht.mul(source, 2));
    return ht.add(ht.slice(ht.exp(ht.neg(grown)), [0, 0], [64, 64]), floats);
  };
  for (const [change, casts] of [
    [false, 2],
    [true, 1],
  ] as const) {
    source.assign(new Float32Array(64 * 64).fill(1));
    const traced = ht.jit(() => between(ht.cast(source, 'float32'), change));
    const program = traced.program();
    const profile = await program.profile();
    assert.is(profile.dispatches.filter(({ label }) => /^cast/.test(label)).length, casts, `${change}`);
    source.assign(new Float32Array(64 * 64).fill(1));
    const sum = Math.exp(-1) + 1;
    for (const value of await traced().data()) assert.ok(Math.abs(value - sum) < 2e-3, `${value}`);
    traced.dispose();
  }
  source.dispose();
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
