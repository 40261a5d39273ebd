// Policies by the paths of layers, policies set on trained models, and the forms in which Keras writes policies.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { numbers } from './step.ts';

const test = suite('policies by path');
let engine: ht.Engine;
const { DTypePolicyMap, Policy, setGlobalPolicy } = ht.mixedPrecision;
test.before(async () => {
  engine = await ht.open({ seed: 4 });
});
test.after(() => {
  setGlobalPolicy('float32');
  engine.close();
});

/** What `console.warn` was told meanwhile. */
function warned(fn: () => void): string[] {
  const told: string[] = [];
  const { warn } = console;
  console.warn = (text: string) => told.push(text);
  try {
    fn();
  } finally {
    console.warn = warn;
  }
  return told;
}

const names = (model: { layers: readonly { name: string; policy: { name: string } }[] }) =>
  model.layers.map(({ name, policy }) => `${name}: ${policy.name}`);

test('a path as it is, else the one pattern for all of it, else the default', () => {
  const map = new DTypePolicyMap('float32', {
    'encoder/dense': 'mixed_float16',
    'encoder/.*': 'float16',
    '.*/head': 'mixed_float16',
    dense: 'float16',
  });
  const at = (path: string) => map.at(path).name;
  assert.is(at('encoder/dense'), 'mixed_float16', 'the path itself goes before patterns');
  assert.is(at('encoder/other'), 'float16');
  assert.is(at('decoder/head'), 'mixed_float16');
  assert.is(at('dense'), 'float16');
  assert.is(at('dense_1'), 'float32', 'no part of a name');
  assert.is(at('my/encoder/x'), 'float32', 'a pattern fits the whole path');
  assert.throws(
    () => at('encoder/head'),
    /^policy: patterns 'encoder\/\.\*' or '\.\*\/head' both fit layer 'encoder\/head'; make one of them narrower$/,
  );
  assert.equal([map.name, map.computeDtype, map.paths.length], ['float32', 'float32', 4]);
  assert.throws(
    () => new DTypePolicyMap('float32', { '(': 'float16' }),
    /^policy: '\(' is no path and no regular expression$/,
  );
  assert.throws(
    () => new DTypePolicyMap('float32', { a: 'half' as never }),
    /^policy: unknown name 'half'; use /,
  );
});

test('layers made under a map, globally or by option, have the policy of their name', () => {
  const map = new DTypePolicyMap('mixed_float16', { 'out.*': 'float32' });
  setGlobalPolicy(map);
  const made = ['body', 'out', 'outer'].map((name) => ht.layers.dense({ units: 1, name }));
  setGlobalPolicy('float32');
  assert.equal(
    made.map(({ policy }) => policy.name),
    ['mixed_float16', 'float32', 'float32'],
  );
  assert.is(ht.layers.dense({ units: 1, name: 'out', dtype: map }).apply(ht.ones([1, 2])).dtype, 'float32');
});

test('set on a trained model: weights stay as they are, bit for bit; predictions and training follow', async () => {
  const inner = ht.sequential(
    [
      ht.layers.dense({ units: 6, activation: 'relu', name: 'a' }),
      ht.layers.batchNormalization({ name: 'b' }),
    ],
    { name: 'encoder' },
  );
  const model = ht.sequential([
    inner as never,
    ht.layers.gru({ units: 3, name: 'steps', stateful: true }),
    ht.layers.dense({ units: 2, name: 'head' }),
  ]);
  const [x, y] = [ht.randomNormal([8, 4, 3]), ht.randomNormal([8, 2])];
  model.compile({ optimizer: 'adam', loss: 'mse' });
  await model.fit(x, y, { batchSize: 8, epochs: 2, verbose: 0 });
  const weights = await model.getWeights();
  (model.getLayer('steps') as unknown as { resetStates(): void }).resetStates();
  const before = await numbers(await model.predict(x));

  model.dtypePolicy = new DTypePolicyMap('mixed_float16', { head: 'float32', 'encoder/b': 'float32' });
  assert.equal(names(model), ['encoder: mixed_float16', 'steps: mixed_float16', 'head: float32']);
  assert.equal(names(inner as never), ['a: mixed_float16', 'b: float32']);
  assert.is(model.policy.name, 'mixed_float16');
  assert.equal(await model.getWeights(), weights);
  const after = await numbers(await model.predict(x));
  assert.ok(
    after.some((value, i) => value !== before[i]),
    'float16 rounds somewhere',
  );
  for (const [i, value] of after.entries()) assert.ok(Math.abs(value - before[i]!) < 5e-3, `${value}`);

  model.compile({ optimizer: ht.optimizers.adam(), loss: 'mse' });
  assert.instance(model.optimizer, ht.mixedPrecision.LossScaleOptimizer);
  await model.fit(x, y, { batchSize: 8, verbose: 0 });

  const trained = await model.getWeights();
  model.dtypePolicy = 'float32';
  assert.equal(await model.getWeights(), trained);
  assert.equal(names(model), ['encoder: float32', 'steps: float32', 'head: float32']);
  assert.throws(() => {
    model.dtypePolicy = 'float16';
  }, /^a: policy 'float16' keeps variables in float16; its weights are there in float32: use a policy that keeps float32$/);
  assert.equal(names(model), ['encoder: float32', 'steps: float32', 'head: float32'], 'nothing has changed');
});

test("Keras's forms: read in all of them, written in both", () => {
  const form = (module: string, kind: string, config: object) => ({
    ...{ module, class_name: kind, config, registered_name: null },
  });
  for (const given of [
    'mixed_float16',
    { name: 'mixed_float16' },
    form('keras', 'DTypePolicy', { name: 'mixed_float16' }),
    form('keras.mixed_precision', 'Policy', { name: 'mixed_float16' }),
    {
      class_name: 'Policy',
      config: { name: 'mixed_float16', loss_scale: { class_name: 'DynamicLossScale' } },
    },
  ]) {
    assert.is(new Policy(given as never).name, 'mixed_float16');
    assert.is(ht.layers.dense({ units: 1, dtype: given as never }).policy.name, 'mixed_float16');
  }
  const mixed = new Policy('mixed_float16');
  assert.equal(mixed.serialize(), form('keras', 'DTypePolicy', { name: 'mixed_float16' }));
  assert.equal(
    mixed.serialize('tf.keras'),
    form('keras.mixed_precision', 'Policy', { name: 'mixed_float16' }),
  );
  assert.equal(new Policy('float32').serialize(), form('keras', 'DTypePolicy', { name: 'float32' }));
  assert.is(new Policy('float32').serialize('tf.keras'), 'float32');
  for (const policy of ['float32', 'float16', 'mixed_float16'] as const)
    for (const kind of ['keras3', 'tf.keras'] as const)
      assert.is(new Policy(new Policy(policy).serialize(kind)).name, policy);
  assert.throws(
    () => new Policy(form('keras', 'QuantizedDTypePolicy', {}) as never),
    /^policy: class 'QuantizedDTypePolicy'; use 'Policy' or 'DTypePolicy'$/,
  );
  assert.throws(
    () => new Policy(form('keras', 'DTypePolicy', { name: 'mixed_bfloat16' }) as never),
    /^policy: 'mixed_bfloat16' needs bfloat16, a type that WGSL does not have/,
  );
});

test('results in float16 are warned of, once, by the name of their layer', () => {
  const made = (dtype: 'float32' | 'mixed_float16') =>
    ht.sequential([
      ht.layers.dense({ units: 2, dtype: 'mixed_float16', inputShape: [2] }),
      ht.layers.softmax({ dtype, name: `result_${dtype}` }),
    ]);
  const compile = (model: ht.Sequential) =>
    warned(() => model.compile({ loss: 'mse', autoScaleLoss: false }));
  const narrow = made('mixed_float16');
  assert.equal(compile(narrow), [
    "model: the result of 'result_mixed_float16' is float16; give the layer, or an activation after it, dtype 'float32'",
  ]);
  assert.equal(compile(narrow), []);
  assert.equal(compile(made('float32')), []);
  const x = ht.input({ shape: [2] });
  const [a, b] = [made('mixed_float16'), made('float32')].map((model) => model.apply(x));
  const both = ht.model({ inputs: x, outputs: [a!, b!] });
  const [told, ...more] = warned(() => both.compile({ loss: 'mse', autoScaleLoss: false }));
  assert.match(told!, /the result of 'result_mixed_float16' is float16/);
  assert.equal(more, []);
});
