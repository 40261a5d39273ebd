// GradScaler: calls out of order, in two functions, with what it does not take; given-up gradients; warnings.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { assertThrows } from './assert-throws.ts';
import { suite } from './harness.ts';
import { gradientOf, sgd } from './scaled-gradient.ts';
import { MODES, number } from './step.ts';
import { warningsOf } from './warnings.ts';

const test = suite('GradScaler, misuse');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open();
});
test.after(() => engine.close());

const { GradScaler } = ht.mixedPrecision;
test('calls out of order are refused by name, and nothing has changed', async () => {
  for (const { run } of MODES) {
    const scaler = new GradScaler({ initialScale: 8 });
    const variable = ht.variable([5]);
    const optimizer = sgd();
    const other = ht.variable([5]);
    const gradient = () => gradientOf(scaler, variable, ht.tensor([1]));
    const cases: readonly [() => void, RegExp][] = [
      [() => scaler.update(), /GradScaler.update: no optimizer has stepped since the last update; call step/],
      [
        () => {
          scaler.unscale(optimizer, [gradient()]);
          scaler.unscale(optimizer, [ht.tensor([1])]);
        },
        /GradScaler.unscale: SGD is unscaled already since the last update; call update\(\) before/,
      ],
      [
        () => {
          const [g] = scaler.unscale(sgd(), [gradient()]);
          scaler.unscale(sgd(), [g!]);
        },
        /these gradients are divided by the loss scale already, and would be twice/,
      ],
    ];
    for (const [fn, message] of cases) assertThrows(() => run(fn)(), ht.ArgumentError, message);
    const twice = sgd();
    const late = () => {
      scaler.step(twice, [[gradientOf(scaler, other, ht.tensor([1])), other]]);
      scaler.step(twice, [[ht.tensor([8]), other]]);
    };
    assertThrows(
      () => run(late)(),
      ht.ArgumentError,
      /GradScaler.step: SGD has stepped already since the last/,
    );
    const after = () => {
      scaler.scale(ht.tensor(1));
      const one = sgd();
      scaler.step(one, [[ht.tensor([0]), other]]);
      scaler.unscale(one, [ht.tensor([8])]);
    };
    assertThrows(() => run(after)(), ht.ArgumentError, /GradScaler.unscale: SGD is stepped already since/);
    assert.is(await number(variable), 5);
  }
  const scaler = new GradScaler();
  const wrapped = new ht.LossScaleOptimizer(sgd());
  const variable = ht.variable([1]);
  const pairs = ht.zip([ht.tensor([1])], [variable]);
  const cases: readonly [() => void, RegExp][] = [
    [
      () => scaler.step(wrapped as never, pairs),
      /GradScaler.step: the optimizer is LossScaleOptimizer; use one of/,
    ],
    [() => scaler.step(wrapped.innerOptimizer, pairs), /SGD is wrapped already; make an optimizer for each/],
    [() => new GradScaler().step('sgd' as never, pairs), /the optimizer is 'sgd'; use one of ht.optimizers/],
    [() => new GradScaler({ clipNorm: 1 } as never), /GradScaler: clipNorm belongs to the inner optimizer/],
    [() => new GradScaler({ initScale: 1 } as never), /GradScaler: unknown option 'initScale'; use 'rules'/],
    [() => new GradScaler({ enabled: 1 } as never), /GradScaler: enabled 1; use true or false/],
    [
      () => new GradScaler({ lossScale: ht.mixedPrecision.noLossScale(), initialScale: 2 }),
      /GradScaler: lossScale and initialScale given; use one of both/,
    ],
    [() => new GradScaler({ lossScale: 2 as never }), /lossScale is 2; use noLossScale\(\), staticLossScale/],
  ];
  for (const [fn, message] of cases) assertThrows(fn, ht.ArgumentError, message);
  const shared = sgd();
  scaler.step(shared, pairs);
  assertThrows(() => new GradScaler().step(shared, pairs), ht.ArgumentError, /SGD is wrapped already/);
  assertThrows(() => new ht.LossScaleOptimizer(shared), ht.ArgumentError, /SGD/);
});

test('gradients that are unscaled and given up leave nothing behind', async () => {
  const scaler = new GradScaler({ initialScale: 8, growthSteps: 1 });
  const variable = ht.variable([0]);
  const optimizer = sgd();
  scaler.unscale(optimizer, [gradientOf(scaler, variable, ht.tensor([Infinity]))]);
  scaler.update();
  assert.equal([await scaler.lossScale(), await scaler.skippedSteps()], [8, 0]);
  scaler.unscale(optimizer, [gradientOf(scaler, variable, ht.tensor([3]))]);
  scaler.step(optimizer, [[gradientOf(scaler, variable, ht.tensor([0.5])), variable]]);
  scaler.update();
  assert.equal([await number(variable), await scaler.lossScale()], [-4, 16], 'applied as they are');
});

test('calls of one step in two functions are refused, where replays would not tell', () => {
  const scaler = new GradScaler({ initialScale: 8 });
  const variable = ht.variable([0]);
  const optimizer = sgd();
  const unscale = ht.jit((g) => scaler.unscale(optimizer, [g])[0]!);
  const unscaled = unscale(ht.tensor([8]));
  assertThrows(
    () => scaler.step(optimizer, [[unscaled, variable]]),
    ht.ArgumentError,
    /SGD.applyGradients: the gradients were unscaled in another jitted function, or outside/,
  );
  const again = new GradScaler({ initialScale: 8 });
  const second = sgd();
  again.scale(ht.tensor(1));
  ht.jit((g) => again.step(second, [[g, variable]]))(ht.tensor([8]));
  assertThrows(
    () => again.update(),
    ht.ArgumentError,
    /a step was made in another jitted function, or outside/,
  );
  again.scale(ht.tensor(1)); // begins anew
  again.step(second, [[ht.tensor([8]), variable]]);
  again.update();
});

test('a float16 loss that its scale makes infinite is told of, once', async () => {
  const half = ht.tensor(1, { dtype: 'float16' });
  const scaler = new GradScaler();
  const told = await warningsOf(() => {
    scaler.scale(half);
    scaler.scale(half);
  });
  assert.is(told.length, 1);
  assert.match(
    told[0]!,
    /GradScaler.scale: the loss is float16, where a scale of 65536 is infinite, .*cast the loss to float32 first/,
  );
});
