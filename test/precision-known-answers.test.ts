// Known answers of Keras and tf.keras that need a model or layers of their own: K1, K2, L9, L10, T11, T12 of the reference list.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { assertThrows } from './assert-throws.ts';
import { suite } from './harness.ts';
import { MODES, number, numbers } from './step.ts';
import { quiet, warningsOf } from './warnings.ts';

const test = suite('known answers of Keras');
quiet(test, /is float16; give the layer/);
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open();
});
test.after(() => {
  ht.mixedPrecision.setGlobalPolicy('float32');
  engine.close();
});

/** Adds its weight, which is 1, as `how` reads it; other layers may stand inside. */
class AddWeight extends ht.Layer {
  readonly seen: string[];
  readonly #how: 'read' | 'values';
  readonly #inner: readonly AddWeight[];
  #weight: ht.Variable | undefined;

  constructor(
    dtype: ht.PolicyName,
    how: 'read' | 'values',
    seen: string[],
    inner: readonly AddWeight[] = [],
  ) {
    super('add', { dtype }, []);
    [this.seen, this.#how, this.#inner] = [seen, how, inner];
  }

  outputShape(sample: readonly number[]): readonly number[] {
    return sample;
  }

  protected override create(): void {
    this.#weight = this.addWeight('v', [1], 'ones');
  }

  protected call(x: ht.Tensor): ht.Tensor {
    const v = this.#how === 'read' ? this.read(this.#weight!) : this.#weight!.values;
    this.seen.push(v.dtype);
    const sum = ht.add(v.dtype === x.dtype ? x : ht.cast(x, v.dtype), v);
    return this.#inner.reduce((y: ht.Tensor, layer) => layer.apply(y), sum);
  }
}

for (const { mode, run } of MODES) {
  test(`K1 ${mode}: each of nested layers reads its weights in the dtype of its own policy`, async () => {
    const seen: string[] = [];
    const inner = [
      new AddWeight('float32', 'read', seen),
      new AddWeight('float32', 'read', seen),
      // Not cast, as with autocast=False in Keras: the master itself.
      new AddWeight('mixed_float16', 'values', seen),
    ];
    const outer = new AddWeight('mixed_float16', 'read', seen, inner);
    const y = run((x) => outer.apply(x!))(ht.zeros([1, 1]));
    assert.equal(seen, ['float16', 'float32', 'float32', 'float32']);
    assert.equal([y.dtype, await number(y)], ['float32', 4]);
  });
}

test('K1: a layer of integers has no policy of its own here', () => {
  assertThrows(
    () => new ht.Policy('int32' as ht.PolicyName),
    ht.ArgumentError,
    /'int32' \(a policy computes in a float\)/,
  );
});

test('K2: dtypes of results, weights and inputs under each policy', () => {
  for (const [policy, compute, variable] of [
    ['float32', 'float32', 'float32'],
    ['float16', 'float16', 'float16'],
    ['mixed_float16', 'float16', 'float32'],
  ] as const) {
    const layer = ht.layers.dense({ units: 2, dtype: policy });
    const y = layer.apply(ht.ones([4, 4]));
    assert.equal([y.dtype, layer.weights[0]!.dtype, layer.policy.name], [compute, variable, policy]);
  }
});

test('K2: arrays are cast as tensors are: doubles to float32 and on, integers not at all', () => {
  const seen: string[] = [];
  class See extends ht.Layer {
    outputShape(sample: readonly number[]): readonly number[] {
      return sample;
    }
    protected call(x: ht.Tensor): ht.Tensor {
      seen.push(x.dtype);
      return x;
    }
  }
  for (const dtype of ['float32', 'mixed_float16'] as const) {
    const layer = new See('see', { dtype }, []);
    layer.apply([[0.5]]);
    layer.apply(ht.tensor(Float64Array.of(0.1), { shape: [1, 1] }));
    layer.apply(ht.tensor(Int32Array.of(1), { shape: [1, 1] }));
  }
  assert.equal(seen, ['float32', 'float32', 'int32', 'float16', 'float16', 'int32']);
});

test('K2: a mask survives the cast of what it belongs to', async () => {
  for (const dtype of ['float32', 'mixed_float16'] as const) {
    const model = ht.sequential([
      ht.layers.masking({ inputShape: [3, 2], dtype: 'float32' }),
      ht.layers.activation({ activation: 'linear', dtype }),
      ht.layers.globalAveragePooling1d({ dtype }),
    ]);
    const x = ht.tensor([
      [
        [1, 2],
        [0, 0],
        [3, 6],
      ],
    ]);
    assert.equal(await numbers(await model.predict(x)), [2, 4], dtype);
  }
});

test('L9: fifteen sigmoids in fit: the first kernel moves where the loss is scaled, and only there', async () => {
  ht.mixedPrecision.setGlobalPolicy('mixed_float16');
  for (const [autoScaleLoss, moves] of [
    [false, false],
    [true, true],
  ] as const) {
    const model = ht.sequential(
      Array.from({ length: 15 }, (_, i) =>
        ht.layers.dense({
          ...{ units: 1, useBias: false, activation: 'sigmoid', kernelInitializer: 'ones' },
          ...(i === 0 ? { inputShape: [1] } : {}),
        }),
      ),
    );
    model.compile({ optimizer: ht.optimizers.sgd({ learningRate: 1e9 }), loss: 'mse', autoScaleLoss });
    await model.fit(ht.ones([1, 1]), ht.ones([1, 1]), { verbose: 0 });
    assert.is((await number(model.weights[0]!)) !== 1, moves);
  }
  ht.mixedPrecision.setGlobalPolicy('float32');
});

test('L10: mixed_bfloat16, which Keras does not wrap, is refused', () => {
  assertThrows(
    () => ht.mixedPrecision.setGlobalPolicy('mixed_bfloat16' as ht.PolicyName),
    ht.DtypeError,
    /needs bfloat16, a type that WGSL does not have/,
  );
});

test('L10: mixed layers in a model of another policy: as in Keras not wrapped, but told of; wrapped where asked for', async () => {
  const modelOf = (dtype: ht.PolicyName = 'mixed_float16') =>
    ht.sequential([
      ht.layers.dense({ units: 1, dtype, name: 'half', inputShape: [1] }),
      ht.layers.dense({ units: 1, dtype: 'float32', name: 'full' }),
    ]);
  const compile = (options: Partial<ht.CompileOptions>, model = modelOf()) =>
    warningsOf(() => model.compile({ loss: 'mse', ...options })).then((told) => ({ told, model }));

  const silent = await compile({});
  assert.not.instance(silent.model.optimizer, ht.LossScaleOptimizer);
  assert.is(silent.told.length, 1);
  assert.match(
    silent.told[0]!,
    /^compile: 'half' computes in float16, but the model's own policy does not, so that its loss is not scaled, as in Keras; give autoScaleLoss true/,
  );
  assert.equal((await compile({}, silent.model)).told, [], 'once');
  const asked = await compile({ autoScaleLoss: true });
  assert.instance(asked.model.optimizer, ht.LossScaleOptimizer);
  assert.equal(asked.told, []);
  assert.equal((await compile({ autoScaleLoss: false })).told, []);
  const own = new ht.LossScaleOptimizer(ht.optimizers.sgd());
  assert.equal((await compile({ optimizer: own })).told, []);
  assert.equal((await compile({ optimizer: ht.optimizers.sgd({ lossScaleFactor: 8 }) })).told, []);
  const full = await compile({ autoScaleLoss: true }, modelOf('float32'));
  assert.not.instance(full.model.optimizer, ht.LossScaleOptimizer, 'there is nothing to scale');
});

test('T11: with a regularizer the update is three times as large, in float32', async () => {
  ht.mixedPrecision.setGlobalPolicy('mixed_float16');
  const model = ht.sequential([
    ht.layers.dense({
      ...{ units: 1, useBias: false, kernelInitializer: 'ones', inputShape: [1] },
      kernelRegularizer: (w) => ht.mul(2, ht.sum(w)),
    }),
  ]);
  model.compile({
    optimizer: ht.optimizers.sgd({ learningRate: 2 ** -14 }),
    loss: (_: ht.Tensor, predictions: ht.Tensor) => ht.mean(predictions),
  });
  await model.fit(ht.ones([2, 1]), ht.zeros([2, 1]), { verbose: 0 });
  assert.is(await number(model.weights[0]!), 1 - 3 * 2 ** -14);
  ht.mixedPrecision.setGlobalPolicy('float32');
});

test('T12: compile wraps an optimizer that is named, with the defaults of Keras 3', async () => {
  ht.mixedPrecision.setGlobalPolicy('mixed_float16');
  const model = ht.sequential([ht.layers.dense({ units: 1, inputShape: [1] })]);
  model.compile({ optimizer: 'adam', loss: 'mse' });
  ht.mixedPrecision.setGlobalPolicy('float32');
  const optimizer = model.optimizer as ht.LossScaleOptimizer;
  assert.instance(optimizer, ht.LossScaleOptimizer);
  assert.equal(
    [optimizer.innerOptimizer.name, optimizer.rules, optimizer.initialScale, optimizer.growthSteps],
    ['Adam', 'keras3', 2 ** 15, 2000],
  );
});
