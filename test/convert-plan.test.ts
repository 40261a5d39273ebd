// Plans of precision and their verification: decisions, ranges, folded scales, and differences that are really those.
import * as assert from 'uvu/assert';
import { plan } from '../src/convert/plan.ts';
import { rangeOf } from '../src/convert/ranges.ts';
import { verify } from '../src/convert/verify.ts';
import * as ht from '../src/node.ts';
import { assertRejects } from './assert-throws.ts';
import { suite } from './harness.ts';
import { randomOf } from './ops/draws.ts';

const test = suite('plans of precision');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ seed: 4 });
});
test.after(() => engine.close());

const { layers: L } = ht;

/** Images (n, 8, 8, 3) from 0 to `top`. */
function images(top: number, count = 3): { values: Float32Array; shape: number[] } {
  const random = randomOf(`images ${top}`);
  return {
    values: Float32Array.from({ length: count * 192 }, () => top * random()),
    shape: [count, 8, 8, 3],
  };
}

/** A residual network of convolutions; its second kernel is all ones, so that results grow by 72 there. */
function residual(): ht.Model {
  const x = ht.input({ shape: [8, 8, 3] });
  const conv = (name: string, filters: number, options: object) =>
    L.conv2d({ filters, kernelSize: 3, padding: 'same', name, ...options });
  const a = conv('a', 8, { activation: 'relu', biasInitializer: 'ones' }).apply(x);
  const b = conv('b', 8, { activation: 'relu', kernelInitializer: 'ones' }).apply(a);
  const c = L.add({ name: 'c' }).apply([a, b]);
  const d = conv('d', 3, { biasInitializer: 'ones' }).apply(c);
  return ht.model({ inputs: x, outputs: d }) as unknown as ht.Model;
}

function classifier(): ht.Model {
  return ht.sequential([
    L.dense({ units: 16, activation: 'tanh', inputShape: [12], name: 'hidden' }),
    L.dense({ units: 5, name: 'logits' }),
    L.softmax({ name: 'softmax' }),
  ]) as unknown as ht.Model;
}

const dtypesOf = (found: Awaited<ReturnType<typeof plan>>) =>
  found.layers.map(({ path, policy }) => `${path} ${policy.computeDtype} ${policy.variableDtype}`);

test('without samples: what gives the results stays in float32, all else is mixed', async () => {
  const found = await plan(classifier());
  assert.equal(dtypesOf(found), [
    'hidden float16 float32',
    'logits float16 float32',
    'softmax float32 float32',
  ]);
  assert.match(String(found), /softmax +float32 +float32 +its results are the model's/);
  assert.ok(!String(found).includes('max |weight|'));
});

test('what float16 holds is measured and left mixed', async () => {
  const model = residual();
  const before = await model.getWeights();
  const found = await plan(model, { calibration: images(1), batchSize: 2 });
  assert.equal(dtypesOf(found), [
    'a float16 float32',
    'b float16 float32',
    'c float16 float32',
    'd float32 float32',
  ]);
  assert.is(found.inputScale, undefined);
  // Against the results themselves, read from a model that ends there.
  const x = ht.input({ shape: [8, 8, 3] });
  const part = ht.model({ inputs: x, outputs: model.getLayer('a').apply(x as never) as ht.Symbolic });
  const values = await ((await part.predict(images(1))) as ht.Tensor).data();
  const { results, weights, inputs } = found.layers[0]!.ranges!;
  assert.is(results!.max, Math.max(...[...values].map(Math.abs)));
  assert.is(results!.nonzero, [...values].filter((value) => value !== 0).length);
  assert.equal([results!.count, inputs!.count], [3 * 64 * 8, 3 * 192]);
  assert.is(weights!.count, 27 * 8 + 8);
  // On the host it is the same.
  assert.equal(rangeOf(values), results);
  await found.apply(model);
  assert.equal(await model.getWeights(), before);
  assert.equal(
    ['a', 'd'].map((name) => model.getLayer(name).policy.name),
    ['mixed_float16', 'float32'],
  );
});

test('what would overflow gets a scale in the first and last layers, and float32 results stay, bit for bit', async () => {
  const model = residual();
  const x = images(20_000);
  const expected = await ((await model.predict(x)) as ht.Tensor).data();
  const found = await plan(model, { calibration: x });
  assert.ok(found.inputScale! >= 16 && Number.isInteger(Math.log2(found.inputScale!)), `${found.inputScale}`);
  assert.match(String(found), /The first kernels and the biases are divided by \d+/);
  await found.apply(model);
  model.dtypePolicy = 'float32';
  assert.equal(await ((await model.predict(x)) as ht.Tensor).data(), expected);
  model.dtypePolicy = found.policies;
  const checked = await verify(model, x, { maxError: 5e-3 });
  assert.ok(checked.passed && checked.error > 0, `${checked}`);
  // Without the scale, the same policies fail.
  const plain = residual();
  plain.dtypePolicy = found.policies;
  const failed = await verify(plain, x);
  assert.ok(!failed.passed, `${failed}`);
});

test('where no scale passes, the layers that meet an overflow stay in float32', async () => {
  const model = ht.sequential([
    L.dense({ units: 64, kernelInitializer: 'ones', inputShape: [64], name: 'wide' }),
    L.layerNormalization({ name: 'normal' }),
    L.dense({ units: 8, activation: 'relu', name: 'inner' }),
    L.dense({ units: 4, name: 'last' }),
  ]) as unknown as ht.Model;
  const calibration = { values: Float32Array.from({ length: 128 }, (_, i) => 2000 + i), shape: [2, 64] };
  const found = await plan(model, { calibration });
  assert.equal(dtypesOf(found), [
    'wide float32 float32',
    'normal float32 float32',
    'inner float16 float32',
    'last float32 float32',
  ]);
  assert.match(String(found), /wide .*results up to \d+ overflow/);
  assert.match(String(found), /normal .*inputs up to \d+ overflow/);
  await found.apply(model);
  assert.ok((await verify(model, calibration, { maxError: 0.02 })).passed);
});

test('subnormal results stay in float32, vanishing ones and weights are told', async () => {
  const tiny = (name: string, values: number[], inputShape?: number[]) =>
    L.dense({
      ...{ units: 1, name, useBias: false },
      kernelInitializer: () => Float32Array.from(values),
      ...(inputShape ? { inputShape } : {}),
    });
  const model = ht.sequential([
    tiny('small', [1e-6, 1e-6], [2]),
    tiny('next', [1e6]),
    L.activation({ activation: 'linear', name: 'end' }),
  ]) as unknown as ht.Model;
  const found = await plan(model, { calibration: [[1, 1]] });
  assert.match(String(found), /small +float32 .*results of at most 0.000002 are subnormal halves/);
  // 1e6 is no half.
  assert.match(String(found), /next +float32 .*weights up to 1000000 do not fit/);
  const wide = ht.sequential([
    L.dense({
      ...{ units: 1, name: 'mixed', useBias: false, inputShape: [2] },
      kernelInitializer: () => Float32Array.from([1, 1e-9]),
    }),
    L.activation({ activation: 'linear', name: 'end' }),
  ]) as unknown as ht.Model;
  const said = (await plan(wide, { calibration: [[1, 1]] })).layers[0]!;
  assert.is(said.policy.name, 'mixed_float16');
  assert.equal(said.notes, ['50.0 % of its weights vanish']);
});

test('differences are those of the results, whole and layer by layer', async () => {
  const model = classifier();
  const random = randomOf('samples');
  const x = Array.from({ length: 10 }, () => Array.from({ length: 12 }, () => 4 * random() - 2));
  const wide = await ((await model.predict(x)) as ht.Tensor).data();
  const same = await verify(model, x);
  assert.equal([same.error, same.outputs[0]!.snr, same.passed], [0, Number.POSITIVE_INFINITY, true]);
  model.dtypePolicy = 'mixed_float16';
  const mixed = await ((await model.predict(x)) as ht.Tensor).data();
  const found = await verify(model, x, { batchSize: 4 });
  const [output] = found.outputs;
  const differences = [...mixed].map((value, index) => Math.abs(value - wide[index]!));
  assert.is(output!.max, Math.fround(Math.max(...differences)));
  const close = (a: number, b: number) => assert.ok(Math.abs(a - b) <= 1e-5 * Math.abs(b), `${a} for ${b}`);
  const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
  close(output!.mean, sum(differences) / 50);
  const energy = sum([...wide].map((value) => value * value));
  close(output!.snr, 10 * Math.log10(energy / sum(differences.map((d) => d * d))));
  assert.is(output!.top1, 1);
  assert.equal(
    found.layers.map(({ name, count }) => [name, count]),
    [
      ['hidden', 160],
      ['logits', 50],
      ['softmax', 50],
    ],
  );
  assert.is(model.policy.name, 'mixed_float16');
  // A bound that is missed, and an output that is not finite.
  assert.not((await verify(model, x, { maxError: 0 })).passed);
  model.setWeights((await model.getWeights()).map((values) => values.map(() => Number.NaN)));
  assert.not((await verify(model, x)).passed);
});

test('models inside models, layers called twice, and rules by op', async () => {
  const inner = ht.sequential(
    [
      L.dense({ units: 6, activation: 'relu', inputShape: [6], name: 'in' }),
      L.dense({ units: 6, name: 'out' }),
    ],
    { name: 'block' } as never,
  );
  const x = ht.input({ shape: [6] });
  const shared = L.dense({ units: 6, activation: 'relu', name: 'shared' });
  const y = L.dense({ units: 2, name: 'end' }).apply(inner.apply(shared.apply(shared.apply(x))));
  const model = ht.model({ inputs: x, outputs: y }) as unknown as ht.Model;
  const samples = [[1, 2, 3, 4, 5, 6]];
  const found = await plan(model, { calibration: samples });
  assert.equal(dtypesOf(found), [
    'shared float16 float32',
    'block/in float16 float32',
    'block/out float16 float32',
    'end float32 float32',
  ]);
  await found.apply(model);
  const { layers } = await verify(model, samples);
  assert.equal(
    layers.map(({ name }) => name),
    ['shared', 'shared (2)', 'block/in', 'block/out', 'end'],
  );
  model.dtypePolicy = 'float32';
  const byOp = await verify(model, samples, { autocast: { rules: 'tensorflow' }, maxError: 0.01 });
  assert.ok(byOp.passed && byOp.error > 0, `${byOp}`);
});

test('wrong options and samples are told before any work', async () => {
  const model = classifier();
  await assertRejects(
    () => plan(model, { policies: 'x' } as never),
    ht.ArgumentError,
    /unknown option 'policies'/,
  );
  await assertRejects(() => plan(model, { calibration: [[1, 2]] }), ht.ShapeError, /./);
  await assertRejects(() => verify(model, [[1]], { maxError: -1 }), ht.ArgumentError, /maxError -1/);
  assert.is(model.policy.name, 'float32');
});
