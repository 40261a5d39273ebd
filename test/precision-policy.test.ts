// Dtype policies: their names and errors, and the dtypes of weights, outputs, losses and gradients under each.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { nearestHalf } from './reference/half.ts';
import { number, numbers } from './step.ts';

const test = suite('policies');
let engine: ht.Engine;
const { Policy, globalPolicy, setGlobalPolicy } = ht.mixedPrecision;
test.before(async () => {
  engine = await ht.open();
});
test.after(() => {
  setGlobalPolicy('float32');
  engine.close();
});

/** Compute and variable dtype of each policy. */
const POLICIES = [
  ['float32', 'float32', 'float32'],
  ['float16', 'float16', 'float16'],
  ['mixed_float16', 'float16', 'float32'],
] as const;

function dense(options: { dtype?: ht.PolicyLike; inputShape?: number[] } = {}) {
  return ht.layers.dense({ units: 3, biasInitializer: 'ones', ...options });
}

for (const [name, compute, variable] of POLICIES) {
  test(`${name}: computes in ${compute}, keeps variables in ${variable}`, async () => {
    const policy = new Policy(name);
    assert.equal([policy.name, policy.computeDtype, policy.variableDtype], [name, compute, variable]);
    assert.equal(new Policy(policy.getConfig()).getConfig(), { name });

    const layer = dense({ dtype: name });
    for (const given of ['float32', 'float16'] as const) {
      const y = layer.apply(ht.ones([2, 4], given));
      assert.equal([y.dtype, y.shape], [compute, [2, 3]], `a ${given} input`);
    }
    assert.equal(
      layer.weights.map(({ dtype }) => dtype),
      [variable, variable],
    );
    for (const other of [
      ht.layers.flatten({ dtype: name }),
      ht.layers.activation({ activation: 'softmax', dtype: name }),
      ht.layers.dropout({ rate: 0.5, dtype: name }),
    ]) {
      assert.is(other.apply(ht.ones([2, 4]), { training: true }).dtype, compute, other.name);
    }
  });

  test(`${name}: losses are float32, gradients and slots have the dtype of the variable`, async () => {
    const layer = dense({ dtype: name, inputShape: [4] });
    const model = ht.sequential([layer]);
    const tape = new ht.GradientTape();
    const loss = tape.record(() =>
      ht.losses.meanSquaredError(ht.zeros([2, 3]), model.apply(ht.ones([2, 4]))),
    );
    const gradients = tape.gradient(loss, model.trainableVariables);
    assert.is(loss.dtype, 'float32');
    assert.equal(
      gradients.map(({ dtype }) => dtype),
      [variable, variable],
    );
    const optimizer = ht.optimizers.adam();
    optimizer.apply(gradients, model.trainableVariables);
    assert.is((await optimizer.state()).slots.mean![layer.weights[0]!.name]!.length, 12);
  });

  test(`${name}: an integer input is left as it is`, () => {
    const y = ht.layers
      .flatten({ dtype: name })
      .apply(ht.tensor(Int32Array.of(1, 2, 3, 4), { shape: [2, 2, 1] }));
    assert.equal([y.dtype, y.shape], ['int32', [2, 2]]);
  });
}

test('the global policy serves layers and models made from then on, and no others', () => {
  setGlobalPolicy('float32');
  const before = dense({ inputShape: [2] });
  const model = ht.sequential([before]);
  setGlobalPolicy('mixed_float16');
  assert.is(globalPolicy().name, 'mixed_float16');
  const after = dense({ inputShape: [2] });
  const later = ht.sequential([after]);
  setGlobalPolicy(new Policy('float16'));
  assert.equal(
    [before, after, dense(), dense({ dtype: 'float32' })].map(({ policy }) => policy.name),
    ['float32', 'mixed_float16', 'float16', 'float32'],
  );
  assert.equal([model.policy.name, later.policy.name], ['float32', 'mixed_float16']);
  assert.equal(
    [before, after].map((layer) => layer.apply(ht.ones([1, 2])).dtype),
    ['float32', 'float16'],
  );
  setGlobalPolicy('float32');
});

test("a layer's own policy makes its output float32, as the last one should be", async () => {
  const model = ht.sequential([
    dense({ dtype: 'mixed_float16', inputShape: [4] }),
    ht.layers.activation({ activation: 'softmax', dtype: 'float32' }),
  ]);
  const y = model.apply(ht.ones([2, 4]));
  assert.is(y.dtype, 'float32');
  const sum = (await numbers(y)).slice(0, 3).reduce((total, value) => total + value, 0);
  assert.ok(Math.abs(sum - 1) < 1e-6, `a row sums to ${sum}`);
});

test('names that are no policy are refused, and nothing changes', async () => {
  const cases: readonly [unknown, typeof ht.ArgumentError | typeof ht.DtypeError, RegExp][] = [
    [
      'mixed_f16',
      ht.ArgumentError,
      /^policy: unknown name 'mixed_f16'; use 'float32', 'float16' or 'mixed_float16'$/,
    ],
    [
      'mixed_bfloat16',
      ht.DtypeError,
      /'mixed_bfloat16' needs bfloat16, a type that WGSL does not have; use 'float32'/,
    ],
    ['bfloat16', ht.DtypeError, /'bfloat16' needs bfloat16/],
    ['int32', ht.ArgumentError, /unknown name 'int32' \(a policy computes in a float\)/],
    ['', ht.ArgumentError, /unknown name ''/],
    [16, ht.ArgumentError, /unknown name 16/],
    [null, ht.ArgumentError, /unknown name null/],
    [{ name: 'half' }, ht.ArgumentError, /unknown name 'half'/],
    [{}, ht.ArgumentError, /unknown name undefined/],
    ['toString', ht.ArgumentError, /unknown name 'toString'/],
  ];
  setGlobalPolicy('mixed_float16');
  for (const [wanted, type, message] of cases) {
    const is = (error: Error) => error instanceof type && message.test(error.message);
    assert.throws(() => setGlobalPolicy(wanted as ht.PolicyName), is, `setGlobalPolicy(${wanted})`);
    assert.throws(() => new Policy(wanted as ht.PolicyName), is, `new Policy(${wanted})`);
    assert.throws(() => dense({ dtype: wanted as ht.PolicyName }), is, `dense({ dtype: ${wanted} })`);
    await ht.open({ policy: wanted as ht.PolicyName }).then(
      () => assert.unreachable(`open with the policy ${wanted}`),
      (error: Error) => assert.ok(is(error), error.message),
    );
  }
  assert.is(globalPolicy().name, 'mixed_float16');
  setGlobalPolicy('float32');
});

test('open sets the global policy, and leaves it where it names none', async () => {
  const other = await ht.open({ policy: 'mixed_float16' });
  assert.is(globalPolicy().name, 'mixed_float16');
  other.close();
  engine.close();
  engine = await ht.open();
  assert.is(globalPolicy().name, 'mixed_float16');
  setGlobalPolicy('float32');
});

test('mixed_float16 computes with the rounded weights and inputs', async () => {
  const layer = ht.layers.dense({
    ...{ units: 1, useBias: false, dtype: 'mixed_float16', inputShape: [1] },
    kernelInitializer: () => Float32Array.of(1 + 2 ** -11 + 2 ** -12),
  });
  // 1 + 3 2^-12 rounds up to 1 + 2^-10, the input 3 + 2^-11 down to 3.
  assert.is(await number(layer.apply(ht.tensor([[3 + 2 ** -11]]))), nearestHalf(3 * (1 + 2 ** -10)));
  assert.is(await number(layer.weights[0]!), 1 + 2 ** -11 + 2 ** -12);
});

test('weight gradients under mixed_float16 leave their float32 sums unrounded and unbounded', async () => {
  for (const [upstreams, sum] of [
    [[2048, 2048, 1], 4097], // between two halves
    [[60000, 60000, 4], 120004], // beyond the largest half, 65504
    [[1, 2 ** -13, 2 ** -20], 1 + 2 ** -13 + 2 ** -20],
  ] as const) {
    const layer = dense({ dtype: 'mixed_float16', inputShape: [1] });
    const tape = new ht.GradientTape();
    const target = tape.record(() => layer.apply(ht.ones([3, 1])));
    const outputGradients = ht.tensor(
      upstreams.map((value) => [value, 0, 0]),
      { dtype: 'float16' },
    );
    const [kernel, bias] = tape.gradient(target, layer.trainableVariables, { outputGradients });
    const expected = Math.fround(sum);
    for (const gradient of [kernel!, bias!]) {
      assert.is(gradient.dtype, 'float32');
      assert.is((await numbers(gradient))[0], expected);
      assert.is.not(nearestHalf(expected), expected, 'a half would not hold it');
    }
  }
});

test('under float16 the same gradients are float16, rounded and bounded', async () => {
  const layer = dense({ dtype: 'float16', inputShape: [1] });
  const tape = new ht.GradientTape();
  const target = tape.record(() => layer.apply(ht.ones([3, 1])));
  const outputGradients = ht.tensor(
    [
      [2048, 60000, 0],
      [2048, 60000, 0],
      [1, 4, 0],
    ],
    { dtype: 'float16' },
  );
  for (const gradient of tape.gradient(target, layer.trainableVariables, { outputGradients })) {
    assert.is(gradient.dtype, 'float16');
    const [rounded, infinite] = await numbers(gradient);
    assert.ok(rounded === 4096 || rounded === 4100, `${rounded} is a half beside 4097`);
    assert.is(infinite, Infinity);
  }
});
