// How masters in float16 take new values, bit for bit as the reference: stochastically and with compensation, native and packed.
import * as assert from 'uvu/assert';
import { byteLength } from '../../src/autograd/tensor.ts';
import { averageKernel, type Rounding, updateKernel } from '../../src/kernels/optimizer.ts';
import { SCALE_STATE, SCALE_STATE_BYTES } from '../../src/kernels/scale_state.ts';
import * as ht from '../../src/node.ts';
import { suite } from '../harness.ts';
import {
  compensated,
  compensatedValue,
  roundingWords,
  stochasticHalf,
} from '../reference/float16-weights.ts';
import { halfBits, halfValue, nearestHalf } from '../reference/half.ts';
import { randomOf } from './draws.ts';
import { readAll, useEngines } from './engines.ts';

const test = suite('float16 masters');
const engines = useEngines(test);
const FORMS = ['float16 native', 'float16 packed'] as const;

const ITERATIONS = 7;

function stateOf(engine: ht.Engine, learningRate = 1): ht.Tensor {
  const view = new DataView(new ArrayBuffer(SCALE_STATE_BYTES));
  const values: Record<string, number> = {
    ...{ apply: 1, finite: 1, inverse: 1, iterations: ITERATIONS },
    ...{ learningRate, beta1Power: 0.5, beta2Power: 0.5 },
  };
  for (const [word, { name, type }] of SCALE_STATE.entries()) {
    if (type === 'f32') view.setFloat32(word * 4, values[name] ?? 0, true);
    else view.setUint32(word * 4, values[name] ?? 0, true);
  }
  return ht.tensor(new Float32Array(view.buffer), { engine });
}

async function bitsOf(x: ht.Tensor): Promise<number[]> {
  const [bytes] = await x.engine.read([{ storage: x.storage, bytes: byteLength(x) }]);
  return Array.from(new Uint16Array(bytes!).subarray(0, x.size));
}

/** Numbers around every kind of half: ties, subnormal, too small, too large, and what is none. */
function numbersToStore(): number[] {
  const random = randomOf('numbers to store');
  const edges = [
    ...[0, -0, 1, -1, 1 + 2 ** -11, 1 + 3 * 2 ** -11, -1 - 2 ** -11, 1 + 2 ** -23, 2 - 2 ** -23],
    ...[2 ** -14, 2 ** -14 - 2 ** -26, 2 ** -15 + 2 ** -30, 3 * 2 ** -25, 2 ** -24, 2 ** -25, 2 ** -26],
    ...[2 ** -32, 3 * 2 ** -33, 2 ** -40, 2 ** -126, 1e-45, 65504, 65505, 65519.996, -65519.996, 65472],
    ...[65520, -65520, 1e30, Infinity, -Infinity, 2048 + 1, 4096 + 2, 4096 + 6],
  ];
  const drawn = Array.from(
    { length: 4000 },
    () => (2 * random() - 1) * 2 ** (Math.floor(50 * random()) - 33),
  );
  return [...edges, ...drawn].map(Math.fround);
}

/** What a master of halves holds after `values` took its place. */
async function stored(engine: ht.Engine, values: readonly number[], rounding: Rounding): Promise<number[]> {
  const master = ht.zeros([values.length], 'float16', { engine });
  const gradient = ht.tensor(Float32Array.from(values), { engine });
  updateKernel('overwrite', {
    ...{ gradient, master, copy: undefined, state: stateOf(engine).storage },
    rounding,
  });
  return bitsOf(master);
}

/** f32 numbers so small may be taken for 0 by a device. */
const flushes = (value: number) => value !== 0 && Math.abs(value) < 2 ** -126;

for (const name of FORMS) {
  test(`stochastic rounding is the reference's, ${name}`, async () => {
    const { engine } = engines.form(name);
    const values = numbersToStore();
    for (const stream of [0, 3]) {
      const got = await stored(engine, values, { kind: 'STOCHASTIC', stream });
      const words = roundingWords(engine.seed, ITERATIONS, stream, values.length);
      const wrong = values.flatMap((value, i) => {
        const expected = flushes(value) ? halfBits(0) : stochasticHalf(value, words[i]!);
        return got[i] === expected ? [] : [[value, words[i], got[i], expected]];
      });
      assert.equal(wrong, []);
    }
    const quiet = await stored(engine, [Number.NaN, 1, Number.NaN], { kind: 'STOCHASTIC', stream: 0 });
    assert.equal(
      quiet.map((bits) => (bits & 0x7fff) > 0x7c00),
      [true, false, true],
      'NaN stays',
    );
  });

  test(`compensation holds what rounding to nearest took off, ${name}`, async () => {
    const { engine } = engines.form(name);
    const values = numbersToStore();
    const low = ht.full([values.length], 3, 'float16', { engine });
    const got = await stored(engine, values, { kind: 'KAHAN', compensation: low.storage });
    const [lows] = await readAll(engine, [low]);
    for (const [i, value] of values.entries()) {
      const expected = compensated(flushes(value) ? 0 : value);
      assert.is(got[i]! & 0x7fff, halfBits(Math.abs(expected.high)), `${value}`);
      // The conversion of what is left may go either way, and what is subnormal may be flushed.
      const near = Math.abs(lows![i]! - expected.low);
      assert.ok(
        near <= Math.max(Math.abs(expected.low) * 2 ** -10, 2 ** -14),
        `${value}: ${lows![i]}, ${expected.low}`,
      );
    }
    assert.equal(
      values.flatMap((value, i) => (Math.abs(value) >= 65520 ? [got[i]! & 0x7fff, lows![i]!] : [])),
      [...Array(5)].flatMap(() => [0x7c00, 0]),
      'no remainder of what is infinite',
    );
  });

  test(`what a compensated weight stands for goes on from step to step, ${name}`, async () => {
    const { engine } = engines.form(name);
    const random = randomOf('steps');
    const size = 300;
    const start = Array.from({ length: size }, () => nearestHalf(2 * random() - 1));
    const master = ht.tensor(start, { dtype: 'float16', engine });
    const low = ht.zeros([size], 'float16', { engine });
    const rounding = { kind: 'KAHAN', compensation: low.storage } as const;
    let twin = start.map((high) => ({ high, low: 0 }));
    for (let step = 0; step < 40; step++) {
      const steps = start.map(() => nearestHalf(random() - 0.25));
      const gradient = ht.tensor(steps, { dtype: 'float16', engine });
      const state = stateOf(engine, 2 ** -12).storage;
      updateKernel('sgd', { gradient, master, copy: undefined, state, rounding }, {}, { momentum: 0 });
      twin = twin.map((weight, i) =>
        compensated(Math.fround(compensatedValue(weight) - steps[i]! * 2 ** -12)),
      );
    }
    const [highs, lows] = await readAll(engine, [master, low]);
    const way = (i: number, value: number) => (value - start[i]!) * 2 ** 12;
    for (const [i, weight] of twin.entries()) {
      const got = compensatedValue({ high: highs![i]!, low: lows![i]! });
      // Of how far the weight has gone, some ten times the gradient's mean.
      assert.ok(Math.abs(way(i, got) - way(i, compensatedValue(weight))) < 0.05, `${got}, ${weight.high}`);
      assert.is(highs![i], nearestHalf(got));
    }
  });

  test(`a compensation that cannot be of the weight is left out, ${name}`, async () => {
    const { engine } = engines.form(name);
    // Of 1 half a step is 2^-11, stored as 1; the second is that of a weight of 4.
    const [master, low] = [
      [1, 1, 1, 1],
      [1, 4, -1, -4],
    ].map((values) => ht.tensor(values, { dtype: 'float16', engine }));
    const rounding = { kind: 'KAHAN', compensation: low!.storage } as const;
    const gradient = ht.full([4], 2 ** -9, 'float16', { engine });
    const target = { gradient, master: master!, copy: undefined, state: stateOf(engine).storage };
    updateKernel('sgd', { ...target, rounding }, {}, { momentum: 0 });
    const [highs, lows] = await readAll(engine, [master!, low!]);
    const values = highs!.map((high, i) => compensatedValue({ high, low: lows![i]! }));
    assert.equal(
      values,
      [2 ** -11, 0, -(2 ** -11), 0].map((rest) => 1 + rest - 2 ** -9),
    );
  });

  test(`averages of float16 masters are float32, and are written back as they are rounded, ${name}`, async () => {
    const { engine } = engines.form(name);
    const master = ht.tensor([1, 2, 3, 4, 5], { dtype: 'float16', engine });
    const average = ht.tensor([2 ** -12, 0, 1, 1, 1], { engine });
    const target = { master, copy: undefined, state: stateOf(engine).storage };
    const numbers = { momentum: 1 - 2 ** -13, frequency: 1 };
    averageKernel({ ...target, rounding: { kind: 'STOCHASTIC', stream: 4 } }, average, numbers);
    const expected = [1, 2, 3, 4, 5].map((w, i) => {
      return (1 - 2 ** -13) * [2 ** -12, 0, 1, 1, 1][i]! + 2 ** -13 * w;
    });
    const [got] = await readAll(engine, [average]);
    assert.ok(
      got!.every((value, i) => Math.abs(value - expected[i]!) <= 1e-7),
      `${got}`,
    );
    const words = roundingWords(engine.seed, ITERATIONS, 5, 5);
    assert.equal(
      await bitsOf(master),
      got!.map((value, i) => stochasticHalf(value, words[i]!)),
    );
  });
}

test('the reference rounds to what is unrounded on average: exactly, over all random words of a normal half', () => {
  for (const value of [1 + 2 ** -23, 1 + 12345 * 2 ** -23, -0.7, 1000.7, 2 ** -14 + 2 ** -37, 65503].map(
    Math.fround,
  )) {
    let sum = 0;
    for (let word = 0; word < 8192; word++) sum += halfValue(stochasticHalf(value, word));
    assert.is(sum / 8192, value);
  }
});

test('the expected value of a rounded weight is the weight: 65,536 of each, within four deviations', async () => {
  const { engine } = engines.form('float16 packed');
  const count = 65_536;
  for (const value of [1 + 2 ** -13, -0.3, 2 ** -20 + 2 ** -26, 2 ** -27].map(Math.fround)) {
    const bits = await stored(engine, Array(count).fill(value), { kind: 'STOCHASTIC', stream: 1 });
    const around = [...new Set(bits)].map(halfValue).sort((a, b) => a - b);
    assert.is(around.length, 2, `${around}`);
    const [low, high] = around as [number, number];
    assert.ok(low < value && value < high, `${low} ${value} ${high}`);
    const mean = bits.reduce((sum, one) => sum + halfValue(one), 0) / count;
    const deviation = Math.sqrt(((value - low) * (high - value)) / count);
    assert.ok(Math.abs(mean - value) < 4 * deviation, `${value}: ${mean}, deviation ${deviation}`);
  }
});
