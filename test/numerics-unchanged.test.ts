// Tests that a watch changes nothing: training has the same bits, without one no dispatch is made, and its memory goes back; and its errors.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { assertRejects, assertThrows } from './assert-throws.ts';
import { collected } from './collected.ts';
import { suite } from './harness.ts';
import { numbers } from './step.ts';
import { HALF_FORMS, useHalves } from './watched.ts';

const test = suite('numerics unchanged');
const halves = useHalves(test);

interface Case {
  readonly name: string;
  readonly policy: ht.PolicyLike;
  readonly autocast?: ht.CompileOptions['autocast'];
}

const CASES: readonly Case[] = [
  { name: 'mixed_float16', policy: 'mixed_float16' },
  { name: 'float16', policy: 'float16' },
  { name: 'autocast, TensorFlow', policy: 'float32', autocast: { rules: 'tensorflow' } },
  { name: 'autocast, PyTorch', policy: 'float32', autocast: { rules: 'pytorch' } },
];

/** Weights after some steps of a net with fused products, gates of ReLU, normalisation and dropout, and the report where it is watched. */
async function trained(engine: ht.Engine, { policy, autocast }: Case, watched: boolean) {
  const dtype = { dtype: policy };
  const model = ht.sequential([
    ht.layers.dense({
      ...dtype,
      units: 16,
      activation: 'relu',
      inputShape: [8],
      name: 'first',
      kernelInitializer: spread,
    }),
    ht.layers.layerNormalization({ ...dtype, name: 'norm' }),
    ht.layers.dense({ ...dtype, units: 16, activation: 'relu', name: 'second', kernelInitializer: spread }),
    ht.layers.dense({ ...dtype, units: 4, name: 'third', kernelInitializer: spread }),
    ht.layers.activation({ activation: 'linear', dtype: 'float32', name: 'wide' }),
  ]);
  const inner = ht.optimizers.sgd({ learningRate: 0.05 });
  const optimizer = new ht.LossScaleOptimizer(inner, { initialScale: 2 ** 20, growthSteps: 2 });
  model.compile({ optimizer, loss: 'mse', ...(autocast ? { autocast } : {}) });
  const values = (count: number, shape: number[]) => ({ values: spread([count]), shape });
  model.build([8], engine);
  const watch = watched ? ht.numerics.watch(model) : undefined;
  await model.fit(values(80, [10, 8]), values(40, [10, 4]), {
    epochs: 6,
    batchSize: 5,
    shuffle: false,
    verbose: 0,
  });
  const weights = await Promise.all(model.weights.map((weight) => numbers(weight)));
  const { scale, skipped } = await optimizer.readState();
  const report = await watch?.report();
  watch?.stop();
  model.dispose();
  return { weights: [...weights, [scale, skipped]], report };
}

function spread(shape: readonly number[]): Float32Array {
  const size = shape.reduce((product, length) => product * length, 1);
  return Float32Array.from({ length: size }, (_, i) => Math.sin(1 + 1.7 * i) / 2);
}

for (const form of HALF_FORMS)
  for (const one of form === 'native' ? CASES : CASES.slice(0, 1))
    test(`${one.name}, ${form}: watched training has the same bits`, async () => {
      const plain = await trained(halves(form), one, false);
      const { weights, report } = await trained(halves(form), one, true);
      assert.equal(weights, plain.weights);
      const [, skipped] = weights.at(-1)!;
      assert.ok(skipped! > 0 && skipped! < 12, `${skipped} steps skipped`);
      assert.equal([report!.steps, report!.failedSteps], [12, skipped]);
      const { firstBad, ops } = report!;
      assert.equal([firstBad?.pass, firstBad?.step, firstBad?.inherited], ['backward', 1, false]);
      assert.ok(ops.some(({ dtype, pass }) => dtype === 'float16' && pass === 'backward'));
    });

test('without a watch no dispatch is made, before and after one', () => {
  const layer = ht.layers.dense({ units: 4, dtype: 'mixed_float16', inputShape: [4] });
  const model = ht.sequential([layer]);
  const optimizer = ht.optimizers.sgd();
  const step = ht.jit((x: ht.Tensor) =>
    optimizer.minimize(() => ht.sum(model.apply(x)), model.trainableVariables),
  );
  const x = ht.ones([2, 4]);
  step(x);
  const labels = () => step.program(x).report().dispatches;
  const before = labels();
  const watch = ht.numerics.watch(model);
  const during = labels();
  watch.stop();
  assert.is(labels(), before);
  const results = 9;
  assert.ok(during >= before + results, `${during} dispatches, ${before} without`);
  // A watch of another engine, or of another model, is none.
  const foreign = ht.numerics.watch(model, { engine: halves('packed') });
  assert.is(labels(), before);
  foreign.stop();
  assert.is(step.traces, 1);
});

test('the memory of a watch goes back', async () => {
  const model = ht.sequential([ht.layers.dense({ units: 4, dtype: 'mixed_float16', inputShape: [4] })]);
  const predict = () => ht.tidy(() => void model.apply(ht.ones([2, 4])));
  predict();
  await collected();
  const before = ht.memory().bytesInUse;
  const watch = ht.numerics.watch(model);
  predict();
  const report = await watch.report();
  assert.ok(ht.memory().bytesInUse > before);
  watch.stop();
  watch.stop();
  predict();
  assert.is(ht.memory().bytesInUse, before);
  const after = await watch.report();
  assert.equal(after.ops, report.ops, 'what was counted stays');
});

test('misuse is told', async () => {
  const model = ht.sequential([ht.layers.dense({ units: 1, inputShape: [1] })]);
  const { watch } = ht.numerics;
  assertThrows(() => watch(5 as never), ht.ArgumentError, /numerics\.watch: 5 is no model and no layer/);
  assertThrows(
    () => watch(model, { epochs: 1 } as never),
    ht.ArgumentError,
    /numerics\.watch: unknown option 'epochs'/,
  );
  assertThrows(() => ht.jit(() => watch(model))(), ht.ArgumentError, /inside a traced function/);
  const watched = watch(model);
  await assertRejects(
    () => watched.report({ tolerated: 0 }),
    ht.ArgumentError,
    /tolerated is 0; use a share/,
  );
  await assertRejects(
    () => watched.report({ share: 1 } as never),
    ht.ArgumentError,
    /unknown option 'share'/,
  );
  const empty = await watched.report();
  watched.stop();
  assert.equal([empty.ops, empty.steps, empty.advice.lossScale], [[], 0, undefined]);
  assert.match(String(empty), /^0 steps, 0 failed/);
  const engine = await ht.open();
  const other = watch(undefined, { engine });
  engine.close();
  await assertRejects(() => other.report(), ht.DisposedError, /closed/);
  other.stop();
  assertThrows(() => watch(undefined, { engine }), ht.DisposedError, /closed/);
  // The error of what is watched is its own, and what comes after it is counted.
  const again = watch(undefined, { engine: halves('native') });
  const own = { engine: halves('native') };
  assertThrows(
    () => ht.matMul(ht.ones([2, 3], 'float32', own), ht.ones([2, 3], 'float32', own)),
    ht.ShapeError,
    /inner sizes/,
  );
  ht.relu(ht.ones([3], 'float32', own));
  assert.equal(
    (await again.report()).ops.map(({ op, values }) => [op, values]),
    [
      ['input', 3],
      ['relu', 3],
    ],
  );
  again.stop();
});
