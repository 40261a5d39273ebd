// Tests of random numbers on the GPU: the generator's words bit for bit, their statistics, and that draws differ.
import * as assert from 'uvu/assert';
import * as ht from '../../src/node.ts';
import { suite } from '../harness.ts';
import { castValue } from '../reference/cast.ts';
import { normals, units } from '../reference/random.ts';
import { assertClose } from '../tolerances.ts';
import { FORMS, type Form, type FormName } from './row.ts';

const test = suite('random');

/** An engine of its own, whose first draw is number 0. */
async function withEngine(name: FormName, seed: number, body: (form: Form) => Promise<void>): Promise<void> {
  const engine = await ht.open({ seed, f16: name === 'float16 packed' ? 'packed' : 'native' });
  try {
    await body({ engine, dtype: name === 'float32' ? 'float32' : 'float16' });
  } finally {
    engine.close();
  }
}

/** float16 holds 11 bits of a uniform number exactly, and is given no more. */
function drawn(unit: number, dtype: ht.DType): number {
  return dtype === 'float16' ? Math.floor(unit * 2048) / 2048 : unit;
}

for (const form of FORMS) {
  test(`uniform numbers are those of the reference generator, draw after draw, ${form}`, () =>
    withEngine(form, 0xfedcba98, async ({ engine, dtype }) => {
      for (const [draw, size] of [1, 7, 33, 2183].entries()) {
        const got = await ht.randomUniform([size], 0, 1, dtype, { engine }).data();
        const expected = units(0xfedcba98, draw, size).map((unit) => castValue(drawn(unit, dtype), dtype));
        assert.equal([...got], expected, `draw ${draw} of ${size}`);
      }
      const got = await ht.randomUniform([5, 26], -3, 5, dtype, { engine }).data();
      assertClose(
        got,
        units(0xfedcba98, 4, 130).map((unit) => -3 + 8 * drawn(unit, dtype)),
        { op: 'randomUniform', dtype },
      );
    }));

  test(`normal numbers are those of Box and Muller, ${form}`, () =>
    withEngine(form, 7, async ({ engine, dtype }) => {
      for (const [draw, size] of [1, 7, 130, 2183].entries()) {
        const got = await ht.randomNormal([size], 0.5, 2, dtype, { engine }).data();
        const expected = normals(7, draw, size).map((normal) => 0.5 + 2 * normal);
        assertClose(got, expected, { op: 'randomNormal', dtype });
      }
    }));

  test(`dropout zeroes what the reference zeroes and scales the rest, also in its gradient, ${form}`, () =>
    withEngine(form, 3, async ({ engine, dtype }) => {
      const kept = (draw: number, rate: number) =>
        units(3, draw, 130).map((unit) => (unit >= rate ? 1 / (1 - rate) : 0));
      const x = ht.range(1, 131, 1, dtype, { engine });
      const mask = await ht.dropoutMask(x, 0.3).data();
      assertClose(mask, kept(0, 0.3), { op: 'dropoutMask', dtype });
      const tape = new ht.GradientTape();
      tape.watch(x);
      const y = tape.record(() => ht.dropout(x, 0.75));
      const got = await y.data();
      assertClose(
        got,
        kept(1, 0.75).map((factor, i) => factor * (i + 1)),
        { op: 'dropout', dtype, exact: true },
      );
      const gradient = await tape.gradient(y, x)!.data();
      assertClose(gradient, kept(1, 0.75), { op: 'dropout', dtype, pass: 'gradient', exact: true });
      assert.is(ht.dropout(x, 0), x);
    }));
}

for (const form of FORMS.slice(1)) {
  test(`uniform halves stay below 1, which rounding would reach, ${form}`, () =>
    withEngine(form, 5, async ({ engine }) => {
      const x = ht.randomUniform([300_000], 0, 1, 'float16', { engine });
      assert.is((await ht.max(x).data())[0], 2047 / 2048);
    }));
}

test('statistics of uniform, normal and dropped numbers', () =>
  withEngine('float32', 11, async ({ engine }) => {
    const size = 200_000;
    const moments = async (x: ht.Tensor) => {
      const values = [...(await x.data())];
      const moment = (power: number, mean: number) =>
        values.reduce((sum, v) => sum + (v - mean) ** power, 0) / size;
      const mean = moment(1, 0);
      return { mean, variance: moment(2, mean), third: moment(3, mean), fourth: moment(4, mean), values };
    };
    const near = (value: number, expected: number, deviation: number, what: string) =>
      assert.ok(
        Math.abs(value - expected) < 5 * (deviation / Math.sqrt(size)),
        `${what} is ${value}, not ${expected}`,
      );
    const u = await moments(ht.randomUniform([size], 0, 1, 'float32', { engine }));
    near(u.mean, 0.5, Math.sqrt(1 / 12), 'mean of uniform');
    near(u.variance, 1 / 12, Math.sqrt(1 / 180), 'variance of uniform');
    assert.ok(u.values.every((value) => value >= 0 && value < 1));
    const counts = Array<number>(16).fill(0);
    for (const value of u.values) counts[Math.floor(16 * value)]!++;
    for (const [bin, count] of counts.entries()) near(count / size, 1 / 16, 0.25, `share of bin ${bin}`);
    const correlation =
      u.values.slice(1).reduce((sum, v, i) => sum + (v - 0.5) * (u.values[i]! - 0.5), 0) / size;
    near(correlation, 0, 1 / 12, 'covariance of neighbours');
    const n = await moments(ht.randomNormal([size], 0, 1, 'float32', { engine }));
    near(n.mean, 0, 1, 'mean of normal');
    near(n.variance, 1, Math.sqrt(2), 'variance of normal');
    near(n.third, 0, Math.sqrt(15), 'third moment of normal');
    near(n.fourth, 3, Math.sqrt(96), 'fourth moment of normal');
    const beyond = n.values.filter((value) => Math.abs(value) > 1.96).length / size;
    near(beyond, 0.05, Math.sqrt(0.05 * 0.95), 'share beyond 1.96');
    const mask = await moments(ht.dropoutMask(ht.ones([size], 'float32', { engine }), 0.4));
    near(mask.mean, 1, Math.sqrt(0.4 / 0.6), 'mean of dropout mask');
  }));

test('draws differ from each other, by seed, and not from run to run', async () => {
  const draw = async (seed: number) => {
    const rows: string[] = [];
    await withEngine('float32', seed, async ({ engine }) => {
      for (let i = 0; i < 3; i++)
        rows.push(String(await ht.randomUniform([5], 0, 1, 'float32', { engine }).data()));
    });
    return rows;
  };
  const [first, again, other] = [await draw(1), await draw(1), await draw(2)];
  assert.equal(again, first);
  assert.is(new Set([...first, ...other]).size, 6);
});

test('replays of a jitted function draw the numbers that eager calls would', () =>
  withEngine('float32', 21, async ({ engine }) => {
    const x = ht.ones([6], 'float32', { engine });
    const noisy = ht.jit((input: ht.Tensor) =>
      ht.add(ht.dropout(input, 0.5), ht.randomUniform([6], 0, 1, 'float32', { engine })),
    );
    const mask = (draw: number) => units(21, draw, 6).map((unit) => (unit >= 0.5 ? 2 : 0));
    for (let call = 0; call < 4; call++) {
      const expected = units(21, 2 * call + 1, 6).map((unit, i) => Math.fround(mask(2 * call)[i]! + unit));
      assert.equal([...(await noisy(x).data())], expected, `call ${call}`);
    }
    assert.is(noisy.traces, 1);
  }));
