// Tests of the host's halves: all 65,536 of them and rounding to them, against a table and against neighbours.
import * as assert from 'uvu/assert';
import {
  fromHalf,
  fromHalves,
  HALF_MAX,
  HALF_MIN,
  HALF_MIN_NORMAL,
  roundToHalf,
  toHalf,
  toHalves,
} from '../src/values/half.ts';
import { suite } from './harness.ts';
import { randomOf } from './ops/draws.ts';
import { halfBits, halfUlp, halfValue, nearestHalf } from './reference/half.ts';

const test = suite('half');

const ALL = Array.from({ length: 65536 }, (_, bits) => bits);
const FINITE = ALL.filter((bits) => (bits & 0x7fff) < 0x7c00);
const view = new DataView(new ArrayBuffer(4));

/** A half's bits widened by shifting them into those of a float32, subnormals by a product. */
function widened(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits & 0x7c00) >> 10;
  if (exponent === 0) return sign * (bits & 0x3ff) * 2 ** -24;
  view.setUint32(
    0,
    exponent === 31 ? 0x7f800000 | ((bits & 0x3ff) << 13) : ((exponent + 112) << 23) | ((bits & 0x3ff) << 13),
  );
  return sign * view.getFloat32(0);
}

test('the two independent references agree', () => {
  for (const bits of ALL) assert.ok(Object.is(halfValue(bits), widened(bits)), bits.toString(16));
});

test('every half has its value', () => {
  for (const bits of ALL)
    if (!Object.is(fromHalf(bits), widened(bits)))
      assert.unreachable(`0x${bits.toString(16)} is ${fromHalf(bits)}`);
});

test('every half comes back from its value; NaN becomes 0x7e00', () => {
  for (const bits of ALL) {
    const value = widened(bits);
    const got = toHalf(value);
    if (Number.isNaN(value) ? (got & 0x7fff) !== 0x7e00 : got !== bits)
      assert.unreachable(`0x${bits.toString(16)} came back as 0x${got.toString(16)}`);
  }
});

test('between two neighbours the nearer one is taken, and the even one of equally near ones', () => {
  for (const bits of FINITE) {
    const low = widened(bits);
    const high = (bits & 0x7fff) === 0x7bff ? Math.sign(low) * 65536 : widened(bits + 1);
    const middle = (low + high) / 2;
    const away = middle + (high - low) * 2 ** -20;
    const back = middle - (high - low) * 2 ** -20;
    const [even, other] = [toHalf(middle), [toHalf(back), toHalf(away)]];
    if (even !== (bits % 2 === 0 ? bits : bits + 1) || other[0] !== bits || other[1] !== bits + 1)
      assert.unreachable(`around 0x${bits.toString(16)}: ${even}, ${other}`);
  }
});

test('random numbers of every size, float32 and float64, round as the reference does', () => {
  const random = randomOf('half');
  for (let i = 0; i < 200_000; i++) {
    view.setUint32(0, Math.floor(random() * 2 ** 32));
    const exact = (random() - 0.5) * 2 ** (40 * random() - 22);
    for (const value of [view.getFloat32(0), exact]) {
      if (Number.isNaN(value)) continue;
      if (toHalf(value) !== halfBits(value))
        assert.unreachable(`${value} became 0x${toHalf(value).toString(16)}`);
      if (!Object.is(roundToHalf(value), nearestHalf(value)))
        assert.unreachable(`${value} rounds to ${roundToHalf(value)}`);
    }
  }
});

test('the ends of the range', () => {
  const ends: [value: number, bits: number][] = [
    [65504, 0x7bff],
    [65519.99, 0x7bff],
    [65519.99999999999, 0x7bff],
    [65520, 0x7c00],
    [1e300, 0x7c00],
    [Number.POSITIVE_INFINITY, 0x7c00],
    [2 ** -14, 0x0400],
    [2 ** -14 - 2 ** -25, 0x0400],
    [2 ** -14 - 2 ** -24, 0x03ff],
    [2 ** -24, 0x0001],
    [2 ** -25, 0x0000],
    [2 ** -25 * 1.0000001, 0x0001],
    [1e-300, 0x0000],
    [0, 0x0000],
    [1, 0x3c00],
    [1 - 2 ** -12, 0x3c00],
    [1 - 2 ** -11, 0x3bff],
    [2 - 2 ** -11, 0x4000],
  ];
  for (const [value, bits] of ends) {
    assert.is(toHalf(value), bits, `${value}`);
    assert.is(toHalf(-value), bits + 0x8000, `-${value}`);
  }
  assert.equal([HALF_MAX, HALF_MIN_NORMAL, HALF_MIN], [65504, widened(0x0400), widened(0x0001)]);
});

test('whole arrays', () => {
  assert.equal([...toHalves([1, -2, 0.1])], [0x3c00, 0xc000, 0x2e66]);
  assert.equal([...fromHalves([0x3c00, 0xc000, 0x2e66])], [1, -2, 0.0999755859375]);
  assert.instance(toHalves([1]), Uint16Array);
  assert.instance(fromHalves([1]), Float32Array);
});

test('the reference knows the distance between halves', () => {
  for (const bits of FINITE.filter((one) => one < 0x7bff))
    assert.is(halfUlp(widened(bits)), widened(bits + 1) - widened(bits));
});
