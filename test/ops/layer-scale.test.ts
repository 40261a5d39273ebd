// The kernels of adaptive loss scaling beside their f64 twin: statistics, the rule with its bounds, and when it is asked.
import * as assert from 'uvu/assert';
import { adaptiveBeginKernel, layerScaleKernel } from '../../src/kernels/layer_scale.ts';
import { SCALE_STATE } from '../../src/kernels/scale_state.ts';
import * as ht from '../../src/node.ts';
import { encodeLayer, encodeStep } from '../../src/precision/adaptive-state.ts';
import { suite } from '../harness.ts';
import { begin, exponentOf, type Situation, type StepWords } from '../reference/adaptive-scale.ts';
import { nearestHalf } from '../reference/half.ts';
import { randomOf } from './draws.ts';
import { useEngines } from './engines.ts';
import { FORMS, type FormName } from './row.ts';

const test = suite('layer scale');
const engines = useEngines(test);

const FINITE = SCALE_STATE.findIndex(({ name }) => name === 'finite');
const START = { steps: 0, refresh: 1, retreat: 0, finite: 0 };

/** The exponent that the GPU chooses, where the layer had `before`. */
async function chosen(form: FormName, situation: Situation, before: number, refresh = 1): Promise<number> {
  const { engine, dtype } = engines.form(form);
  const { gradient, factor, underflow, retreat, enters } = situation;
  const step = { ...START, refresh, retreat };
  const state = ht.tensor(encodeStep(step), { engine });
  const layer = ht.tensor(encodeLayer({ scale: 2 ** before, rms: 0, largest: 0 }), { engine });
  const exponent = ht.zeros([], 'int32', { engine });
  const own = factor && {
    weight: ht.tensor(Float32Array.from(factor.weight), { engine }),
    terms: factor.terms,
  };
  const into = { state: state.storage, layer: layer.storage, exponent };
  const x = ht.tensor(Array.from(gradient), { engine, dtype });
  layerScaleKernel(x, own, into, underflow, enters);
  const [kept, given] = [await layer.data(), await exponent.data()];
  assert.is(kept[0], given[0]! >>> 0, 'what the layer keeps is what the gradient is scaled with');
  return given[0]!;
}

/** `size` numbers around 2^level, rounded to halves where they are to be. */
function drawn(name: string, size: number, level: number, half: boolean): Float32Array {
  const random = randomOf(name);
  return Float32Array.from({ length: size }, () => {
    const value = (random() + random() + random() - 1.5) * 2 ** level;
    return half ? nearestHalf(value) : value;
  });
}

for (const form of FORMS) {
  const half = form !== 'float32';
  test(`${form}: ragged sizes, small and large gradients, with and without a weight`, async () => {
    let scaled = 0;
    for (const size of [1, 3, 1025, 70_001]) {
      for (const level of half ? [-20, -9, 13] : [-70, -20, 14, 40]) {
        for (const [weights, terms] of [
          [0, 0],
          [4100, 41],
        ] as const) {
          const situation: Situation = {
            gradient: drawn(`g ${size} ${level}`, size, level, half),
            ...(weights > 0 && { factor: { weight: drawn(`w ${weights}`, weights, -3, false), terms } }),
            ...{ underflow: 1e-3, retreat: size % 3, enters: !half },
          };
          const expected = exponentOf(situation, 7);
          assert.is(await chosen(form, situation, 7), expected, `${size} of 2^${level}, ${weights} weights`);
          if (expected !== 0) scaled++;
        }
      }
    }
    assert.ok(scaled >= 8, `${scaled} situations had a scale`);
  });

  test(`${form}: zeros, infinities and NaN leave the exponent as it was, wherever they are`, async () => {
    const good = drawn('good', 300, -18, half);
    const spoilt = (value: number, at: number) => good.map((x, i) => (i === at ? value : x));
    const rest = { underflow: 1e-3, retreat: 0, enters: false };
    for (const gradient of [
      new Float32Array(300),
      spoilt(Number.POSITIVE_INFINITY, 0),
      spoilt(Number.NEGATIVE_INFINITY, 299),
      spoilt(Number.NaN, 150),
    ])
      assert.is(await chosen(form, { gradient, ...rest }, -3), -3);
    for (const weight of [
      [0, 0],
      [1, Number.NaN],
      [Number.POSITIVE_INFINITY, 1],
    ])
      assert.is(await chosen(form, { gradient: good, factor: { weight, terms: 2 }, ...rest }, 5), 5);
    assert.is(await chosen(form, { gradient: good, ...rest }, 2, 0), 2, 'a step that measures nothing');
    assert.is.not(await chosen(form, { gradient: good, ...rest }, 2), 2);
  });
}

test('neither the scaled gradient nor a sum of its products overflows', async () => {
  const rest = { underflow: 1e-3, retreat: 0 };
  // One large value among many that are tiny: the rule would raise them by 2^13.
  const gradient = new Float32Array(4096).fill(2 ** -24);
  gradient[77] = 2 ** 8;
  const weight = new Float32Array(64).fill(2);
  const factor = { weight, terms: 32 };
  const alone = await chosen('float16 native', { gradient, enters: false, ...rest }, 0);
  const summed = await chosen('float16 native', { gradient, factor, enters: false, ...rest }, 0);
  assert.ok(2 ** 8 * 2 ** alone <= 60000, `2^${alone}`);
  assert.ok(2 ** 8 * 2 ** summed * 32 * 2 <= 60000, `2^${summed}`);
  // A float32 gradient that float16 cannot hold comes down.
  const huge = Float32Array.of(2 ** 20, -3);
  assert.is(await chosen('float32', { gradient: huge, enters: true, ...rest }, 0), -5);
});

test('steps count, measure anew every so often and after a skipped one, and retreat and come back', async () => {
  const { engine } = engines.form('float32');
  const rule = { refreshSteps: 4, growthSteps: 3 };
  const random = randomOf('skips');
  const state = ht.zeros([4], 'uint32', { engine });
  let twin: StepWords = { steps: 0, refresh: 0, retreat: 0, finite: 0 };
  for (let step = 0; step < 200; step++) {
    const skipped = step > 0 && (step < 40 || random() < 0.2);
    const optimizer = ht.tensor(
      Uint32Array.from({ length: 16 }, (_, word) => (word === FINITE && !skipped ? 1 : 0)),
      { engine },
    );
    adaptiveBeginKernel(engine, state.storage, { ...rule, mostRetreat: 24 }, optimizer.storage);
    twin = begin(twin, skipped, rule);
    assert.equal([...(await state.data())], [twin.steps, twin.refresh, twin.retreat, twin.finite], `${step}`);
    optimizer.dispose();
  }
  const alone = ht.zeros([4], 'uint32', { engine });
  adaptiveBeginKernel(engine, alone.storage, { ...rule, mostRetreat: 24 }, undefined);
  assert.equal([...(await alone.data())], [1, 1, 0, 1], 'without an optimizer nothing counts as skipped');
});
