// Gradients times powers of two: up, down and to a common one, exact in every form, flags and all.
import * as assert from 'uvu/assert';
import * as ht from '../../src/node.ts';
import { rescaledSum, scaleDown, scaleUp } from '../../src/ops/rescale.ts';
import { suite } from '../harness.ts';
import { nearestHalf } from '../reference/half.ts';
import { assertClose } from '../tolerances.ts';
import { randomOf } from './draws.ts';
import { useEngines } from './engines.ts';
import { FORMS } from './row.ts';

const test = suite('rescale');
const engines = useEngines(test);

const SIZES = [1, 3, 4, 5, 63, 257, 1025];
const EXPONENTS = [-30, -11, -1, 0, 1, 9, 24];

for (const form of FORMS) {
  const make = (values: number[]) => {
    const { engine, dtype } = engines.form(form);
    return ht.tensor(values, { dtype, engine });
  };
  const power = (exponent: number) =>
    ht.tensor(exponent, { dtype: 'int32', engine: engines.form(form).engine });
  /** Halves of every size, and what float32 has beyond them. */
  const drawn = (size: number, name: string) => {
    const random = randomOf(name);
    const spread = form === 'float32' ? 60 : 12;
    return Array.from({ length: size }, () =>
      nearestHalf((random() - 0.5) * 2 ** Math.floor(spread * (random() - 0.5))),
    );
  };
  const isHalf = form !== 'float32';
  const rounded = (value: number) => (isHalf ? nearestHalf(value) : value);

  test(`${form}: up and down are exact but for what the result cannot hold`, async () => {
    for (const size of SIZES) {
      const values = drawn(size, `${form} ${size}`);
      for (const exponent of EXPONENTS) {
        for (const [op, sign] of [
          [scaleUp, 1],
          [scaleDown, -1],
        ] as const) {
          const got = await op(make(values), power(exponent)).data();
          const expected = values.map((value) => rounded(value * 2 ** (sign * exponent)));
          const comparison = { op: 'rescale', dtype: engines.form(form).dtype, exact: !isHalf } as const;
          assertClose(got as Float32Array, expected, comparison);
        }
      }
    }
  });

  test(`${form}: two gradients meet at the smaller power`, async () => {
    for (const [p, q] of [
      [3, 3],
      [5, -2],
      [-4, 1],
      [0, 20],
    ] as const) {
      for (const size of SIZES) {
        const [a, b] = [drawn(size, `a ${size}`), drawn(size, `b ${size}`)];
        const got = await rescaledSum(make(a), power(p), make(b), power(q)).data();
        const low = Math.min(p, q);
        const expected = a.map((value, i) =>
          rounded(Math.fround(value * 2 ** (low - p) + b[i]! * 2 ** (low - q))),
        );
        assertClose(got as Float32Array, expected, {
          ...{ op: 'rescaledSum', dtype: engines.form(form).dtype, terms: 2 },
        });
      }
    }
  });

  test(`${form}: zeros keep their sign; infinity and NaN stay what they are`, async () => {
    const values = [0, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN];
    for (const exponent of [-200, -3, 0, 3, 200]) {
      const got = Array.from(await scaleUp(make(values), power(exponent)).data());
      assert.ok(
        got.every((value, i) => Object.is(value, values[i])),
        `2^${exponent}: ${got}`,
      );
    }
  });
}

test('float32 to float16 rounds once, and what does not fit is infinite', async () => {
  const { engine } = engines.form('float16 native');
  const x = ht.tensor([2 ** -40, 3 * 2 ** -40, -(2 ** -20), 1], { engine });
  const y = scaleUp(x, ht.tensor(20, { dtype: 'int32', engine }), 'float16');
  assert.is(y.dtype, 'float16');
  assert.equal(Array.from(await y.data()), [2 ** -20, 3 * 2 ** -20, -1, Number.POSITIVE_INFINITY]);
});

test('exponents beyond those of float32: what is small enough comes through', async () => {
  const { engine } = engines.form('float32');
  const exponent = ht.tensor(200, { dtype: 'int32', engine });
  assert.equal(Array.from(await scaleUp(ht.tensor([2 ** -100, 0], { engine }), exponent).data()), [
    2 ** 100,
    0,
  ]);
  assert.equal(Array.from(await scaleDown(ht.tensor([2 ** 100, 2 ** 120], { engine }), exponent).data()), [
    2 ** -100,
    2 ** -80,
  ]);
});

test('its gradients are the same powers', async () => {
  const { engine } = engines.form('float32');
  const [a, b] = [ht.tensor([1, 2], { engine }), ht.tensor([3, 4], { engine })];
  const power = (exponent: number) => ht.tensor(exponent, { dtype: 'int32', engine });
  const gradients = async (fn: () => ht.Tensor) => {
    const tape = new ht.GradientTape();
    tape.watch(a, b);
    const y = tape.record(fn);
    return Promise.all(
      tape.gradient(y, [a, b], { unconnected: 'zero' }).map(async (g) => [...(await g.data())]),
    );
  };
  assert.equal(await gradients(() => scaleUp(a, power(3))), [
    [8, 8],
    [0, 0],
  ]);
  assert.equal(await gradients(() => scaleDown(b, power(1))), [
    [0, 0],
    [0.5, 0.5],
  ]);
  assert.equal(await gradients(() => rescaledSum(a, power(4), b, power(1))), [
    [0.125, 0.125],
    [1, 1],
  ]);
});
