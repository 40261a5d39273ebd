// The loss-scale state on the GPU against its twin on the host, bit for bit, over random sequences of finite and overflowing steps.
import * as assert from 'uvu/assert';
import { SCALE_STATE, SCALE_STATE_BYTES } from '../src/kernels/scale_state.ts';
import * as ht from '../src/node.ts';
import { type DynamicOptions, dynamicLossScale, growthLimit, RULES } from '../src/precision/loss-scale.ts';
import { ScaleState, type ScaleValues } from '../src/precision/scale-state.ts';
import { suite } from './harness.ts';
import { randomOf } from './ops/draws.ts';
import * as reference from './reference/loss-scale.ts';
import { MODES } from './step.ts';

const test = suite('loss-scale state');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open();
});
test.after(() => engine.close());

const NO_BETAS = { beta1: 1, beta2: 1 };
/** Option sets that make every branch of the rules happen within short sequences. */
const OPTIONS: readonly DynamicOptions[] = [
  {},
  { growthSteps: 1 },
  { growthSteps: 2, initialScale: 4 },
  { growthSteps: 3, growthFactor: 1.5, backoffFactor: 0.3 },
  { growthSteps: 2, minScale: 1024, maxScale: 2 ** 17 },
  { growthSteps: 1, initialScale: 2 ** 125 },
  { growthSteps: 2, growthFactor: 4, initialScale: 2 ** 126 },
  { growthSteps: 2, initialScale: 2 ** -124, minScale: 0 },
  { growthSteps: 2, growthFactor: 1.0625, backoffFactor: 0.9375, initialScale: 1e-3, minScale: 1e-4 },
  { growthSteps: 2, countSkipped: true },
  { growthSteps: 2, countSkipped: false },
  { growthSteps: 4, hysteresis: 2 },
  { growthSteps: 4, hysteresis: 2, consecutiveHysteresis: true },
  { growthSteps: 2, hysteresis: 5, growthFactor: 3, maxScale: 2 ** 18 },
  { growthSteps: 1, hysteresis: 2 ** 32 - 1 },
  // Grows to 3 2^16 exactly, and from 131071.99 not at all, since its product would be one ulp above.
  { growthSteps: 1, growthFactor: 1.5, maxScale: 3 * 2 ** 16, initialScale: 2 ** 17 },
  { growthSteps: 1, growthFactor: 1.5, maxScale: 196607.984375, initialScale: 131071.9921875 },
  { growthSteps: 1, growthFactor: 1 + 2 ** -23, initialScale: 2 ** 15, maxScale: 2 ** 15 + 2 ** -5 },
];
const WINDOWS = [1, 1, 2, 3, 5];
const SEQUENCES = 60;
const LONGEST = 24;

/** Words of the state that the reference has too. */
function known(values: ScaleValues): reference.State {
  const { scale, growthCounter, apply, inverse, skipped, iterations } = values;
  const { gathered, endured, inARow, overflow } = values;
  return {
    ...{ scale, growthCounter, apply, inverse, skipped, iterations },
    ...{ gathered, endured, inARow, overflow },
  };
}

/** All states in one read. */
async function readStates(states: readonly ScaleState[]): Promise<ScaleValues[]> {
  const read = await engine.read(states.map(({ storage }) => ({ storage, bytes: SCALE_STATE_BYTES })));
  return read.map((bytes) => {
    const [floats, words] = [new Float32Array(bytes), new Uint32Array(bytes)];
    return Object.fromEntries(
      SCALE_STATE.map(({ name, type }, place) => [name, (type === 'f32' ? floats : words)[place]!]),
    ) as ScaleValues;
  });
}

for (const rules of RULES) {
  test(`${rules}: ${OPTIONS.length * SEQUENCES} random sequences end in the same state as on the host`, async () => {
    const random = randomOf(rules);
    const finite = ht.tensor([1, -2, 3]);
    const overflows = [
      [Infinity, 1, 1],
      [1, Number.NaN, 1],
      [1, 1, -Infinity],
    ].map((values) => ht.tensor(values));
    for (const [place, options] of OPTIONS.entries()) {
      const rule = { ...reference.RULES[rules], ...options };
      const sequences = Array.from({ length: SEQUENCES }, () => {
        const overflowShare = random();
        const length = 1 + Math.floor(LONGEST * random() ** 3);
        return Array.from({ length }, () => random() >= overflowShare);
      });
      const windowOf = (index: number) => WINDOWS[(index + place) % WINDOWS.length]!;
      const states = sequences.map((steps, index) => {
        const state = new ScaleState(engine, dynamicLossScale(options, rules), 0.1);
        for (const ok of steps) {
          const second = ok ? finite : overflows[Math.floor(3 * random())]!;
          state.endStep([finite, second], { ...NO_BETAS, window: windowOf(index) });
        }
        return state;
      });
      for (const [index, got] of (await readStates(states)).entries()) {
        const steps = sequences[index]!;
        const window = windowOf(index);
        const text = `${JSON.stringify(options)} window ${window} ${steps.map((ok) => (ok ? 'f' : 'o')).join('')}`;
        assert.equal(known(got), reference.run(steps, rule, window), text);
      }
      for (const state of states) state.dispose();
    }
  });
}

for (const { mode, run } of MODES) {
  test(`${mode}: 150 steps in a row, compared after each`, async () => {
    const random = randomOf('in a row');
    const options = { growthSteps: 3, initialScale: 64, minScale: 0.5 };
    const rule = { ...reference.RULES.pytorch, ...options };
    const state = new ScaleState(engine, dynamicLossScale(options, 'pytorch'), 0.1);
    const step = run((gradient) => state.endStep([gradient!], NO_BETAS));
    let expected = reference.start(rule);
    for (let count = 0; count < 150; count++) {
      const finite = random() > 0.3;
      const gradient = ht.tensor([1, finite ? 1 : Number.NaN]);
      step(gradient);
      gradient.dispose();
      expected = reference.step(expected, finite, rule);
      assert.equal(known(await state.read()), expected, `after step ${count + 1}`);
    }
  });
}

test('a scale without a floor stops at 2^-126, where the next finite step still has an inverse', async () => {
  for (const rules of ['keras3', 'pytorch'] as const) {
    const state = new ScaleState(engine, dynamicLossScale({ minScale: 0 }, rules), 0.1);
    const overflow = ht.tensor([Infinity]);
    for (let count = 0; count < 160; count++) state.endStep([overflow], NO_BETAS);
    state.endStep([ht.tensor([1])], NO_BETAS);
    const { scale, inverse, apply, skipped } = await state.read();
    assert.equal([scale, inverse, apply, skipped], [2 ** -126, 2 ** 126, 1, 160]);
  }
});

test('a scale that grows with every step stops at 2^127', async () => {
  for (const rules of RULES) {
    const state = new ScaleState(
      engine,
      dynamicLossScale({ growthSteps: 1, initialScale: 2 ** 100 }, rules),
      0.1,
    );
    const finite = ht.tensor([1]);
    for (let count = 0; count < 40; count++) state.endStep([finite], NO_BETAS);
    const { scale, growthCounter, iterations } = await state.read();
    assert.equal([scale, growthCounter, iterations], [2 ** 127, 0, 40], rules);
  }
});

test('a static scale neither moves nor skips, and none at all is 1', async () => {
  const overflow = ht.tensor([Infinity]);
  for (const [lossScale, scale] of [
    [ht.mixedPrecision.staticLossScale(64), 64],
    [ht.mixedPrecision.NO_LOSS_SCALE, 1],
  ] as const) {
    const state = new ScaleState(engine, lossScale, 0.1);
    for (let count = 0; count < 3; count++) state.endStep([overflow], NO_BETAS);
    const got = await state.read();
    assert.equal([got.scale, got.skipped, got.apply, got.iterations, got.growthCounter], [scale, 0, 1, 3, 0]);
    assert.is(got.inverse, 1 / scale);
  }
});

test("Adam's running products go by applied steps, and by iterations under the rules of tf.keras", async () => {
  for (const [rules, counted] of [
    ['keras3', 3],
    ['pytorch', 3],
    ['tf.keras', 5],
  ] as const) {
    const state = new ScaleState(engine, dynamicLossScale({}, rules), 0.1);
    const [finite, overflow] = [ht.tensor([1]), ht.tensor([Infinity])];
    for (const gradient of [finite, overflow, finite, overflow, finite]) {
      state.endStep([gradient], { beta1: 0.5, beta2: 0.75 });
    }
    const { beta1Power, beta2Power, iterations } = await state.read();
    assert.equal([beta1Power, beta2Power, iterations], [0.5 ** counted, 0.75 ** counted, counted], rules);
  }
});

test('one word written leaves the others as they are', async () => {
  const state = new ScaleState(engine, dynamicLossScale({ growthSteps: 3 }), 0.1);
  state.endStep([ht.tensor([1])], NO_BETAS);
  const before = await state.read();
  state.write({ learningRate: 0.25 });
  assert.equal(await state.read(), { ...before, learningRate: 0.25 }, 'after a read');
  state.endStep([ht.tensor([1])], NO_BETAS);
  state.write({ growthCounter: 7 });
  state.endStep([ht.tensor([1])], NO_BETAS);
  const after = await state.read();
  assert.equal(
    [after.learningRate, after.scale, after.iterations],
    [0.25, before.scale * 2, 3],
    'between steps',
  );
});

test('the largest scale that may grow is found to the last bit', () => {
  const random = randomOf('limits');
  const after = (value: number) => {
    const float = Float32Array.of(value);
    new Uint32Array(float.buffer)[0]!++;
    return float[0]!;
  };
  for (let count = 0; count < 2000; count++) {
    const growthFactor = 1 + 2 ** (24 * random() - 20);
    const maxScale = 2 ** (240 * random() - 120);
    const limit = growthLimit(dynamicLossScale({ growthFactor, maxScale, initialScale: maxScale / 2 }));
    const [factor, most] = [Math.fround(growthFactor), Math.fround(maxScale)];
    assert.ok(Math.fround(limit * factor) <= most, `${growthFactor} ${maxScale}`);
    assert.ok(
      Math.fround(after(limit) * factor) > most,
      `${growthFactor} ${maxScale}: a larger one may grow`,
    );
  }
});

/** The scale after each step of a sequence such as 'ffo': finite, finite, overflow. */
async function scalesAfter(sequence: string, options: DynamicOptions): Promise<number[]> {
  const state = new ScaleState(engine, dynamicLossScale({ initialScale: 64, ...options }), 0.1);
  const gradients = { f: ht.tensor([1]), o: ht.tensor([Infinity]) };
  const scales: number[] = [];
  for (const kind of sequence) {
    state.endStep([gradients[kind as 'f' | 'o']], NO_BETAS);
    scales.push((await state.read()).scale);
  }
  return scales;
}

test('hysteresis 3: two overflows are endured, refilled by growth as in DeepSpeed and Megatron', async () => {
  const options = { hysteresis: 3, growthSteps: 2 };
  assert.equal(await scalesAfter('ooooo', options), [64, 64, 32, 16, 8]);
  // Single finite steps refill nothing; two in a row let the scale grow, and refill.
  assert.equal(
    await scalesAfter('ofofo fo ffoo o'.replaceAll(' ', ''), options),
    [64, 64, 64, 64, 32, 32, 16, 16, 32, 32, 32, 16],
  );
});

test('hysteresis 3, consecutive: each finite step refills, so that only overflows in a row count', async () => {
  const options = { hysteresis: 3, consecutiveHysteresis: true, growthSteps: 100 };
  assert.equal(await scalesAfter('oofoofooof', options), [64, 64, 64, 64, 64, 64, 64, 64, 32, 32]);
  assert.equal(await scalesAfter('oooofoo', options), [64, 64, 32, 16, 16, 16, 16]);
});

test('hysteresis: growth that stops at the largest scale still refills', async () => {
  const options = { hysteresis: 2, growthSteps: 1, maxScale: 64 };
  assert.equal(await scalesAfter('ofofoo', options), [64, 64, 64, 64, 64, 32]);
});
