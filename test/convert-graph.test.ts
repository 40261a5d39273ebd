// Graph-models as a whole: inputs and outputs, autocast, jit, training, memory.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { assertThrows } from './assert-throws.ts';
import { built, node, placeholder } from './graph/build.ts';
import { CLASSIFIER, classifier, input } from './graph/classifier.ts';
import { opened } from './graph/open.ts';
import { suite } from './harness.ts';
import { numbers } from './step.ts';

const test = suite('graph-models');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open();
});
test.after(() => engine.close());

test('a classifier gives what the same ops give, whatever the batch', async () => {
  const model = await opened(CLASSIFIER, engine);
  for (const batch of [1, 3]) {
    const x = input(batch, 8, 8, 3);
    assert.equal(await numbers(model.predict(x) as ht.Tensor), await numbers(classifier(x)));
  }
  assert.equal(
    model.inputs.map(({ name, shape, dtype }) => [name, shape, dtype]),
    [['images', [-1, 8, 8, 3], 'float32']],
  );
  assert.equal(
    model.outputs.map(({ name }) => name),
    ['probabilities'],
  );
  assert.equal([model.inputNodes, model.outputNodes], [['x'], ['probabilities']]);
  assert.is(model.weights.length, 6);
  model.dispose();
  for (const run of [() => model.predict(input(1, 8, 8, 3)), () => model.pass([input(1, 8, 8, 3)])])
    assertThrows(run, ht.DisposedError, /it was disposed/);
});

test('inputs by place, by name, by node; outputs that are asked for, and nothing else is run', async () => {
  const model = await opened(CLASSIFIER, engine);
  const x = input(1, 8, 8, 3);
  const expected = await numbers(classifier(x));
  for (const given of [x, [x], { images: x }, { x }, await x.array()] as ht.TensorLike[])
    assert.equal(await numbers(model.predict(given) as ht.Tensor), expected);
  const [classes, flat, shape] = model.execute(x, ['classes', 'flat:0', 'shape']) as ht.Tensor[];
  assert.equal(
    [await classes!.array(), await flat!.array(), await shape!.array()],
    [[expected.indexOf(Math.max(...expected))], [1, -1], [1, 4, 4, 8]],
  );
  assert.equal([...(model.execute(x, 'x') as ht.Tensor).shape], [1, 8, 8, 3]);
  assert.equal(await numbers(model.execute(x, 'b') as ht.Tensor), [...CLASSIFIER.stored[1]!.values]);
  const two = model.execute(x, ['conv', 'conv']) as ht.Tensor[];
  two[0]!.dispose();
  assert.is((await two[1]!.data()).length, 512);
  assertThrows(() => model.predict([x, x]), ht.ArgumentError, /2 inputs; it has 1, 'images'/);
  assertThrows(() => model.predict({ y: x }), ht.ArgumentError, /no input is called 'y'; use 'images'/);
  assertThrows(() => model.predict({}), ht.ArgumentError, /input 'images' is missing/);
  assertThrows(
    () => model.predict(input(1, 8, 9, 3)),
    ht.ShapeError,
    /input 'images': \(1, 8, 9, 3\); use \(-1, 8, 8, 3\)/,
  );
  assertThrows(() => model.predict(ht.cast(x, 'int32')), ht.DtypeError, /input 'images': int32; use float32/);
  assertThrows(
    () => model.execute(x, 'nothing'),
    ht.ArgumentError,
    /no output and no node is called 'nothing'; the outputs are 'probabilities'/,
  );
  assertThrows(() => model.execute(x, 'conv:1'), ht.FormatError, /node 'conv' has no output 1/);
  assert.equal(await numbers(model.predict(x) as ht.Tensor), expected);
  model.dispose();
});

test('weights can be trained on', async () => {
  const model = await opened(CLASSIFIER, engine);
  for (const weight of model.weights) weight.trainable = true;
  const tape = new ht.GradientTape();
  const x = input(2, 8, 8, 3);
  const loss = tape.record(() => ht.mean(ht.square(model.execute(x, 'logits') as ht.Tensor)));
  const gradients = tape.gradient(loss, model.weights);
  assert.ok(gradients.every((gradient) => gradient !== null));
  model.dispose();
});

test('memory stays as it was', async () => {
  const model = await opened(CLASSIFIER, engine);
  const x = input(1, 8, 8, 3);
  const once = () => ht.tidy(() => void ht.autocast({}, () => model.predict(x)));
  once();
  const before = ht.memory().bytesInUse;
  for (let i = 0; i < 4; i++) once();
  assert.is(ht.memory().bytesInUse, before);
  model.dispose();
});

test('a graph without a signature: placeholders, and what nobody asks for', async () => {
  const nodes = [
    placeholder('b', [2]),
    placeholder('a', [2]),
    node('s', 'Sub', ['a', 'b']),
    node('p', 'Mul', ['a', 'b', '^s']),
    node('n', 'NoOp', ['^s']),
  ];
  const model = await opened(built(nodes, []), engine);
  assert.equal(
    [model.inputNodes, model.outputNodes],
    [
      ['b', 'a'],
      ['s', 'p'],
    ],
  );
  const [s, p] = model.predict([ht.tensor([1, 2]), ht.tensor([5, 7])]) as ht.Tensor[];
  assert.equal(
    [await s!.array(), await p!.array()],
    [
      [4, 5],
      [5, 14],
    ],
  );
  model.dispose();
});

for (const f16 of ['native', 'packed'] as const) {
  for (const rules of ['tensorflow', 'pytorch'] as const) {
    test(`autocast by ${rules}, ${f16} halves, eager and jitted: float16 where it is safe, close results`, async () => {
      const own = await ht.open({ f16 });
      const model = await opened(CLASSIFIER, own);
      const x = input(2, 8, 8, 3);
      const exact = await numbers(model.predict(x) as ht.Tensor);
      const mixed = (x: ht.Tensor) => ht.autocast({ rules }, () => model.predict(x) as ht.Tensor);
      const jitted = ht.jit(mixed);
      const results = await numbers(jitted(x));
      assert.equal(results, await numbers(mixed(x)));
      assert.not.equal(results, exact);
      for (const [i, value] of results.entries())
        assert.ok(Math.abs(value - exact[i]!) < 5e-3, `${value} ${exact[i]}`);
      const report = jitted.program(x).explainPrecision();
      assert.equal(
        report.ops
          .filter(({ inputs }) => inputs === 'float16')
          .map(({ name }) => name)
          .filter((name) => name !== 'reshape' && name !== 'softmax'),
        ['conv2d', 'depthwiseConv2d', 'matMul'],
      );
      assert.ok(
        report.casts.some(({ cached }) => cached),
        'copies of weights are kept',
      );
      own.close();
    });
  }
}
