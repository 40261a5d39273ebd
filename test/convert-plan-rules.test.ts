// Plans of precision by op, of models and of graphs: what they find, what they keep in float32, and that files keep them.
import * as assert from 'uvu/assert';
import { filesInMemory } from '../src/convert/files.ts';
import { loadModel } from '../src/convert/load-model.ts';
import { plan } from '../src/convert/plan.ts';
import { saveModel } from '../src/convert/save-model.ts';
import { verify } from '../src/convert/verify.ts';
import * as ht from '../src/node.ts';
import { assertRejects, assertThrows } from './assert-throws.ts';
import { CLASSIFIER, input } from './graph/classifier.ts';
import { opened } from './graph/open.ts';
import { suite } from './harness.ts';
import { numbers } from './step.ts';

const test = suite('plans by op');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ seed: 3 });
});
test.after(() => engine.close());

const L = ht.layers;
const SAMPLES = { values: Float32Array.from({ length: 40 }, (_, i) => 3 * Math.sin(i)), shape: [10, 4] };

const filled = (shape: readonly number[], value: number) =>
  new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value);

function perceptron(large = 1): ht.Model {
  const model = ht.sequential([
    L.dense({ units: 6, activation: 'relu', inputShape: [4], name: 'hidden' }),
    L.dense({ units: 6, name: 'large', kernelInitializer: (shape) => filled(shape, large) }),
    L.dense({ units: 3, name: 'logits' }),
    L.softmax({ name: 'classes' }),
  ]);
  return model as unknown as ht.Model;
}

test('names what each op computes in and why, without samples too', async () => {
  const model = perceptron();
  const found = await plan(model, { rules: 'tensorflow' });
  assert.equal(
    found.ops.map(({ layer, op, computes }) => [layer, op, computes]),
    [
      ['hidden', 'matMul', 'float16'],
      ['large', 'matMul', 'float16'],
      ['logits', 'matMul', 'float16'],
      ['classes', 'softmax', 'float32'],
    ],
  );
  assert.match(`${found}`, /3 of 4 ops compute in float16 by the rules 'tensorflow'/);
  assert.is(model.autocast, undefined);
  const measured = await plan(model, { rules: 'pytorch', calibration: SAMPLES });
  assert.ok(measured.ops.every(({ largest }) => largest! > 0));
  assert.equal([measured.rules, measured.kept], [{ rules: 'pytorch' }, []]);
});

test('a layer that overflows, by its results or its weights, stays in float32, and alone', async () => {
  for (const [large, why] of [
    [3e4, /^results of matMul up to \d+ overflow$/],
    [3e5, /^weights overflow$/],
  ] as const) {
    for (const rules of ['tensorflow', 'pytorch'] as const) {
      const model = perceptron(large);
      const found = await plan(model, { rules, calibration: SAMPLES });
      assert.equal(
        found.kept.map(({ layer }) => layer),
        ['large', 'logits'],
      );
      assert.match(found.kept[0]!.reason, why);
      assert.equal(
        found.ops.map(({ computes }) => computes),
        ['float16', 'float32', 'float32', 'float32'],
      );
      const bad = await verify(model, SAMPLES, { autocast: { rules } });
      assert.ok(Number.isNaN(bad.error) || bad.outputs[0]!.top1! < 1, `${bad}`);
      await found.apply(model);
      const checked = await verify(model, SAMPLES, { maxError: 1e-2 });
      assert.ok(checked.passed, `${checked}`);
      assert.equal(checked.layers.map(({ name, max }) => [name, max > 0]).slice(0, 2), [
        ['hidden', true],
        ['large', true],
      ]);
      model.dispose();
    }
  }
});

test("a model's rules hold for predict, evaluate and fit, and scale the loss", async () => {
  const model = perceptron();
  const wide = await numbers((await model.predict(SAMPLES)) as ht.Tensor);
  model.autocast = { rules: 'tensorflow' };
  const narrow = await numbers((await model.predict(SAMPLES)) as ht.Tensor);
  const furthest = Math.max(...wide.map((value, i) => Math.abs(value - narrow[i]!)));
  assert.ok(furthest > 0 && furthest < 1e-2, `${furthest}`);
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
  assert.instance(model.optimizer, ht.LossScaleOptimizer);
  await model.fit(
    SAMPLES,
    Int32Array.from({ length: 10 }, (_, i) => i % 3),
    { verbose: 0 },
  );
  model.autocast = undefined;
  assert.ok((await numbers((await model.predict(SAMPLES)) as ht.Tensor)).every(Number.isFinite));
  assertThrows(
    () => {
      model.autocast = { rules: 'tf' } as never;
    },
    ht.ArgumentError,
    /model: autocast: unknown rules 'tf'/,
  );
});

test('every format keeps the rules, and refuses what are none', async () => {
  const model = perceptron(3e4);
  await (await plan(model, { rules: 'tensorflow', calibration: SAMPLES })).apply(model);
  const expected = await numbers((await model.predict(SAMPLES)) as ht.Tensor);
  for (const [format, name] of [
    ['tfjs', ''],
    ['h5', 'm.h5'],
    ['keras', 'm.keras'],
    ['safetensors', 'm.safetensors'],
  ] as const) {
    const files = new Map<string, Uint8Array>();
    const write = async (path: string, bytes: readonly Uint8Array[]) => {
      files.set(path, Buffer.concat(bytes));
    };
    await saveModel(model as never, { name, write }, { format });
    const back = await loadModel(filesInMemory(files), { engine });
    assert.equal(back.autocast, model.autocast, format);
    assert.equal(await numbers((await back.predict(SAMPLES)) as ht.Tensor), expected);
    if (format !== 'tfjs') continue;
    const text = new TextDecoder().decode(files.get('model.json'));
    files.set(
      'model.json',
      new TextEncoder().encode(text.replace('"rules":"tensorflow"', '"rules":"caffe"')),
    );
    await assertRejects(
      () => loadModel(filesInMemory(files), { engine }),
      ht.FormatError,
      /config\.precision_rules: unknown rules 'caffe'/,
    );
  }
});

test('a graph-model is planned and compared node by node', async () => {
  const model = await opened(CLASSIFIER, engine);
  const x = input(3, 8, 8, 3);
  const found = await plan(model, { calibration: x });
  assert.equal(found.rules, { rules: 'tensorflow' });
  assert.match(`${found}`, /^conv +conv2d +float16 +float16 +[\d.]+ +on the allow list$/m);
  await found.apply(model);
  const checked = await verify(model, x, { maxError: 1e-2 });
  assert.ok(checked.passed && checked.error > 0, `${checked}`);
  assert.ok(checked.layers.some(({ name, snr }) => name === 'conv' && snr > 50 && snr < 100));
  const narrow = await numbers(model.predict(x) as ht.Tensor);
  model.autocast = { rules: 'tensorflow', float32In: ['conv', 'deep', 'logits'] };
  const kept = await numbers(model.predict(x) as ht.Tensor);
  model.autocast = undefined;
  const wide = await numbers(model.predict(x) as ht.Tensor);
  assert.equal(kept, wide);
  assert.not.equal(narrow, wide);
  await assertRejects(
    () => plan(model as never, { policy: 'mixed_float16' }),
    ht.ArgumentError,
    /policy for a graph-model, which has ops and no layers; use policy for layers, rules for ops/,
  );
});

test('what cannot be planned is told before any work', async () => {
  const model = perceptron();
  await assertRejects(
    () => plan(model, { rules: 'tensorflow', policy: 'float16' } as never),
    ht.ArgumentError,
    /policy and rules/,
  );
  await assertRejects(
    () => plan(model, { rules: 'none' as never }),
    ht.ArgumentError,
    /unknown rules 'none'/,
  );
  const open = ht.sequential([L.conv2d({ filters: 1, kernelSize: 1, inputShape: [null, null, 1] as never })]);
  await assertRejects(
    () => plan(open as unknown as ht.Model, { rules: 'tensorflow' }),
    ht.ArgumentError,
    /does not declare the whole shape of '.*'; give sample inputs/,
  );
  assertThrows(
    () => ht.autocast({ float32In: 'large' as never }, () => 0),
    ht.ArgumentError,
    /autocast: float32In is 'large'; use an array of paths/,
  );
});
