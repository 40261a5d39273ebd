// Learning-rate schedules: the GPU's against their TypeScript twins and Keras's numbers; steps that are skipped do not count.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { MODES, numbers } from './step.ts';
import { assertClose } from './tolerances.ts';

const test = suite('learning-rate schedules');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open();
});
test.after(() => engine.close());

const { schedules } = ht;
const initialLearningRate = 0.5;
const SCHEDULES: readonly ht.Schedule[] = [
  schedules.exponentialDecay({ initialLearningRate, decaySteps: 4, decayRate: 0.5 }),
  schedules.exponentialDecay({ initialLearningRate, decaySteps: 4, decayRate: 0.5, staircase: true }),
  schedules.inverseTimeDecay({ initialLearningRate, decaySteps: 3, decayRate: 0.5 }),
  schedules.inverseTimeDecay({ initialLearningRate, decaySteps: 3, decayRate: 0.5, staircase: true }),
  schedules.polynomialDecay({ initialLearningRate, decaySteps: 5, endLearningRate: 0.125, power: 2 }),
  schedules.polynomialDecay({ initialLearningRate, decaySteps: 4, endLearningRate: 0.125, cycle: true }),
  schedules.cosineDecay({ initialLearningRate, decaySteps: 10, alpha: 0.25 }),
  schedules.cosineDecay({ initialLearningRate: 0, decaySteps: 8, warmupTarget: 0.5, warmupSteps: 4 }),
  schedules.cosineDecayRestarts({ initialLearningRate, firstDecaySteps: 3, mMul: 0.5, alpha: 0.125 }),
  schedules.cosineDecayRestarts({ initialLearningRate, firstDecaySteps: 4, tMul: 1, mMul: 0.75 }),
  schedules.piecewiseConstantDecay({ boundaries: [3, 7], values: [0.5, 0.25, 0.125] }),
];

test('each step goes by the rate of the steps before it, eager and jitted', async () => {
  for (const schedule of SCHEDULES) {
    for (const { run } of MODES) {
      const variable = ht.variable([0]);
      const optimizer = ht.optimizers.sgd({ learningRate: schedule });
      const step = run((gradient) => optimizer.apply([gradient!], [variable]));
      let expected = 0;
      for (let count = 0; count < 14; count++) {
        step(ht.tensor([1]));
        expected -= schedule.at(count);
        const near = { op: `${schedule.name} step ${count}`, dtype: 'float32', pass: 'gradient' } as const;
        assertClose(await numbers(variable), [expected], near);
        const { learningRate } = await optimizer.readState();
        assertClose([learningRate], [schedule.at(count)], near);
        // The host has just learnt of the step: the next one's.
        assert.is(optimizer.learningRate, schedule.at(count + 1));
      }
      const again = ht.optimizers.sgd({ learningRate: schedule });
      assert.is(again.learningRate, schedule.at(0));
      again.loadState(await optimizer.state(), [variable]);
      assert.is(again.learningRate, schedule.at(14));
    }
  }
});

test('the twins give what Keras gives', () => {
  const rates = SCHEDULES.map((schedule) => [0, 3, 4, 9].map((step) => schedule.at(step)));
  const c = (share: number) => (1 + Math.cos(Math.PI * share)) / 2;
  const expected = [
    [0.5, 0.5 * 0.5 ** 0.75, 0.25, 0.5 * 0.5 ** 2.25],
    [0.5, 0.5, 0.25, 0.125],
    [0.5, 0.5 / 1.5, 0.5 / (1 + 2 / 3), 0.5 / 2.5],
    [0.5, 0.5 / 1.5, 0.5 / 1.5, 0.5 / 2.5],
    [0.5, 0.375 * 0.4 ** 2 + 0.125, 0.375 * 0.2 ** 2 + 0.125, 0.125],
    [0.5, 0.375 * 0.25 + 0.125, 0.125, 0.375 * 0.25 + 0.125],
    [0.5, 0.5 * (0.75 * c(0.3) + 0.25), 0.5 * (0.75 * c(0.4) + 0.25), 0.5 * (0.75 * c(0.9) + 0.25)],
    [0, 0.375, 0.5, 0.5 * c(5 / 8)],
    [0.5, 0.5 * (0.875 * 0.5 + 0.125), 0.5 * (0.875 * 0.5 * c(1 / 6) + 0.125), 0.5 * (0.875 * 0.25 + 0.125)],
    [0.5, 0.5 * c(0.75), 0.5 * 0.75, 0.5 * 0.75 ** 2 * c(0.25)],
    [0.5, 0.5, 0.25, 0.125],
  ];
  for (const [i, schedule] of SCHEDULES.entries()) {
    for (const [k, rate] of rates[i]!.entries())
      assert.ok(
        Math.abs(rate - expected[i]![k]!) < 1e-12,
        `${schedule.name} ${i} at ${k}: ${rate} ${expected[i]![k]}`,
      );
  }
});

test('a skipped step does not move the schedule on; setting the rate is refused; the configuration holds it', async () => {
  const schedule = schedules.exponentialDecay({ initialLearningRate: 1, decaySteps: 1, decayRate: 0.5 });
  const variable = ht.variable([0]);
  const inner = ht.optimizers.sgd({ learningRate: schedule });
  const optimizer = new ht.LossScaleOptimizer(inner, { initialScale: 1 });
  // The scale is halved by the second.
  for (const gradient of [1, Number.POSITIVE_INFINITY, 0.5, 0.5])
    optimizer.apply([ht.tensor([gradient])], [variable]);
  assert.equal(await numbers(variable), [-1.75]);
  assert.throws(() => {
    inner.learningRate = 1;
  }, /^SGD: its learning rate follows exponentialDecay; make it with a number to set it$/);
  assert.equal(inner.getConfig().learningRate, {
    className: 'exponentialDecay',
    config: { initialLearningRate: 1, decaySteps: 1, decayRate: 0.5 },
  });
});

test('what schedules refuse', () => {
  assert.throws(
    () => schedules.cosineDecay({ initialLearningRate: 1, decaySteps: 0 }),
    /^cosineDecay: decaySteps 0; use a number above 0$/,
  );
  assert.throws(
    () => schedules.piecewiseConstantDecay({ boundaries: [3, 2], values: [1, 2, 3] }),
    /^piecewiseConstantDecay: boundaries \[3, 2\] with 3 values; use rising whole numbers and one value more$/,
  );
  const twice = { initialLearningRate: 1, decaySteps: 2 };
  const refused: readonly [() => unknown, RegExp][] = [
    [
      () => schedules.exponentialDecay({ ...twice, decayRate: 1, staircase: 1 } as never),
      /^exponentialDecay: staircase 1; use true or false$/,
    ],
    [
      () => schedules.polynomialDecay({ ...twice, cycle: 'yes' } as never),
      /^polynomialDecay: cycle 'yes'; use true or false$/,
    ],
    [
      () => schedules.cosineDecay({ ...twice, decaySteps: true } as never),
      /^cosineDecay: decaySteps true; use a number above 0$/,
    ],
    [
      () => schedules.cosineDecay({ ...twice, alpha: [1] } as never),
      /^cosineDecay: alpha \[1\]; use a number$/,
    ],
    [
      () => schedules.piecewiseConstantDecay({ boundaries: [1], values: [1, '2'] } as never),
      /^piecewiseConstantDecay: values \[1, '2'\]; use a list of numbers$/,
    ],
  ];
  for (const [make, message] of refused) assert.throws(make, message);
  assert.throws(
    () => schedules.exponentialDecay({ initialLearningRate: 1, decaySteps: 1, rate: 2 } as never),
    /^exponentialDecay: unknown option 'rate'/,
  );
});
