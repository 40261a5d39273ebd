// tf.keras's own tests of its LossScaleOptimizer (T1 to T9 of the reference list), eagerly and inside jit.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { MODES, number, numbers, watchGradient } from './step.ts';
import { NEVER_SCALED, quiet } from './warnings.ts';

const test = suite('loss scale, tf.keras');
quiet(test, NEVER_SCALED);
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open();
});
test.after(() => engine.close());

type Options = ht.LossScaleOptions;

function wrapped(inner: ht.Optimizer, options: Options): ht.LossScaleOptimizer {
  return new ht.LossScaleOptimizer(inner, { rules: 'tf.keras', ...options });
}

async function scaleOf(optimizer: ht.LossScaleOptimizer): Promise<[scale: number, counter: number]> {
  const { scale, growthCounter } = await optimizer.readState();
  return [scale, growthCounter];
}

test('T1: losses are scaled, in their dtype, as tensors and as functions', async () => {
  const optimizer = wrapped(ht.optimizers.sgd(), { dynamic: false, initialScale: 2 });
  for (const dtype of ['float32', 'float16'] as const) {
    const loss = ht.tensor(5, { dtype });
    const scaled = optimizer.getScaledLoss(loss);
    assert.equal([scaled.dtype, scaled.shape, await number(scaled)], [dtype, [], 10]);
    const later = optimizer.getScaledLoss(() => loss)();
    assert.equal([later.dtype, await number(later)], [dtype, 10]);
  }
});

test('T1: gradients are unscaled, each in its dtype, and null stays null', async () => {
  const optimizer = wrapped(ht.optimizers.sgd(), { dynamic: false, initialScale: 2 });
  const gradients = [
    ht.tensor([3]),
    null,
    ht.tensor([-4], { dtype: 'float16' }),
    ht.tensor([
      [4, 2],
      [8, 5],
    ]),
  ];
  const [first, second, third, fourth] = optimizer.getUnscaledGradients(gradients);
  assert.equal(await numbers(first!), [1.5]);
  assert.is(second, null);
  assert.equal([third!.dtype, ...(await numbers(third!))], ['float16', -2]);
  assert.equal(await fourth!.array(), [
    [2, 1],
    [4, 2.5],
  ]);
});

for (const { mode, run } of MODES) {
  test(`T2 ${mode}: minimize applies a fixed scale of 10, and the gradient seen is 10`, async () => {
    const variable = ht.variable([5]);
    const optimizer = wrapped(ht.optimizers.sgd({ learningRate: 2 }), { dynamic: false, initialScale: 10 });
    const seen = await number(steps(optimizer, variable)());
    assert.equal([seen, await number(variable)], [10, 3]);
    assert.is(await optimizer.lossScale(), 10);
    assert.is(optimizer.dynamic, false);
  });

  test(`T3 ${mode}: with growth every step the gradient seen is 2, then 4`, async () => {
    const variable = ht.variable([5]);
    const optimizer = wrapped(ht.optimizers.sgd({ learningRate: 2 }), { initialScale: 2, growthSteps: 1 });
    const step = steps(optimizer, variable);
    assert.equal([await number(step()), await number(variable)], [2, 3]);
    assert.equal([await number(step()), await number(variable)], [4, 1]);
  });

  /** minimize on the variable itself; returns the gradient that came back through it. */
  function steps(optimizer: ht.LossScaleOptimizer, variable: ht.Variable): () => ht.Tensor {
    return run(() => {
      let seen: ht.Tensor | undefined;
      const watched = watchGradient((upstream) => {
        seen = ht.keep(upstream);
        return upstream;
      });
      optimizer.minimize(() => ht.sum(watched(variable.values)), [variable]);
      return seen!;
    });
  }

  for (const clipping of ['clipNorm', 'globalClipNorm', 'clipValue'] as const) {
    test(`T4 ${mode}: ${clipping} acts on unscaled gradients, and infinities are skipped, not clipped`, async () => {
      const variable = ht.variable([5]);
      const make = (bound: number) =>
        wrapped(ht.optimizers.sgd({ learningRate: 2, [clipping]: bound }), {
          initialScale: 2,
          growthSteps: 1,
        });
      const step = (optimizer: ht.LossScaleOptimizer) =>
        run((factor) => optimizer.minimize(() => ht.sum(ht.mul(variable.values, factor!)), [variable]));
      const first = make(2);
      step(first)(ht.tensor([4]));
      assert.equal([await number(variable), await first.lossScale()], [1, 4]);
      // The bound of an optimizer cannot be changed, but its state can go on in another one.
      const second = make(3);
      second.loadState(await first.state(), [variable]);
      const stepSecond = step(second);
      stepSecond(ht.tensor([4]));
      assert.equal([await number(variable), await second.lossScale()], [-5, 8]);
      stepSecond(ht.tensor([Infinity]));
      assert.equal([await number(variable), await second.lossScale()], [-5, 4]);
    });
  }

  test(`T5 ${mode}: finite gradients double the scale and NaN halves it`, async () => {
    const variable = ht.variable([1, 2]);
    const optimizer = wrapped(ht.optimizers.sgd({ learningRate: 1 }), { initialScale: 2, growthSteps: 1 });
    const step = run((factor) =>
      optimizer.minimize(() => ht.sum(ht.mul(variable.values, factor!)), [variable]),
    );
    step(ht.tensor([2, 2]));
    assert.equal(
      [await numbers(variable), await scaleOf(optimizer)],
      [
        [-1, 0],
        [4, 0],
      ],
    );
    step(ht.tensor([2, Number.NaN]));
    assert.equal(
      [await numbers(variable), await scaleOf(optimizer)],
      [
        [-1, 0],
        [2, 0],
      ],
    );
  });

  test(`T6 ${mode}: the slot of momentum goes on over changes of the scale`, async () => {
    const variable = ht.variable([1, 2]);
    const optimizer = wrapped(ht.optimizers.sgd({ learningRate: 1, momentum: 1 }), {
      initialScale: 2,
      growthSteps: 1,
    });
    const step = run(() => optimizer.minimize(() => ht.sum(variable.values), [variable]));
    step();
    assert.equal(
      [await numbers(variable), await scaleOf(optimizer)],
      [
        [0, 1],
        [4, 0],
      ],
    );
    step();
    assert.equal(
      [await numbers(variable), await scaleOf(optimizer)],
      [
        [-2, -1],
        [8, 0],
      ],
    );
  });

  test(`T7 ${mode}: a skipped step counts as an iteration`, async () => {
    const variable = ht.variable([5]);
    const optimizer = wrapped(ht.optimizers.sgd({ learningRate: 2 }), { initialScale: 2 });
    const step = run((factor) =>
      optimizer.minimize(() => ht.sum(ht.mul(variable.values, factor!)), [variable]),
    );
    step(ht.tensor([1]));
    assert.equal([await number(variable), await optimizer.iterations()], [3, 1]);
    step(ht.tensor([Number.NaN]));
    assert.equal([await number(variable), await optimizer.iterations()], [3, 2]);
    assert.is(await optimizer.skippedSteps(), 1);
  });

  for (const when of ['before', 'after'] as const) {
    test(`T8 ${mode}: state restored ${when} the first step of an optimizer goes on where it was saved`, async () => {
      const make = () =>
        wrapped(ht.optimizers.sgd({ learningRate: 1, momentum: 1 }), { initialScale: 1, growthSteps: 2 });
      const variable = ht.variable([2], { name: `restored ${when}` });
      const stepOf = (optimizer: ht.LossScaleOptimizer) =>
        run(() => optimizer.minimize(() => ht.sum(variable.values), [variable]));
      const first = make();
      stepOf(first)();
      assert.equal([await number(variable), await scaleOf(first)], [1, [1, 1]]);
      const saved = await first.state();
      assert.equal(saved.slots, { momentum: { [variable.name]: Float32Array.of(-1) } });
      assert.is(saved.scale.iterations, 1);

      const second = make();
      const step = stepOf(second);
      if (when === 'after') step();
      second.loadState(saved, [variable]);
      variable.assign([1]);
      assert.equal([await scaleOf(second), await second.iterations()], [[1, 1], 1]);
      step();
      assert.equal(
        [await number(variable), await scaleOf(second), await second.iterations()],
        [-1, [2, 0], 2],
      );
      assert.equal((await second.state()).slots, { momentum: { [variable.name]: Float32Array.of(-2) } });
    });
  }

  test(`T9 ${mode}: a configuration makes the same optimizer`, async () => {
    const config = wrapped(
      ht.optimizers.sgd({ learningRate: 2, momentum: 0.5, nesterov: true, clipNorm: 4 }),
      {
        initialScale: 2,
        growthSteps: 3,
        backoffFactor: 0.25,
        name: 'own',
      },
    ).getConfig();
    const copy = ht.LossScaleOptimizer.fromConfig(JSON.parse(JSON.stringify(config)));
    assert.equal(copy.getConfig(), config);
    assert.equal([copy.rules, copy.initialScale, copy.growthSteps, copy.learningRate], ['tf.keras', 2, 3, 2]);

    const variable = ht.variable([5]);
    const optimizer = ht.LossScaleOptimizer.fromConfig(
      wrapped(ht.optimizers.sgd({ learningRate: 2 }), { initialScale: 2, growthSteps: 3 }).getConfig(),
    );
    run(() => optimizer.minimize(() => ht.sum(variable.values), [variable]))();
    assert.equal([await number(variable), await scaleOf(optimizer)], [3, [2, 1]]);
  });
}

test('T9: a fixed scale keeps its configuration, and Adam its own', () => {
  const fixed = wrapped(ht.optimizers.adam({ beta1: 0.5, epsilon: 1e-3 }), {
    dynamic: false,
    initialScale: 3,
  });
  const config = fixed.getConfig();
  assert.equal(ht.LossScaleOptimizer.fromConfig(config).getConfig(), config);
  assert.equal(
    [config.dynamic, config.initialScale, config.innerOptimizer.config.beta1, 'growthSteps' in config],
    [false, 3, 0.5, false],
  );
});

test('the defaults are those of the library that the rules name', () => {
  const of = (rules: ht.Rules) =>
    new ht.LossScaleOptimizer(ht.optimizers.sgd(), { rules }).innerOptimizer.lossScaling;
  const common = {
    kind: 'dynamic',
    growthSteps: 2000,
    growthFactor: 2,
    backoffFactor: 0.5,
    skips: true,
  } as const;
  for (const [rules, own] of Object.entries({
    keras3: { initialScale: 2 ** 15, countSkipped: false, scaledGradients: true },
    'tf.keras': { initialScale: 2 ** 15, countSkipped: true, scaledGradients: false, minScale: 1 },
    pytorch: { initialScale: 2 ** 16, countSkipped: false, scaledGradients: true },
  })) {
    const got = of(rules as ht.Rules);
    for (const [name, value] of Object.entries({ ...common, ...own })) {
      assert.is(got[name as keyof ht.LossScale], value, `${rules}: ${name}`);
    }
  }
  assert.is(new ht.LossScaleOptimizer(ht.optimizers.sgd()).rules, 'keras3');
});
