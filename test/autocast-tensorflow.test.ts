// Autocast as TensorFlow's graph rewrite: what is painted, casts once a boundary, training beside a mixed policy, and what is refused.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { assertThrows } from './assert-throws.ts';
import { suite } from './harness.ts';

const test = suite('autocast, TensorFlow');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ seed: 1 });
});
test.after(() => engine.close());

const painted = <T>(fn: () => T): T => ht.autocast({ rules: 'tensorflow' }, fn);

function network() {
  const w1 = ht.variable(values(8 * 16, 1), { shape: [8, 16], name: 'w1' });
  const w2 = ht.variable(values(16 * 4, 2), { shape: [16, 4], name: 'w2' });
  const b1 = ht.variable(values(16, 3), { name: 'b1' });
  const forward = (x: ht.Tensor) => ht.matMul(ht.relu(ht.add(ht.matMul(x, w1), b1)), w2);
  return { w1, w2, b1, forward };
}

/** Multiples of 2^-6 within 1, which float16 holds. */
function values(count: number, seed: number): number[] {
  return Array.from({ length: count }, (_, i) => (((i + 3) * 7919 * seed) % 127) / 64 - 63 / 64);
}

const input = () => ht.tensor(values(5 * 8, 5), { shape: [5, 8] });

test('a network and its loss: painted up to the loss, each boundary cast once, the result as without', async () => {
  const { forward } = network();
  const loss = (x: ht.Tensor, y: ht.Tensor) => ht.mean(ht.softmaxCrossEntropy(forward(x), y));
  const step = ht.jit((x: ht.Tensor, y: ht.Tensor) => painted(() => loss(x, y)));
  const y = ht.tensor([0, 1, 2, 3, 0], { dtype: 'int32' });
  const x = input();
  const report = step.program(x, y).explainPrecision();
  assert.equal(
    report.ops.map(({ name, inputs }) => [name, inputs]),
    [
      ['matMul', 'float16'],
      ['add', 'float16'],
      ['relu', 'float16'],
      ['matMul', 'float16'],
      ['softmaxCrossEntropy', 'float32'],
      ['mean', 'float32'],
      ['reshape', 'float32'],
    ],
  );
  assert.equal(
    report.casts.map(({ from, to, cached, reason }) => [from, to, cached, reason]),
    [
      ['float32', 'float16', false, 'matMul: on the allow list'],
      ['float32', 'float16', true, 'w1, matMul: on the allow list'],
      ['float32', 'float16', true, 'b1, add: infer: between ops on the allow list'],
      ['float32', 'float16', true, 'w2, matMul: on the allow list'],
      ['float16', 'float32', false, 'softmaxCrossEntropy: on the deny list'],
    ],
  );
  const [wide, half] = [loss(x, y), step(x, y)];
  assert.is(half.dtype, 'float32');
  const [a, b] = [(await wide.array()) as number, (await half.array()) as number];
  assert.ok(a !== b && Math.abs(a - b) < 2e-3 * Math.abs(a), `${a} ${b}`);
});

test('gradients taken inside are painted too, and those of weights leave as float32', async () => {
  const { forward, w1, w2, b1 } = network();
  const y = ht.tensor(values(20, 9), { shape: [5, 4] });
  const gradients = (x: ht.Tensor) => {
    const tape = new ht.GradientTape();
    const loss = tape.record(() => ht.losses.meanSquaredError(y, forward(x)));
    return [loss, ...tape.gradient(loss, [w1, w2, b1])];
  };
  const step = ht.jit((x: ht.Tensor) => painted(() => gradients(x)));
  const x = input();
  const report = step.program(x).explainPrecision();
  const products = report.ops.filter(({ name, pass }) => name === 'matMul' && pass === 'backward');
  assert.ok(products.length === 3 && products.every(({ inputs }) => inputs === 'float16'), report.toString());
  const [plain, mixed] = [gradients(x), step(x)];
  assert.equal(
    mixed.map(({ dtype }) => dtype),
    ['float32', 'float32', 'float32', 'float32'],
  );
  for (const [i, tensor] of plain.entries()) {
    const [a, b] = [await tensor.data(), await mixed[i]!.data()];
    const largest = Math.max(...a.map(Math.abs));
    a.forEach((value, k) => {
      assert.ok(Math.abs(value - b[k]!) < 4e-3 * largest, `${i}: ${value} ${b[k]}`);
    });
  }
});

test('a tensor that two painted ops read is cast once; one that a painted and an unlisted op read stays float32 for that', () => {
  const [x, w] = [input(), ht.tensor(values(64, 3), { shape: [8, 8] })];
  const step = ht.jit((x: ht.Tensor, w: ht.Tensor) =>
    painted(() => [ht.matMul(x, w), ht.matMul(x, w, false, true), ht.cumsum(x)]),
  );
  const { casts, ops } = step.program(x, w).explainPrecision();
  assert.is(casts.filter(({ to, pass }) => to === 'float16' && pass === 'forward').length, 2);
  assert.equal(ops.at(-1)!.inputs, 'float32');
  assert.equal(ops.at(-1)!.reason, 'on no list: stays as it is');
});

test('eager and jitted give the same bits', async () => {
  const { forward } = network();
  const x = input();
  const [eager, jitted] = [painted(() => forward(x)), ht.jit((x: ht.Tensor) => painted(() => forward(x)))(x)];
  assert.equal(await jitted.array(), await eager.array());
});

test('an integer cast to float for painted ops alone is cast to float16 at once', () => {
  const w = ht.tensor(values(4, 1), { shape: [2, 2] });
  const counts = ht.tensor([[1, 2]], { dtype: 'int32' });
  const step = ht.jit((counts: ht.Tensor, w: ht.Tensor) =>
    painted(() => ht.matMul(ht.cast(counts, 'float32'), w)),
  );
  const both = ht.jit((counts: ht.Tensor, w: ht.Tensor) =>
    painted(() => {
      const x = ht.cast(counts, 'float32');
      return [ht.matMul(x, w), ht.cumsum(x)];
    }),
  );
  const castsOf = (program: ht.JitProgram) =>
    program
      .explainPrecision()
      .casts.filter(({ to, inserted }) => to === 'float16' && inserted)
      .map(({ from }) => from);
  assert.equal(castsOf(step.program(counts, w)), ['int32', 'float32']);
  assert.equal(castsOf(both.program(counts, w)), ['float32', 'float32']);
});

test('a cast whose result nothing reads is left out of programs', () => {
  const x = input();
  const program = ht.jit((x: ht.Tensor) => {
    ht.cast(x, 'float16');
    return ht.relu(x);
  });
  assert.is(program.program(x).report().dispatches, 1);
});

test('lists change for one call: a denied product stays, an allowed function runs in float16', () => {
  const w = ht.tensor(values(64, 3), { shape: [8, 8] });
  const inputsOf = (options: ht.AutocastOptions) => {
    const step = ht.jit((x: ht.Tensor) => ht.autocast(options, () => ht.exp(ht.matMul(x, w))));
    return step
      .program(input())
      .explainPrecision()
      .ops.map(({ inputs }) => inputs);
  };
  assert.equal(inputsOf({}), ['float16', 'float32']);
  assert.equal(inputsOf({ allow: { remove: ['matMul'] }, deny: { add: ['matMul'] } }), [
    'float32',
    'float32',
  ]);
  assert.equal(inputsOf({ deny: { remove: ['exp'] }, allow: { add: ['exp'] } }), ['float16', 'float16']);
});

test('statistics of normalisations stay float32; the moving ones move once', async () => {
  const layer = ht.layers.batchNormalization();
  const dense = ht.layers.dense({ units: 8, inputShape: [8] });
  const head = ht.layers.dense({ units: 2 });
  const model = ht.sequential([dense, layer, head]);
  const step = ht.jit((x: ht.Tensor) => painted(() => model.apply(x, { training: true })));
  const x = input();
  const report = step.program(x).explainPrecision();
  const normalisation = report.ops.find(({ name }) => name === 'batchNormalization')!;
  assert.equal([normalisation.inputs, normalisation.dtype], ['float16, float32', 'float16']);
  const mean = layer.weights.find(({ name }) => name.endsWith('moving_mean') || name.endsWith('movingMean'))!;
  step(x);
  const once = await mean.array();
  step(x);
  assert.not.equal(await mean.array(), once);
});

test('memory is as it was', async () => {
  const { forward } = network();
  const x = input();
  const once = () => ht.tidy(() => void painted(() => forward(x)));
  once();
  const before = ht.memory().bytesInUse;
  for (let i = 0; i < 5; i++) once();
  assert.is(ht.memory().bytesInUse, before);
});

for (const rules of ['tensorflow', 'pytorch'] as const) {
  test(`compile({ autocast: ${rules} }) trains a float32 model in float16, its weights float32, the loss scaled`, async () => {
    const x = ht.tensor(values(64 * 8, 11), { shape: [64, 8] });
    const y = ht.tensor(values(64, 13), { shape: [64, 1] });
    const trained = async (autocast?: ht.AutocastOptions) => {
      const model = ht.sequential([
        ht.layers.dense({ units: 16, activation: 'relu', inputShape: [8], kernelInitializer: 'ones' }),
        ht.layers.dense({ units: 1, kernelInitializer: 'ones' }),
      ]);
      const optimizer = ht.optimizers.sgd({ learningRate: 1e-3 });
      model.compile({ optimizer, loss: 'meanSquaredError', ...(autocast && { autocast }) });
      const { history } = await model.fit(x, y, { epochs: 4, verbose: 0, shuffle: false });
      return { loss: history.loss!, lossScale: history.lossScale, weights: model.weights };
    };
    const [plain, mixed] = [await trained(), await trained({ rules })];
    assert.is(plain.lossScale, undefined);
    assert.equal(mixed.lossScale, [2 ** 15, 2 ** 15, 2 ** 15, 2 ** 15]);
    assert.ok(mixed.weights.every(({ dtype }) => dtype === 'float32'));
    assert.not.equal(mixed.loss, plain.loss);
    plain.loss.forEach((loss, i) => {
      assert.ok(Math.abs(loss - mixed.loss[i]!) < 5e-3 * loss, `${loss} ${mixed.loss[i]}`);
    });
  });
}

test('a function that runs other ops the second time is refused; so are promises and tensors of another engine', async () => {
  let calls = 0;
  const x = input();
  assertThrows(
    () => painted(() => (calls++ % 2 === 0 ? ht.relu(x) : ht.tanh(x))),
    ht.ArgumentError,
    /the function ran tanh where it had run relu; it is run twice/,
  );
  calls = 0;
  assertThrows(
    () => painted(() => (calls++ % 2 === 0 ? ht.relu(ht.exp(x)) : ht.exp(x))),
    ht.ArgumentError,
    /ended before relu/,
  );
  assertThrows(() => painted(async () => 1), ht.ArgumentError, /async/);
  const other = await ht.open();
  assertThrows(() => painted(() => ht.relu(x)), ht.ArgumentError, /another engine/);
  assert.is(ht.autocast({ engine }, () => ht.relu(x)).dtype, 'float32');
  other.close();
});
