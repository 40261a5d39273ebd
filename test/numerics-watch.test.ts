// Tests of `numerics.watch`: by layer, pass and op; overflow where it happens; what is absorbed; failed steps under fit; loops of one's own.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { nearestHalf } from './reference/half.ts';
import { countsOf } from './reference/numerics.ts';
import { MODES, numbers } from './step.ts';
import { dense, finding, HALF_FORMS, histogram, useHalves } from './watched.ts';

const test = suite('numerics watch');
const halves = useHalves(test);

for (const form of HALF_FORMS) {
  test(`counts by path, pass and op what each op computes before it is narrowed, ${form}`, async () => {
    const engine = halves(form);
    const inner = ht.sequential([dense('first', 2, 2 ** -20)], { name: 'encoder' });
    const input = ht.input({ shape: [4] });
    const model = ht.model({
      inputs: input,
      outputs: dense('head', 1, 4, 'float32').apply(inner.apply(input)),
    });
    model.build([4], engine);
    const watch = ht.numerics.watch(model);
    const x = ht.tensor(
      [
        [1, 2, 3, 4],
        [2 ** -10, 0, 0, 0],
        [0, 0, 0, 0],
      ],
      { engine },
    );
    const tape = new ht.GradientTape();
    const y = tape.record(() => ht.sum(model.apply(x)));
    const gradients = tape.gradient(y, model.trainableVariables);
    const report = await watch.report();
    watch.stop();
    const op = finding(report);
    // 10 * 2^-20, 2^-30 and 0, each twice: the second would be lost.
    const product = op('encoder/first', 'forward', 'matMul');
    assert.is(product.dtype, 'float16');
    assert.equal(histogram(product), [
      [-30, 2],
      [-17, 2],
    ]);
    assert.equal(
      [product.values, product.zeros, product.below, product.subnormal, product.above],
      [6, 2, 0.5, 0.5, 0],
    );
    assert.equal([product.largest, product.smallest], [10 * 2 ** -20, 2 ** -30]);
    const weight = op('encoder/first', 'forward', 'first/kernel');
    assert.equal([weight.kind, weight.dtype, weight.values], ['weight', 'float16', 8]);
    assert.equal(histogram(weight), [[-20, 8]]);
    assert.equal(
      histogram(op('head', 'forward', 'matMul')),
      [[-14, 1]],
      'what vanished is not there any more',
    );
    assert.is(op('head', 'forward', 'matMul').zeros, 2);
    const back = op('encoder/first', 'backward', 'matMul');
    assert.equal([back.dtype, back.values], ['float32', 8]);
    assert.equal(
      histogram(back),
      [...countsOf(await numbers(gradients[0]!)).exponents].sort(([a], [b]) => a - b),
      'the gradient by the kernel is what was counted',
    );
    assert.is(report.steps, 0);
    assert.is(report.firstBad, undefined);
  });
}

test('a layer that overflows in the forward pass is found in a step that fit skips', async () => {
  const model = ht.sequential([
    dense('narrow', 4, 1, 'mixed_float16', 4),
    dense('wide', 4, 20000),
    dense('head', 1, 1, 'float32'),
  ]);
  model.compile({ optimizer: ht.optimizers.sgd({ learningRate: 0 }), loss: 'mse' });
  const optimizer = new ht.LossScaleOptimizer(ht.optimizers.sgd({ learningRate: 0 }), { initialScale: 8 });
  model.compile({ optimizer, loss: 'mse' });
  const watch = ht.numerics.watch(model);
  await model.fit(ht.ones([8, 4]), ht.ones([8, 1]), { batchSize: 4, verbose: 0 });
  const report = await watch.report();
  watch.stop();
  assert.equal([report.steps, report.failedSteps], [2, 2]);
  const { layer, pass, op, step, stored, inherited, lossScale } = report.firstBad!;
  assert.equal(
    { layer, pass, op, step, stored, inherited, lossScale },
    {
      layer: 'wide',
      pass: 'forward',
      op: 'matMul',
      step: 1,
      stored: ['beyond float16'],
      inherited: false,
      lossScale: 8,
    },
  );
  assert.equal(
    [report.latestBad!.layer, report.latestBad!.step, report.latestBad!.lossScale],
    ['wide', 2, 4],
  );
  assert.equal(report.advice.keepFloat32, ['wide']);
  const wide = finding(report)('wide', 'forward', 'matMul');
  assert.equal([wide.values, wide.overflows, wide.above, wide.badSteps, wide.infinities], [32, 32, 1, 2, 0]);
  assert.equal([wide.largest, wide.dtype], [320000, 'float16'], 'the value before it was narrowed');
  assert.match(
    String(report),
    /wide: step 1, the first of 2 that failed, failed at matMul \(forward\): beyond float16/,
  );
  assert.match(String(report), /wide {2,}forward {2,}matMul/);
  // As advised, it trains.
  model.dtypePolicy = new ht.mixedPrecision.DTypePolicyMap('mixed_float16', {
    wide: 'float32',
    head: 'float32',
  });
  model.compile({ optimizer: ht.optimizers.sgd({ learningRate: 0 }), loss: 'mse' });
  const { history } = await model.fit(ht.ones([8, 4]), ht.ones([8, 1]), { batchSize: 4, verbose: 0 });
  assert.ok(Number.isFinite(history.loss![0]));
});

test('a gradient that overflows alone is found, with the loss scale that did it', async () => {
  const model = ht.sequential([
    dense('first', 2, 1, 'mixed_float16', 2),
    dense('second', 2, 64),
    dense('head', 1, 1, 'float32'),
  ]);
  const optimizer = new ht.LossScaleOptimizer(ht.optimizers.sgd({ learningRate: 0 }), {
    ...{ initialScale: 2 ** 14, growthSteps: 100 },
  });
  model.compile({ optimizer, loss: (_: ht.Tensor, y: ht.Tensor) => ht.mean(y) });
  const watch = ht.numerics.watch(model);
  await model.fit(ht.ones([1, 2]), ht.ones([1, 1]), { epochs: 6, verbose: 0 });
  const report = await watch.report();
  watch.stop();
  // dL/d first = 128 scale, in float16 as long as the scale is 256 at most.
  assert.equal([report.steps, report.failedSteps], [6, 6]);
  const { layer, pass, op, stored, lossScale, inherited } = report.firstBad!;
  assert.equal(
    { layer, pass, op, stored, lossScale, inherited },
    {
      layer: 'second',
      pass: 'backward',
      op: 'matMul',
      stored: ['beyond float16'],
      lossScale: 2 ** 14,
      inherited: false,
    },
  );
  assert.equal([report.latestBad!.step, report.latestBad!.lossScale], [6, 2 ** 9]);
  assert.equal(report.advice.keepFloat32, []);
  assert.is(report.advice.lossScale!.largest, 2 ** 8);
  assert.equal(histogram(finding(report)('second', 'backward', 'matMul')), [[7, 12]], 'without the scale');
  const scale = await optimizer.lossScale();
  assert.is(scale, 2 ** 8);
  await model.fit(ht.ones([1, 2]), ht.ones([1, 1]), { verbose: 0 });
  assert.is(await optimizer.skippedSteps(), 6, 'with the largest scale advised, nothing overflows');
});

test('overflow that softmax and ReLU absorb is reported where it is absorbed', async () => {
  const model = ht.sequential([
    dense('logits', 2, (_row, column) => (column === 0 ? -40000 : 1), 'mixed_float16', 2),
    ht.layers.activation({ activation: 'softmax', name: 'softmax', dtype: 'mixed_float16' }),
  ]);
  const second = ht.sequential([
    dense('below', 2, -40000, 'mixed_float16', 2),
    ht.layers.reLU({ name: 'relu', dtype: 'mixed_float16' }),
  ]);
  for (const [net, absorbing] of [
    [model, 'softmax'],
    [second, 'relu'],
  ] as const) {
    net.compile({ optimizer: ht.optimizers.sgd({ learningRate: 0 }), loss: 'mse' });
    const watch = ht.numerics.watch(net);
    await net.fit(ht.ones([3, 2]), ht.ones([3, 2]), { batchSize: 1, verbose: 0 });
    const report = await watch.report();
    watch.stop();
    assert.equal([report.steps, report.failedSteps], [3, 0], absorbing);
    const op = finding(report)(absorbing, 'forward', absorbing);
    assert.equal([op.absorbedSteps, op.badSteps], [3, 0], absorbing);
    assert.ok(
      report.advice.words.some((line) =>
        line.startsWith(`${absorbing}: ${absorbing} (forward) read infinities or NaN in 3 steps`),
      ),
      report.advice.words.join('\n'),
    );
    assert.is(report.firstBad, undefined);
  }
});

test('data that are not finite are told from overflow', async () => {
  const model = ht.sequential([dense('first', 2, 1, 'mixed_float16', 2), dense('head', 1, 1, 'float32')]);
  const optimizer = new ht.LossScaleOptimizer(ht.optimizers.adam(), { initialScale: 1 });
  const watch = ht.numerics.watch(model);
  const step = ht.jit((x: ht.Tensor) =>
    optimizer.minimize(() => ht.sum(model.apply(x)), model.trainableVariables),
  );
  for (const value of [1, 2, Number.NaN, 3, Infinity, 4]) step(ht.full([1, 2], value));
  const report = await watch.report();
  watch.stop();
  assert.equal([report.steps, report.failedSteps], [6, 2]);
  const where = ({ layer, op, kind, stored, step }: ht.BadOp) => ({ layer, op, kind, stored, step });
  const input = { layer: 'first', op: 'input', kind: 'input' } as const;
  assert.equal(where(report.firstBad!), { ...input, stored: ['NaN'], step: 3 });
  assert.equal(where(report.latestBad!), { ...input, stored: ['infinity'], step: 5 });
  assert.match(report.advice.words[0]!, /^first: step 3, .* at input input \(forward\): NaN, from outside/);
});

for (const { mode, run } of MODES) {
  test(`a loop of one's own, ${mode}: an optimizer ends the step, whatever its loss scale`, async () => {
    const layer = dense('only', 2, 1, 'float16', 2);
    const variables = ht.sequential([layer]).trainableVariables;
    const optimizer = ht.optimizers.sgd({ learningRate: 0 });
    const watch = ht.numerics.watch(layer);
    const step = run((x: ht.Tensor) => {
      const tape = new ht.GradientTape();
      const loss = tape.record(() => ht.sum(ht.mul(layer.apply(x!), 300)));
      optimizer.apply(tape.gradient(loss, variables), variables);
      return loss;
    });
    for (const value of [1, 100, 1, 400]) step(ht.full([1, 2], value));
    const report = await watch.report();
    watch.stop();
    assert.equal([report.steps, report.failedSteps], [4, 1]);
    const op = finding(report);
    // 300 x: beyond 65504 in the last step; the sum of the second step is too, forward, which leaves its gradient as it was.
    assert.equal(histogram(op('only', 'forward', 'matMul')), [
      [1, 4],
      [7, 2],
      [9, 2],
    ]);
    assert.equal(histogram(op('', 'forward', 'mul')), [
      [9, 4],
      [15, 2],
      [17, 2],
    ]);
    assert.equal([op('', 'forward', 'mul').badSteps, op('', 'forward', 'sum').badSteps], [1, 2]);
    assert.is(report.firstBad!.step, 4);
    assert.is(report.firstBad!.layer, '');
  });
}

test('gradients of gradients: the penalty of a nested tape is watched, and as it was', async () => {
  const layer = dense('only', 1, 3, 'mixed_float16', 2);
  const variables = ht.sequential([layer]).trainableVariables;
  const penalty = () => {
    const [outer, inner] = [new ht.GradientTape(), new ht.GradientTape()];
    const total = outer.record(() => {
      const loss = inner.record(() => ht.sum(ht.square(ht.cast(layer.apply(ht.ones([1, 2])), 'float32'))));
      return ht.sum(ht.square(inner.gradient(loss, variables)[0]!));
    });
    return outer.gradient(total, variables)[0]!;
  };
  const before = await numbers(ht.tidy(penalty));
  const watch = ht.numerics.watch(layer);
  assert.equal(await numbers(ht.tidy(penalty)), before);
  const report = await watch.report();
  watch.stop();
  assert.ok(report.ops.filter(({ layer, pass }) => layer === 'only' && pass === 'backward').length > 1);
  assert.is(report.firstBad, undefined);
});

test('of two models each watch sees its own, and what stands outside of layers', async () => {
  const [a, b] = ['a', 'b'].map((name) =>
    ht.sequential([dense(name, 1, 1, 'mixed_float16', 2)], { name: `model_${name}` }),
  );
  const [one, two, all] = [ht.numerics.watch(a), ht.numerics.watch(b), ht.numerics.watch()];
  const x = ht.ones([1, 2]);
  ht.add(a!.apply(x), b!.apply(x));
  const layers = async (watch: ht.Watch) => [
    ...new Set((await watch.report()).ops.map(({ layer }) => layer)),
  ];
  assert.equal(await layers(one), ['a', '']);
  assert.equal(await layers(two), ['b', '']);
  assert.equal(await layers(all), ['model_a/a', 'model_b/b', '']);
  // A layer of the model, called by itself.
  const before = finding(await one.report())('a', 'forward', 'matMul').values;
  a!.layers[0]!.apply(x as never);
  assert.is(finding(await one.report())('a', 'forward', 'matMul').values, before + 1);
  const optimizer = ht.optimizers.sgd({ learningRate: 0 });
  optimizer.minimize(() => ht.sum(b!.apply(x)), b!.trainableVariables);
  const steps = await Promise.all([one, two, all].map(async (watch) => (await watch.report()).steps));
  assert.equal(steps, [0, 1, 1], 'a step is one of the model that it trains');
  for (const watch of [one, two, all]) watch.stop();
});

test('firstBad names the layer of one step', async () => {
  const model = ht.sequential([dense('fine', 2, 1, 'mixed_float16', 2), dense('wide', 1, 50000)]);
  const x = ht.ones([1, 2]);
  const found = await ht.numerics.firstBad(model, () => model.apply(x));
  assert.equal([found!.layer, found!.op, found!.stored], ['wide', 'matMul', ['beyond float16']]);
  assert.is(await ht.numerics.firstBad(model.layers[0] as ht.Layer, () => model.apply(x)), undefined);
  assert.is(nearestHalf(200000), Infinity);
});
