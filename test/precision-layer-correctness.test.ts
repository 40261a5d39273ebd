// T15, after tf.keras's layer_correctness_test: float32 against mixed_float16, same weights: predictions, and weights after a step of fit.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import type { GoldenCase } from './layers/golden-case.ts';
import { GOLDEN_CASES } from './layers/golden-cases.ts';
import { makers } from './layers/golden-check.ts';
import { randomOf } from './ops/draws.ts';
import { nearestHalf } from './reference/half.ts';
import { quiet } from './warnings.ts';

const test = suite('T15');
quiet(test, /is float16; give the layer/);
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ seed: 5 });
});
test.after(() => engine.close());

/** Layers that the golden cases do not have, since TensorFlow.js does not. */
const MORE: readonly GoldenCase[] = [
  { layer: 'groupNormalization', config: { groups: 2 }, inputs: [[2, 3, 4]] },
  { layer: 'rmsNormalization', inputs: [[3, 8]] },
  {
    layer: 'multiHeadAttention',
    config: { numHeads: 2, keyDim: 3 },
    inputs: [
      [2, 3, 4],
      [2, 5, 4],
    ],
  },
  { layer: 'cropping1D', inputs: [[2, 6, 3]] },
  { layer: 'zeroPadding1d', inputs: [[2, 4, 3]] },
  { layer: 'upSampling1d', inputs: [[2, 4, 3]] },
  {
    layer: 'subtract',
    inputs: [
      [2, 4],
      [2, 4],
    ],
  },
];

/** One case of each layer, with one result. */
const CASES = [...GOLDEN_CASES, ...MORE].filter(
  (row, i, all) => isPlain(row) && all.findIndex((one) => one.layer === row.layer && isPlain(one)) === i,
);

function isPlain({ config, masked, inner, training }: GoldenCase): boolean {
  const list = [config, inner?.config].some((own) => JSON.stringify(own ?? {}).includes('returnState'));
  return !list && !masked && !training;
}

function normal(text: string, shape: readonly number[]): { values: Float64Array; shape: readonly number[] } {
  const random = randomOf(text);
  const draw = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const size = shape.reduce((product, n) => product * n, 1);
  return { values: Float64Array.from({ length: size }, () => nearestHalf(draw())), shape };
}

function modelOf(row: GoldenCase, dtype: ht.PolicyName): ht.Model {
  const inner = row.inner && { layer: makers[row.inner.layer]!({ ...row.inner.config, dtype }) };
  ht.mixedPrecision.setGlobalPolicy(dtype);
  const inputs = row.inputs.map((shape) => ht.input({ shape: shape.slice(1) }));
  const layer = makers[row.layer]!({ ...row.config, ...inner, dtype });
  const outputs = layer.apply(inputs.length > 1 ? inputs : inputs[0]!) as ht.Symbolic;
  const model = ht.model({ inputs, outputs });
  ht.mixedPrecision.setGlobalPolicy('float32');
  model.compile({ optimizer: ht.optimizers.sgd({ learningRate: 0.01 }), loss: 'mse' });
  return model as unknown as ht.Model;
}

for (const row of CASES) {
  test(`${row.layer} ${JSON.stringify(row.config ?? {})}`, async () => {
    const allowed = (row.inner?.layer ?? row.layer) === 'simpleRNN' ? 1e-2 : 2e-3;
    const close = (got: ArrayLike<number>, expected: ArrayLike<number>, what: string) => {
      assert.is(got.length, expected.length);
      for (let i = 0; i < got.length; i++) {
        const off = Math.abs(got[i]! - expected[i]!);
        assert.ok(off <= allowed * (1 + Math.abs(expected[i]!)), `${what}: ${got[i]}, not ${expected[i]}`);
      }
    };
    const [full, mixed] = [modelOf(row, 'float32'), modelOf(row, 'mixed_float16')];
    assert.equal(
      [full, mixed].map(({ optimizer }) => optimizer instanceof ht.LossScaleOptimizer),
      [false, true],
    );
    const xs = row.inputs.map((shape, i) => {
      const { values } = normal(`${row.layer} ${i}`, shape);
      return ht.tensor(row.ids ? values.map((value) => Math.abs(Math.trunc(3 * value)) % row.ids!) : values, {
        shape,
      });
    });
    const x = xs.length > 1 ? xs : xs[0]!;
    const y = (await full.predict(x as ht.Tensor)) as ht.Tensor;
    await mixed.predict(x as ht.Tensor);
    mixed.setWeights(await full.getWeights());
    const compare = async (what: string) => {
      const [a, b] = [await full.predict(x as ht.Tensor), await mixed.predict(x as ht.Tensor)];
      close(await (b as ht.Tensor).data(), await (a as ht.Tensor).data(), what);
    };
    await compare('predictions');
    if (full.trainableVariables.length > 0) {
      const target = normal(`${row.layer} target`, y.shape);
      const options = { batchSize: row.inputs[0]![0]!, shuffle: false, verbose: 0 } as const;
      for (const model of [full, mixed])
        await model.fit(x as ht.Tensor, ht.tensor(target.values, { shape: target.shape }), options);
      assert.is(await (mixed.optimizer as ht.LossScaleOptimizer).skippedSteps(), 0);
      const [before, after] = [await full.getWeights(), await mixed.getWeights()];
      for (const [i, weights] of after.entries()) close(weights, before[i]!, full.weights[i]!.name);
      await compare('predictions after a step');
    }
    for (const model of [full, mixed]) model.dispose();
  });
}
