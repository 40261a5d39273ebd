// Values at the ends of the range: large logits keep their softmax, and NaN is not lost on the way.
import * as assert from 'uvu/assert';
import * as ht from '../../src/node.ts';
import { suite } from '../harness.ts';

const test = suite('extreme values');
let engine: Awaited<ReturnType<typeof ht.open>>;
test.before(async () => {
  engine = await ht.open();
});
test.after(() => engine.close());

const values = async (tensor: ht.Tensor) => [...(await tensor.data())];
// A NaN that no constant folding sees.
const nan = () => ht.sub(ht.tensor([Infinity]), ht.tensor([Infinity]));

for (const logit of [1e4, 1e6, -1e9, 3e38]) {
  test(`softmax and cross-entropy of equal logits of ${logit}`, async () => {
    const logits = ht.tensor([[logit, logit, logit, logit]]);
    assert.equal(await values(ht.softmax(logits)), [0.25, 0.25, 0.25, 0.25]);
    const [log] = await values(ht.logSoftmax(logits));
    assert.ok(Math.abs(log! + Math.log(4)) < 1e-6, `${log}`);
    for (const targets of [ht.tensor(new Int32Array([2])), ht.tensor([[0, 0, 1, 0]])]) {
      const tape = new ht.GradientTape();
      tape.watch(logits);
      const loss = tape.record(() => ht.softmaxCrossEntropy(logits, targets));
      const [got] = await values(loss);
      assert.ok(Math.abs(got! - Math.log(4)) < 1e-6, `${got}`);
      assert.equal(await values(tape.gradient(loss, logits)!), [0.25, 0.25, -0.75, 0.25]);
    }
  });
}

test('activations, extremes and clipping keep NaN', async () => {
  const x = nan();
  const { relu, tanh, sigmoid, abs, neg, exp, max, min, sum, mean, maximum, minimum } = ht;
  for (const [name, op] of Object.entries({ relu, tanh, sigmoid, abs, neg, exp, max, min, sum, mean })) {
    assert.ok(Number.isNaN((await values(op(x)))[0]), name);
  }
  assert.ok(Number.isNaN((await values(ht.clipByValue(x, 0, 1)))[0]));
  for (const [name, op] of Object.entries({ maximum, minimum })) {
    assert.ok(Number.isNaN((await values(op(x, 1)))[0]), `${name} a`);
    assert.ok(Number.isNaN((await values(op(1, x)))[0]), `${name} b`);
  }
  const row = ht.add(ht.pad(x, [[70, 70]]), 0);
  for (const op of [max, min]) assert.ok(Number.isNaN((await values(op(row)))[0]));
});

test('integers that look like NaN by their bits are compared as integers', async () => {
  const x = ht.tensor(new Int32Array([0x7fc00000, 5]));
  const y = ht.tensor(new Int32Array([7, 0x7fc00001]));
  assert.equal(await values(ht.maximum(x, y)), [0x7fc00000, 0x7fc00001]);
  assert.equal(await values(ht.min(x)), [5]);
});

for (const activation of ['relu', 'relu6', 'sigmoid', 'tanh'] as const) {
  test(`a step whose forward pass is NaN in front of a fused ${activation} is skipped`, async () => {
    const w = ht.variable([[1]]);
    const optimizer = new ht.LossScaleOptimizer(ht.optimizers.sgd(), { initialScale: 8 });
    const x = ht.reshape(nan(), [1, 1]);
    optimizer.minimize(() => ht.sum(ht.matMul(x, w, false, false, { activation })), [w]);
    assert.is(await optimizer.skippedSteps(), 1);
    assert.equal(await w.array(), [[1]]);
  });
}

test('means of many halves have exact gradients', async () => {
  const x = ht.zeros([1_000_000], 'float16');
  const tape = new ht.GradientTape();
  tape.watch(x);
  const y = tape.record(() => ht.mean(x));
  const outputGradients = ht.tensor(32768, { dtype: 'float16' });
  const gradient = tape.gradient(y, x, { outputGradients });
  assert.ok(Math.abs((await values(ht.slice(gradient!, [0], [1])))[0]! - 0.032768) < 2 ** -15);
});

test('initial weights and draws on the GPU are different numbers', async () => {
  const draws = (await values(ht.randomUniform([64]))).map((value) => value.toFixed(6));
  const layer = ht.layers.dense({ units: 8, useBias: false });
  layer.build([8], engine);
  const limit = Math.sqrt(3 / 8);
  const uniform = (await values(layer.weights[0]!.values)).map((value) =>
    ((value / limit + 1) / 2).toFixed(6),
  );
  assert.is(uniform.filter((value) => draws.includes(value)).length, 0);
});

test('released variables leave GPU memory without a submit of their own', async () => {
  const small = await ht.open({ memoryBudget: 2 ** 23 });
  for (let i = 0; i < 50; i++) ht.variable(new Float32Array(2 ** 20), { shape: [2 ** 20] }).dispose();
  assert.ok(small.memory().buffers < 5, `${small.memory().buffers} buffers`);
  small.close();
});
