// Steps that a sceptic would try: what overflows where, what is missing, two optimizers, clipping, checkpoints, in every rule set.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { RULES } from '../src/precision/loss-scale.ts';
import { suite } from './harness.ts';
import { MODES, number, numbers } from './step.ts';
import { NEVER_SCALED, quiet } from './warnings.ts';

const test = suite('loss scale, steps');
quiet(test, NEVER_SCALED);
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open();
});
test.after(() => engine.close());

type Loss = (variable: ht.Variable) => ht.Tensor;
const total: Loss = (variable) => ht.sum(variable.values);

for (const { mode, run } of MODES) {
  for (const bad of [Number.NaN, Infinity, -Infinity]) {
    test(`${mode}: ${bad} in one of three gradients leaves all variables and slots as they were`, async () => {
      const variables = [ht.variable([1, 2]), ht.variable([3]), ht.variable([[4, 5, 6]])];
      const optimizer = new ht.LossScaleOptimizer(ht.optimizers.adam({ learningRate: 0.1 }));
      const step = run((...gradients) => optimizer.apply(gradients, variables));
      step(ht.tensor([1, 1]), ht.tensor([1]), ht.tensor([[1, 1, 1]]));
      const before = await everything(optimizer, variables);
      step(ht.tensor([1, 1]), ht.tensor([1]), ht.tensor([[1, 1, bad]]));
      const after = await everything(optimizer, variables);
      assert.equal({ ...after, state: undefined }, { ...before, state: undefined });
      assert.equal([after.state.scale, after.state.skipped], [2 ** 14, 1]);
      assert.equal(
        [after.state.beta1Power, after.state.beta2Power],
        [before.state.beta1Power, before.state.beta2Power],
      );
      step(ht.tensor([1, 1]), ht.tensor([1]), ht.tensor([[1, 1, 1]]));
      assert.not.equal((await everything(optimizer, variables)).values, before.values);
    });
  }

  test(`${mode}: an infinity in a float16 gradient skips the step, 65504 does not`, async () => {
    const variable = ht.variable([1, 1, 1], { dtype: 'float16' });
    const optimizer = new ht.LossScaleOptimizer(ht.optimizers.sgd({ learningRate: 1 }), {
      initialScale: 2 ** 15,
    });
    const step = run((gradient) => optimizer.apply([gradient!], [variable]));
    step(ht.tensor([0, 65520, 0], { dtype: 'float16' }));
    assert.equal([await numbers(variable), await optimizer.skippedSteps()], [[1, 1, 1], 1]);
    step(ht.tensor([0, 65504, 0], { dtype: 'float16' }));
    const [first, second] = await numbers(variable);
    assert.equal([first, second, await optimizer.skippedSteps()], [1, -2.998046875, 1]);
  });

  test(`${mode}: an overflow on the step that would grow the scale halves it, and counting starts again`, async () => {
    const variable = ht.variable([0]);
    const optimizer = new ht.LossScaleOptimizer(ht.optimizers.sgd(), { initialScale: 8, growthSteps: 3 });
    const step = run((gradient) => optimizer.apply([gradient!], [variable]));
    const states: [number, number][] = [];
    for (const gradient of [1, 1, Infinity, 1, 1, 1]) {
      step(ht.tensor([gradient]));
      const { scale, growthCounter } = await optimizer.readState();
      states.push([scale, growthCounter]);
    }
    assert.equal(states, [
      [8, 1],
      [8, 2],
      [4, 0],
      [4, 1],
      [4, 2],
      [8, 0],
    ]);
  });

  test(`${mode}: two optimizers skip and scale on their own`, async () => {
    const [one, two] = [ht.variable([1]), ht.variable([1])];
    const [first, second] = [1, 2].map(
      () =>
        new ht.LossScaleOptimizer(ht.optimizers.sgd({ learningRate: 1 }), {
          initialScale: 4,
          growthSteps: 1,
        }),
    );
    const step = run((a, b) => {
      first!.apply([a!], [one]);
      second!.apply([b!], [two]);
    });
    step(ht.tensor([Infinity]), ht.tensor([4]));
    assert.equal([await number(one), await number(two)], [1, 0]);
    assert.equal([await first!.lossScale(), await second!.lossScale()], [2, 8]);
    step(ht.tensor([2]), ht.tensor([Number.NaN]));
    assert.equal([await number(one), await number(two)], [0, 0]);
    assert.equal([await first!.lossScale(), await second!.lossScale()], [4, 4]);
    assert.equal([await first!.skippedSteps(), await second!.skippedSteps()], [1, 1]);
  });

  for (const rules of RULES) {
    test(`${mode}, ${rules}: a float16 loss times 2^16 is infinite: skipped, and 2^15 then works`, async () => {
      const variable = ht.variable([0.25]);
      const inner = ht.optimizers.sgd({ learningRate: 1 });
      const optimizer = new ht.LossScaleOptimizer(inner, { rules, initialScale: 2 ** 16 });
      const loss = () => ht.cast(ht.sum(ht.square(ht.cast(variable, 'float16'))), 'float16');
      const step = run(() => optimizer.minimize(loss, [variable]));
      assert.equal([await number(step()), await number(variable)], [0.0625, 0.25]);
      assert.equal([await optimizer.lossScale(), await optimizer.skippedSteps()], [2 ** 15, 1]);
      step();
      assert.equal([await number(variable), await optimizer.skippedSteps()], [-0.25, 1]);
    });

    for (const clipping of ['clipNorm', 'globalClipNorm', 'clipValue'] as const) {
      test(`${mode}, ${rules}: ${clipping} bounds the unscaled gradient, whatever the scale`, async () => {
        const expected = {
          clipNorm: [-6, -8, -10],
          globalClipNorm: [-3, -4, -12],
          clipValue: [-10, -10, -10],
        }[clipping];
        const gradients = [ht.tensor([30, 40]), ht.tensor([120])];
        // Under globalClipNorm the norm of all is 130, and the bound 13.
        const bound = clipping === 'globalClipNorm' ? 13 : 10;
        for (const initialScale of [1, 1024, 2 ** -10]) {
          const variables = [ht.variable([0, 0]), ht.variable([0])];
          const inner = ht.optimizers.sgd({ learningRate: 1, [clipping]: bound });
          const optimizer = new ht.LossScaleOptimizer(inner, { rules, initialScale, growthSteps: 1 });
          const given = inner.lossScaling.scaledGradients ? initialScale : 1;
          const step = run((...tensors) => optimizer.apply(tensors, variables));
          step(...gradients.map((gradient) => ht.mul(gradient, given)));
          close([...(await numbers(variables[0]!)), ...(await numbers(variables[1]!))], expected);
          // The scale has doubled; infinities are still skipped, not clipped.
          step(ht.tensor([1, Infinity]), ht.tensor([1]));
          close([...(await numbers(variables[0]!)), ...(await numbers(variables[1]!))], expected);
          step(ht.tensor([0, 0]), ht.tensor([0]));
          close([...(await numbers(variables[0]!)), ...(await numbers(variables[1]!))], expected);
        }
      });
    }

    test(`${mode}, ${rules}: minimize does what the steps by hand do`, async () => {
      const options = { rules, initialScale: 64, growthSteps: 2 } as const;
      const [a, b] = [ht.variable([1, -2, 3]), ht.variable([1, -2, 3])];
      const [one, two] = [1, 2].map(
        () => new ht.LossScaleOptimizer(ht.optimizers.sgd({ learningRate: 0.25, momentum: 0.5 }), options),
      );
      const loss = (variable: ht.Variable, factor: ht.Tensor) =>
        ht.sum(ht.mul(ht.square(variable.values), factor));
      const whole = run((factor) => one!.minimize(() => loss(a, factor!), [a]));
      const byHand = run((factor) => {
        const tape = new ht.GradientTape();
        const scaled = tape.record(() =>
          rules === 'tf.keras' ? two!.getScaledLoss(loss(b, factor!)) : two!.scaleLoss(loss(b, factor!)),
        );
        const gradients = tape.gradient(scaled, [b]);
        const given = rules === 'tf.keras' ? two!.getUnscaledGradients(gradients) : gradients;
        two!.applyGradients(ht.zip(given, [b]));
      });
      for (const factor of [1, 0.5, Infinity, 1, 1]) {
        whole(ht.tensor([factor, factor, factor]));
        byHand(ht.tensor([factor, factor, factor]));
      }
      assert.equal(await numbers(a), await numbers(b));
      assert.not.equal(await numbers(a), [1, -2, 3]);
      assert.equal(await one!.readState(), await two!.readState());
    });
  }

  test(`${mode}: a learning rate set between steps serves the next one`, async () => {
    const variable = ht.variable([0]);
    const optimizer = new ht.LossScaleOptimizer(ht.optimizers.sgd({ learningRate: 1 }), { initialScale: 8 });
    const step = run(() => optimizer.minimize(() => total(variable), [variable]));
    const seen: number[] = [];
    for (const rate of [1, 0.5, 0.5, 0.25, 0, 2]) {
      optimizer.learningRate = rate;
      step();
      seen.push(await number(variable));
    }
    assert.equal(seen, [-1, -1.5, -2, -2.25, -2.25, -4.25]);
    assert.equal([await optimizer.lossScale(), await optimizer.iterations()], [8, 6]);
    // Without a read in between, too.
    for (const rate of [1, 2, 4]) {
      optimizer.learningRate = rate;
      step();
    }
    assert.is(await number(variable), -11.25);
  });
}

test('without gradients of some variables the others move; without any the step is refused', async () => {
  const variables = [ht.variable([1]), ht.variable([1])];
  const optimizer = new ht.LossScaleOptimizer(ht.optimizers.sgd({ learningRate: 1, momentum: 0.5 }), {
    initialScale: 1,
  });
  optimizer.apply([null, ht.tensor([1])], variables);
  assert.equal([await number(variables[0]!), await number(variables[1]!)], [1, 0]);
  assert.equal(Object.keys((await optimizer.state()).slots.momentum!), [variables[1]!.name]);
  const before = await optimizer.readState();
  assert.throws(
    () => optimizer.apply([null, null], variables),
    (error: Error) =>
      error instanceof ht.ArgumentError && /no gradient for any of 2 variables/.test(error.message),
  );
  assert.equal(await optimizer.readState(), before);
});

test('an activation that overflows float16 makes gradients that are skipped, until the scale fits', async () => {
  const variable = ht.variable([[200]]);
  const optimizer = new ht.LossScaleOptimizer(ht.optimizers.sgd({ learningRate: 1e-9 }), {
    initialScale: 2 ** 15,
  });
  const x = ht.tensor([[100]], { dtype: 'float16' });
  const loss = () => ht.sum(ht.cast(ht.matMul(x, ht.cast(variable, 'float16')), 'float32'));
  for (let count = 0; count < 8; count++) optimizer.minimize(loss, [variable]);
  // The gradient by the product is the scale, which float16 holds from 32768 on; that by the weight stays float32.
  assert.equal([await optimizer.skippedSteps(), await optimizer.lossScale()], [0, 2 ** 15]);
  const big = ht.tensor([[500]], { dtype: 'float16' });
  optimizer.minimize(
    () => ht.square(ht.sum(ht.cast(ht.matMul(big, ht.cast(variable, 'float16')), 'float32'))),
    [variable],
  );
  assert.is(await optimizer.skippedSteps(), 1);
});

test('a fixed scale checks nothing, as in tf.keras', async () => {
  const variable = ht.variable([1]);
  const options = { rules: 'tf.keras', dynamic: false, initialScale: 2 } as const;
  const optimizer = new ht.LossScaleOptimizer(ht.optimizers.sgd({ learningRate: 1 }), options);
  optimizer.apply([ht.tensor([Infinity])], [variable]);
  assert.equal([await number(variable), await optimizer.skippedSteps()], [-Infinity, 0]);
});

function close(got: readonly number[], expected: readonly number[]): void {
  for (const [index, value] of got.entries()) {
    const off = Math.abs(value - expected[index]!);
    assert.ok(off <= 1e-6 * Math.abs(expected[index]!), `${got} is not ${expected}`);
  }
}

async function everything(optimizer: ht.LossScaleOptimizer, variables: readonly ht.Variable[]) {
  const { slots } = await optimizer.state();
  return { values: await Promise.all(variables.map(numbers)), slots, state: await optimizer.readState() };
}
