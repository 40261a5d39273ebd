// tf.keras's tests of models under mixed_float16 (T10 to T14 of the reference list): scaling in fit, masters, assignment, weights.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { nearestHalf } from './reference/half.ts';
import { MODES, number, numbers, watchGradient } from './step.ts';

const test = suite('mixed training');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ policy: 'mixed_float16' });
});
test.after(() => {
  ht.mixedPrecision.setGlobalPolicy('float32');
  engine.close();
});

/** Adds its one weight, which starts at 1, and shows and changes the gradient that comes back. */
class AddLayer extends ht.Layer {
  readonly seen: ht.Variable;
  readonly factor: ht.Variable;
  #weight: ht.Variable | undefined;

  constructor(batch: number) {
    super('add', { inputShape: [1] }, []);
    this.seen = ht.variable(new Float32Array(batch), {
      shape: [batch, 1],
      dtype: 'float16',
      trainable: false,
    });
    this.factor = ht.variable([1], { dtype: 'float16', trainable: false });
  }

  outputShape(sample: readonly number[]): readonly number[] {
    return sample;
  }

  protected override create(): void {
    this.#weight = this.addWeight('v', [1], 'ones');
  }

  protected call(x: ht.Tensor): ht.Tensor {
    const watched = watchGradient((upstream) => {
      this.seen.assign(upstream);
      return ht.mul(upstream, this.factor.values);
    });
    return watched(ht.add(x, this.read(this.#weight!)));
  }
}

const meanPrediction = (_: ht.Tensor, predictions: ht.Tensor) => ht.mean(predictions);

for (const rules of ['keras3', 'tf.keras'] as const) {
  test(`T10 ${rules}: fit scales the loss, skips NaN and goes on`, async () => {
    const layer = new AddLayer(4);
    const model = ht.sequential([layer]);
    const optimizer = new ht.LossScaleOptimizer(ht.optimizers.sgd({ learningRate: 1 }), {
      ...{ rules, initialScale: 2, growthSteps: 2 },
    });
    model.compile({ optimizer, loss: meanPrediction });
    const [x, y] = [ht.ones([4, 1]), ht.zeros([4, 1])];
    const step = async (): Promise<[weight: number, gradient: number, loss: number]> => {
      const { history } = await model.fit(x, y, { batchSize: 4, verbose: 0 });
      return [await number(layer.weights[0]!), await number(layer.seen), history.loss![0]!];
    };
    assert.equal(await step(), [0, 0.5, 2]);
    assert.equal(await step(), [-1, 0.5, 1]);
    assert.equal(await step(), [-2, 1, 0]);
    layer.factor.assign([Number.NaN]);
    assert.equal((await step())[0], -2);
    layer.factor.assign([1]);
    assert.equal(await step(), [-3, 0.5, -1]);
    assert.equal([await optimizer.lossScale(), await optimizer.skippedSteps()], [2, 1]);
    assert.is(await optimizer.iterations(), rules === 'keras3' ? 4 : 5);
  });
}

test('T11: an update too small for a float16 weight moves the master exactly', async () => {
  const model = ht.sequential([
    ht.layers.dense({ units: 1, useBias: false, kernelInitializer: 'ones', inputShape: [1] }),
  ]);
  model.compile({ optimizer: ht.optimizers.sgd({ learningRate: 2 ** -14 }), loss: meanPrediction });
  const one = { values: [1, 1], shape: [2, 1] };
  await model.fit(one, one, { verbose: 0 });
  const [kernel] = model.weights;
  assert.is(await number(kernel!), 1 - 2 ** -14);
  assert.is(nearestHalf(1 - 2 ** -14), 1, 'a float16 master would not have moved');
  for (let count = 0; count < 8; count++) await model.fit(one, one, { verbose: 0 });
  assert.equal(
    [await number(kernel!), await number(kernel!.read('float16'))],
    [1 - 9 * 2 ** -14, nearestHalf(1 - 9 * 2 ** -14)],
  );
});

for (const { mode, run } of MODES) {
  test(`T11 ${mode}: the same by hand, and in float16 the weight stays`, async () => {
    for (const [policy, moved] of [
      ['mixed_float16', 1 - 2 ** -14],
      ['float32', 1 - 2 ** -14],
      ['float16', 1],
    ] as const) {
      const layer = ht.layers.dense({
        units: 1,
        useBias: false,
        kernelInitializer: 'ones',
        inputShape: [1],
        dtype: policy,
      });
      const variables = ht.sequential([layer]).trainableVariables;
      const optimizer = ht.optimizers.sgd({ learningRate: 2 ** -14 });
      run((x) => optimizer.minimize(() => ht.sum(layer.apply(x!)), variables))(ht.ones([1, 1]));
      assert.is(await number(variables[0]!), moved, policy);
    }
  });
}

test('T12: the loss scale of a compiled model goes back with its checkpoint', async () => {
  const model = ht.sequential([ht.layers.dense({ units: 1, inputShape: [1] })]);
  const inner = ht.optimizers.sgd({ learningRate: 2 ** -10, momentum: 0.5 });
  model.compile({
    optimizer: new ht.LossScaleOptimizer(inner, { initialScale: 1, growthSteps: 2 }),
    loss: 'mse',
  });
  const optimizer = model.optimizer as ht.LossScaleOptimizer;
  const [x, y] = [ht.ones([2, 1]), ht.zeros([2, 1])];
  const state = async () => {
    const { scale, growthCounter } = await optimizer.readState();
    return [scale, growthCounter];
  };
  await model.fit(x, y, { epochs: 3, verbose: 0 });
  assert.equal(await state(), [2, 1]);
  const [weights, saved] = [await model.getWeights(), await optimizer.state()];
  await model.fit(x, y, { verbose: 0 });
  assert.equal(await state(), [4, 0]);
  const after = await model.getWeights();
  optimizer.loadState(saved, model.trainableVariables);
  model.setWeights(weights);
  assert.equal(await state(), [2, 1]);
  await model.fit(x, y, { verbose: 0 });
  assert.equal([await state(), await model.getWeights()], [[4, 0], after]);
});

test('T13: assignment stays in the true dtype of a variable that is read in float16', async () => {
  const value = 1 + 2 ** -11; // half an ulp above 1 in float16
  const variable = ht.variable([0, 0, 0]);
  assert.equal(await numbers(variable.read('float16')), [0, 0, 0]);
  variable.assign([value, 1e-8, 70000]);
  assert.equal(await numbers(variable), [value, 1e-8, 70000].map(Math.fround));
  assert.equal(await numbers(variable.read('float16')), [1, 0, Infinity]);
  variable.assign(ht.add(variable.values, ht.tensor([2 ** -11, 0, -5000])));
  assert.equal(await numbers(variable), [1 + 2 ** -10, 1e-8, 65000].map(Math.fround));
  assert.equal(await numbers(variable.read('float16')), [1 + 2 ** -10, 0, 64992]);
  const refuses = (given: ht.Tensor | number[], type: typeof ht.DtypeError | typeof ht.ShapeError) =>
    assert.throws(
      () => variable.assign(given),
      (error: Error) => error instanceof type,
    );
  refuses(ht.ones([3], 'float16'), ht.DtypeError);
  refuses([1, 2], ht.ShapeError);
  assert.equal(await numbers(variable), [1 + 2 ** -10, 1e-8, 65000].map(Math.fround));
});

test('T13: the same inside a layer under mixed_float16: setWeights keeps what float16 would round', async () => {
  const layer = ht.layers.dense({ units: 1, useBias: false, inputShape: [1] });
  const model = ht.sequential([layer]);
  await model.predict(ht.ones([1, 1])); // from now on there is a copy
  model.setWeights([[1 + 2 ** -11]]);
  assert.equal([...(await model.getWeights())[0]!], [1 + 2 ** -11]);
  assert.is(await number(await model.predict(ht.ones([1, 1]))), 1);
});

test('T14: weights saved under one policy load under another', async () => {
  const modelOf = (dtype: ht.PolicyName) =>
    ht.sequential([ht.layers.dense({ units: 1, inputShape: [1], dtype, kernelInitializer: 'zeros' })]);
  for (const [from, to] of [
    ['float32', 'mixed_float16'],
    ['mixed_float16', 'float32'],
    ['mixed_float16', 'float16'],
  ] as const) {
    const [source, target] = [modelOf(from), modelOf(to)];
    source.setWeights([[100], [-0.5]]);
    target.setWeights(await source.getWeights());
    assert.equal(
      (await target.getWeights()).map(([value]) => value),
      [100, -0.5],
      `${from} to ${to}`,
    );
    assert.is(await number(await target.predict(ht.ones([1, 1]))), 99.5);
  }
});
