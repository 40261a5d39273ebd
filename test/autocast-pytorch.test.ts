// Autocast by PyTorch's lists: dtypes of ops, weights, gradients, nesting, changes of the lists, and what is refused.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { assertThrows } from './assert-throws.ts';
import { suite } from './harness.ts';

const test = suite('autocast, PyTorch');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ seed: 1 });
});
test.after(() => engine.close());

const pytorch = <T>(fn: () => T): T => ht.autocast({ rules: 'pytorch' }, fn);
const x = () => ht.randomNormal([4, 8]);
const dtypes = (...tensors: ht.Tensor[]) => tensors.map(({ dtype }) => dtype);

test('products run in float16, sums and softmax in float32, the rest in what it gets', () => {
  const [a, b] = [x(), ht.randomNormal([8, 8])];
  const found = pytorch(() => {
    const product = ht.matMul(a, b);
    return dtypes(
      product,
      ht.relu(product),
      ht.softmax(product),
      ht.sum(product),
      ht.add(product, a),
      ht.exp(a),
    );
  });
  assert.equal(found, ['float16', 'float16', 'float32', 'float32', 'float32', 'float32']);
  assert.equal(dtypes(ht.matMul(a, b)), ['float32']);
});

test('integers and bools are left alone', () => {
  const counts = ht.tensor([[1, 2]], { dtype: 'int32' });
  const found = pytorch(() =>
    dtypes(ht.sum(counts), ht.where(ht.greater(counts, 1), x().engine && ht.ones([1, 2]), 0)),
  );
  assert.equal(found, ['int32', 'float32']);
});

test('compositions that the lists name are one op: attention, prelu, einsum in float16, norm in float32', () => {
  const [q, half] = [ht.randomNormal([2, 5, 8]), ht.cast(x(), 'float16')];
  const program = ht.jit((q: ht.Tensor, half: ht.Tensor) =>
    pytorch(() => [
      ht.scaledDotProductAttention(q, q, q),
      ht.prelu(q, 0.1),
      ht.einsum('bqd,bkd->bqk', q, q),
      ht.norm(half),
      ht.layerNormalization(half),
    ]),
  );
  assert.equal(dtypes(...program(q, half)), ['float16', 'float16', 'float16', 'float32', 'float32']);
  const softmax = program
    .program(q, half)
    .explainPrecision()
    .ops.find(({ name }) => name === 'softmax');
  assert.ok(!softmax || softmax.inputs === 'float16', 'softmax inside attention is not one of its own');
});

test('variables give their f16 copies: no cast runs, gradients leave as float32', async () => {
  const w = ht.variable([
    [0.5, 0.25],
    [2, 1],
  ]);
  const step = ht.jit((x: ht.Tensor) => {
    const tape = new ht.GradientTape();
    const loss = tape.record(() => pytorch(() => ht.sum(ht.matMul(x, w))));
    return tape.gradient(loss, [w]);
  });
  const [gradient] = step(ht.tensor([[1, 2]]));
  assert.equal(
    [gradient!.dtype, await gradient!.array()],
    [
      'float32',
      [
        [1, 1],
        [2, 2],
      ],
    ],
  );
  const { casts, ops } = step.program(ht.tensor([[1, 2]])).explainPrecision();
  assert.equal(
    casts.filter(({ inserted }) => inserted).map(({ from, to, cached, pass }) => [from, to, cached, pass]),
    [
      ['float32', 'float16', false, 'forward'],
      ['float32', 'float16', true, 'forward'],
      ['float16', 'float32', false, 'forward'],
    ],
  );
  const backward = ops.filter(({ pass, name }) => pass === 'backward' && name === 'matMul');
  assert.equal(
    backward.map(({ inputs, dtype }) => [inputs, dtype]),
    [['float16', 'float32']],
  );
});

test('gradients run in the dtypes of the forward pass, taken inside too', () => {
  const w = ht.variable([[0.5], [0.25]]);
  const tapes = pytorch(() => {
    const tape = new ht.GradientTape();
    const loss = tape.record(() => ht.sum(ht.exp(ht.matMul(ht.tensor([[1, 2]]), w))));
    return tape.gradient(loss, [w]);
  });
  assert.equal(dtypes(...tapes), ['float32']);
});

test('a checkpointed function is cast again when it runs again', async () => {
  const w = ht.variable([
    [0.3, 0.1],
    [0.2, 0.4],
  ]);
  const gradientOf = (body: (h: ht.Tensor) => ht.Tensor) => {
    const tape = new ht.GradientTape();
    const loss = tape.record(() => pytorch(() => ht.sum(body(ht.tensor([[1, 2]])))));
    return tape.gradient(loss, w)!;
  };
  const body = (h: ht.Tensor) => ht.tanh(ht.matMul(ht.tanh(ht.matMul(h, w)), w));
  const [plain, again] = [gradientOf(body), gradientOf(ht.checkpoint(body))];
  assert.equal(await again.array(), await plain.array());
});

test('a disabled region inside is as if there were none around it; a nested one has its own rules', () => {
  const [a, b] = [x(), ht.randomNormal([8, 8])];
  const found = pytorch(() => [
    ht.autocast({ enabled: false }, () => ht.matMul(a, b).dtype),
    ht.autocast({ rules: 'pytorch', float16: { remove: ['matMul'] } }, () => ht.matMul(a, b).dtype),
    ht.matMul(a, b).dtype,
  ]);
  assert.equal(found, ['float32', 'float32', 'float16']);
});

test('lists are added to and removed from for one call', () => {
  const half = ht.cast(x(), 'float16');
  const added = ht.autocast(
    { rules: 'pytorch', float32: { add: ['relu'] }, float16: { add: ['tanh'] } },
    () => [ht.relu(half).dtype, ht.tanh(x()).dtype],
  );
  assert.equal(added, ['float32', 'float16']);
  assert.equal(
    pytorch(() => [ht.relu(half).dtype, ht.tanh(x()).dtype]),
    ['float16', 'float32'],
  );
});

test('a jitted function inside autocast is not replayed as it was traced outside', () => {
  const [a, b] = [x(), ht.randomNormal([8, 8])];
  const product = ht.jit((a: ht.Tensor, b: ht.Tensor) => ht.matMul(a, b));
  assert.equal(product(a, b).dtype, 'float32');
  assert.equal(
    pytorch(() => product(a, b).dtype),
    'float16',
  );
  assert.equal(product(a, b).dtype, 'float32');
});

test('binary cross-entropy of probabilities is banned, with the reason; of logits it is not', async () => {
  const [y, p] = [ht.tensor([[1, 0]]), ht.tensor([[0.9, 0.2]])];
  assertThrows(
    () => pytorch(() => ht.losses.binaryCrossentropy(y, p)),
    ht.ArgumentError,
    /binaryCrossentropy is banned by PyTorch's rules: .* fromLogits: true/,
  );
  const loss = pytorch(() => ht.losses.binaryCrossentropy(y, p, { fromLogits: true }));
  assert.is(loss.dtype, 'float32');
  assert.is(ht.losses.binaryCrossentropy(y, p).dtype, 'float32');
});

test('what is no rule, no list and no op is refused, and nothing is left on', () => {
  const fn = () => ht.matMul(x(), ht.ones([8, 2]));
  const wrong: [unknown, RegExp][] = [
    [{ rules: 'jax' }, /unknown rules 'jax'; use 'tensorflow' or 'pytorch'/],
    [{ rules: 'pytorch', allow: { add: ['matMul'] } }, /unknown option 'allow'/],
    [{ rules: 'pytorch', float16: { add: ['matmul'] } }, /no op is called 'matmul'/],
    [{ rules: 'pytorch', float16: { plus: ['matMul'] } }, /unknown option 'plus'/],
    [{ rules: 'pytorch', float16: { add: 'matMul' } }, /float16.add is 'matMul'; use an array/],
    [{ rules: 'pytorch', enabled: 1 }, /enabled is 1/],
  ];
  for (const [options, message] of wrong)
    assertThrows(() => ht.autocast(options as ht.AutocastOptions, fn), ht.ArgumentError, message);
  assertThrows(() => pytorch(async () => 1), ht.ArgumentError, /async/);
  assertThrows(() => pytorch(() => ht.matMul(x(), x())), ht.ShapeError, /inner sizes/);
  assert.is(fn().dtype, 'float32');
});
