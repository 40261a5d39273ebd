// What configurations of Keras say of dtypes, versions and classes of one's own.
import * as assert from 'uvu/assert';
import { modelToConfig } from '../src/convert/keras/write-model.ts';
import * as ht from '../src/node.ts';
import { assertThrows } from './assert-throws.ts';
import { suite } from './harness.ts';
import { functional, input, layer, read } from './keras-config.ts';
import { numbers } from './step.ts';

const test = suite('policies and classes in configurations');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ seed: 4 });
});
test.after(() => engine.close());

const policyOf = (dtype: unknown) =>
  read({
    class_name: 'Sequential',
    config: { name: 's', layers: [input('x', [null, 2]), layer('Dense', 'd', { units: 2, dtype })] },
  });

test('every form of a policy', () => {
  const forms: [dtype: unknown, name: string][] = [
    [undefined, 'float32'],
    [null, 'float32'],
    ['mixed_float16', 'mixed_float16'],
    [{ class_name: 'Policy', config: { name: 'mixed_float16' } }, 'mixed_float16'],
    [
      {
        class_name: 'Policy',
        config: { name: 'mixed_float16', loss_scale: { class_name: 'DynamicLossScale', config: {} } },
      },
      'mixed_float16',
    ],
    [
      { module: 'keras', class_name: 'DTypePolicy', config: { name: 'float16' }, registered_name: null },
      'float16',
    ],
    [
      {
        module: 'keras',
        class_name: 'DTypePolicyMap',
        config: {
          default_policy: { class_name: 'DTypePolicy', config: { name: 'float32' } },
          policy_map: { d: 'mixed_float16' },
        },
      },
      'mixed_float16',
    ],
  ];
  for (const [dtype, name] of forms) {
    const model = policyOf(dtype);
    assert.is(model.layers[0]!.policy.name, name);
    assert.is(model.policy.name, name === 'float16' ? 'float32' : name);
  }
  for (const dtype of [
    'bfloat16',
    'float64',
    { class_name: 'QuantizedFloat8DTypePolicy', config: {} },
    7,
    { class_name: 'Policy', config: { name: 'mixed_bfloat16' } },
  ])
    assertThrows(() => policyOf(dtype), ht.FormatError, /^x: config\.layers\[1\]\.config\.dtype: policy/);
});

test('patterns of a file that could take for ever are refused', () => {
  const mapOf = (pattern: string) => ({
    class_name: 'DTypePolicyMap',
    config: { default_policy: 'float32', policy_map: { [pattern]: 'mixed_float16' } },
  });
  for (const pattern of ['d', 'd.*', '(d|e)[0-9]*', 'd\\d+', '.*d.*'])
    assert.is(policyOf(mapOf(pattern)).layers.length, 1, pattern);
  for (const pattern of ['(d+)+$', '(.*)*d', 'd?'.repeat(30), '(d|d)'.repeat(30), '.*.*.*d', '(d)\\1'])
    assertThrows(() => policyOf(mapOf(pattern)), ht.FormatError, /policy_map.*could take for ever/);
});

class Doubled extends ht.Layer {
  readonly times: number;

  constructor(options: ht.LayerOptions & { times?: number } = {}) {
    super('doubled', options, ['times']);
    this.times = options.times ?? 2;
  }

  outputShape(sample: ht.Shape): ht.Shape {
    return sample;
  }

  protected call(x: ht.Tensor): ht.Tensor {
    return ht.mul(x, this.times);
  }
}

test("classes of a user's own, given with the call or registered", async () => {
  const config = functional(
    [input('x', [null, 2]), layer('MyDouble', 'd', { times: 3 }, [['x', 0, 0, {}]])],
    [['d', 0, 0]],
  );
  assertThrows(() => read(config), ht.FormatError, /'MyDouble' \(d\)/);
  const model = read(config, '2.15.0', { MyDouble: Doubled }) as unknown as ht.Functional<
    ht.Tensor,
    ht.Tensor
  >;
  assert.equal(await numbers(model.apply(ht.tensor([[1, 2]]))), [3, 6]);
  ht.registerLayer(Doubled, { package: 'Mine', name: 'Double' });
  const written = JSON.parse(JSON.stringify(modelToConfig(model as never, 'keras3')));
  const { class_name: kind, registered_name: registered } = written.config.layers[1];
  assert.equal([kind, registered], ['Double', 'Mine>Double']);
  const again = read(written, '3.0.0') as unknown as typeof model;
  assert.equal(await numbers(again.apply(ht.tensor([[1, 2]]))), [3, 6]);
  assertThrows(
    () => ht.registerLayer(class extends Doubled {}, { package: 'Mine', name: 'Double' }),
    ht.ArgumentError,
    /another class/,
  );
  const files = new Map<string, Uint8Array>();
  await model.save(files);
  assert.instance((await ht.loadModel(Object.fromEntries(files))).layers[1], Doubled);
});

test('the hard sigmoid is that of the version', async () => {
  const config = functional(
    [input('x', [null, 1]), layer('Activation', 'a', { activation: 'hard_sigmoid' }, [['x', 0, 0, {}]])],
    [['a', 0, 0]],
  );
  for (const [version, wanted] of [
    ['2.15.0', 0.7],
    ['3.4.1', 1 / 6 + 0.5],
  ] as const) {
    const model = read(config, version) as unknown as ht.Functional<ht.Tensor, ht.Tensor>;
    const [got] = await numbers(model.apply(ht.tensor([[1]])));
    assert.ok(Math.abs(got! - wanted) < 1e-6, `${version}: ${got}`);
  }
});

test('Normalization learns mean and variance, and they are its weights', async () => {
  const normalization = ht.layers.normalization();
  normalization.adapt(
    ht.tensor([
      [1, 10],
      [3, 30],
    ]),
  );
  assert.equal(
    (await normalization.getWeights()).map((one) => [...one]),
    [[2, 20], [1, 100], [2]],
  );
  assert.equal(await numbers(normalization.apply(ht.tensor([[3, 10]]))), [1, -1]);
  assert.equal(normalization.trainableVariables.length, 0);
});
