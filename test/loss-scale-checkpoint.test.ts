// Checkpoints of optimizers: training saved in the middle and gone on with is the same training, bit for bit.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { randomOf } from './ops/draws.ts';
import { numbers } from './step.ts';
import { NEVER_SCALED, quiet } from './warnings.ts';

const test = suite('loss scale, checkpoints');
quiet(test, NEVER_SCALED);
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open();
});
test.after(() => engine.close());

type Wrapped = ht.LossScaleOptimizer;
const refused = (error: Error, message: RegExp) =>
  error instanceof ht.ArgumentError && message.test(error.message);

function variables(): ht.Variable[] {
  return [ht.variable([1, -2, 3], { name: 'first' }), ht.variable([[0.5]], { name: 'second' })];
}

/** Gradients of step `index`; some overflow. */
function gradientsOf(index: number): ht.Tensor[] {
  const random = randomOf(`gradients ${index}`);
  const draw = () => 64 * (random() - 0.5);
  const bad = index % 4 === 2 ? Infinity : 1;
  return [ht.tensor([draw(), draw() * bad, draw()]), ht.tensor([[draw()]])];
}

/** Makes steps `from` to `to - 1`, in a program of jit's. */
function train(optimizer: Wrapped, own: readonly ht.Variable[], from: number, to: number): void {
  const step = ht.jit((...gradients) => optimizer.apply(gradients, own));
  for (let index = from; index < to; index++) step(...gradientsOf(index));
}

const INNER = {
  momentum: () => ht.optimizers.sgd({ learningRate: 0.01, momentum: 0.9 }),
  adam: () => ht.optimizers.adam({ learningRate: 0.01, clipNorm: 5 }),
};

for (const [name, inner] of Object.entries(INNER)) {
  for (const rules of ['keras3', 'tf.keras', 'pytorch'] as const) {
    test(`${name}, ${rules}: ten steps, a checkpoint and ten more are twenty steps`, async () => {
      const make = () => new ht.LossScaleOptimizer(inner(), { rules, initialScale: 32, growthSteps: 2 });
      const [whole, wholeVariables] = [make(), variables()];
      train(whole, wholeVariables, 0, 20);

      const [first, firstVariables] = [make(), variables()];
      train(first, firstVariables, 0, 10);
      const saved = structuredClone(await first.state());
      const weights = await Promise.all(firstVariables.map(numbers));
      first.dispose();

      const [second, secondVariables] = [make(), variables()];
      train(second, secondVariables, 3, 8); // what it had before must not matter
      second.loadState(saved, secondVariables);
      for (const [index, variable] of secondVariables.entries()) variable.assign(weights[index]!);
      assert.equal(await second.state(), saved);
      train(second, secondVariables, 10, 20);
      assert.equal(
        await Promise.all(secondVariables.map(numbers)),
        await Promise.all(wholeVariables.map(numbers)),
      );
      assert.equal(await second.state(), await whole.state());
      assert.is(await second.skippedSteps(), 5);
    });
  }
}

test('a program of jit goes on with the state that is loaded under it', async () => {
  const own = [ht.variable([0], { name: 'own' })];
  const optimizer = new ht.LossScaleOptimizer(ht.optimizers.sgd({ learningRate: 1, momentum: 0.5 }), {
    initialScale: 4,
    growthSteps: 1,
  });
  const step = ht.jit((gradient) => optimizer.apply([gradient], own));
  step(ht.tensor([4]));
  const saved = await optimizer.state();
  for (let count = 0; count < 3; count++) step(ht.tensor([16]));
  optimizer.loadState(saved, own);
  own[0]!.assign([0]);
  assert.equal(await optimizer.state(), saved);
  // Scale 8, velocity -1: v = -0.5 - 16 / 8.
  step(ht.tensor([16]));
  assert.equal(await numbers(own[0]!), [-2.5]);
});

test('a checkpoint from before the first step takes everything back to the start', async () => {
  const own = variables();
  const optimizer = new ht.LossScaleOptimizer(INNER.momentum(), { initialScale: 8 });
  const saved = await optimizer.state();
  train(optimizer, own, 0, 5);
  optimizer.loadState(saved, own);
  const { scale, slots } = await optimizer.state();
  assert.equal(scale, saved.scale);
  assert.equal(slots.momentum, { first: Float32Array.of(0, 0, 0), second: Float32Array.of(0) });
});

test('the learning rate is part of a checkpoint; one set afterwards counts', async () => {
  const own = variables();
  const saved = await (async () => {
    const optimizer = INNER.momentum();
    optimizer.learningRate = 0.25;
    optimizer.apply(gradientsOf(0), own);
    return optimizer.state();
  })();
  const optimizer = ht.optimizers.sgd({ learningRate: 1, momentum: 0.9 });
  optimizer.loadState(saved, own);
  assert.equal([optimizer.learningRate, (await optimizer.readState()).learningRate], [0.25, 0.25]);
  optimizer.learningRate = 0.125;
  assert.is((await optimizer.readState()).learningRate, 0.125, 'before the first step');
  optimizer.apply(gradientsOf(1), own);
  assert.is((await optimizer.readState()).learningRate, 0.125, 'after it');
});

test('a checkpoint that does not fit is refused, and nothing has changed', async () => {
  const own = variables();
  const optimizer = INNER.momentum();
  optimizer.apply(gradientsOf(0), own);
  const saved = await optimizer.state();
  const scale = { ...saved.scale, iterations: 77 };
  const cases: readonly [slots: ht.OptimizerState['slots'], message: RegExp][] = [
    [{ momentum: { first: Float32Array.of(1) } }, /SGD.*slot 'momentum' of 'first' has 1 values; use 3/],
    [
      { momentum: { third: Float32Array.of(1) } },
      /slot 'momentum' of 'third': no such variable; use 'first' or 'second'/,
    ],
    [
      { variance: { first: Float32Array.of(1, 2, 3) } },
      /slot 'variance' of 'first': this optimizer has no such slot/,
    ],
  ];
  for (const [slots, message] of cases) {
    assert.throws(
      () => optimizer.loadState({ scale, slots }, own),
      (error: Error) => refused(error, message),
    );
    assert.equal(await optimizer.state(), saved);
  }
});

test('two variables of one name cannot be told apart in a checkpoint', async () => {
  const optimizer = INNER.momentum();
  const twins = [ht.variable([1], { name: 'twin' }), ht.variable([1], { name: 'twin' })];
  optimizer.apply([ht.tensor([1]), ht.tensor([2])], twins);
  await optimizer.state().then(
    () => assert.unreachable('it was saved'),
    (error: Error) => assert.ok(refused(error, /two variables are called 'twin'/), error.message),
  );
});
