// Tests of casts by bits: every half, every kind of rounding, infinities and NaN, and the overflow flag.
import * as assert from 'uvu/assert';
import { byteLength } from '../../src/autograd/tensor.ts';
import * as ht from '../../src/node.ts';
import { castOverflowed } from '../../src/ops/cast.ts';
import { suite } from '../harness.ts';
import { halfBits, halfUlp, halfValue } from '../reference/half.ts';
import { randomOf } from './draws.ts';
import { useEngines } from './engines.ts';
import { FORMS } from './row.ts';

const test = suite('cast');
const engines = useEngines(test);
const HALVES = FORMS.slice(1);
const ALL = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
const float = new DataView(new ArrayBuffer(4));

function bitsOf(value: number): number {
  float.setFloat32(0, value);
  return float.getUint32(0);
}

function fromBits(bits: number): number {
  float.setUint32(0, bits);
  return float.getFloat32(0);
}

async function halvesOf(tensor: ht.Tensor): Promise<Uint16Array> {
  const [bytes] = await tensor.engine.read([{ storage: tensor.storage, bytes: byteLength(tensor) }]);
  return new Uint16Array(bytes!);
}

/** The reference's bits, which a result may miss by the sign or payload of NaN alone; subnormals may be flushed. */
function assertHalves(got: Uint16Array, values: ArrayLike<number>): void {
  assert.is(got.length, values.length);
  for (let index = 0; index < got.length; index++) {
    const value = values[index]!;
    const expected = halfBits(value);
    if (got[index] === expected) continue;
    const isNan = Number.isNaN(value) && (got[index]! & 0x7fff) > 0x7c00;
    const flushed = (expected & 0x7c00) === 0 && (got[index]! & 0x7fff) === 0;
    if (isNan || flushed) continue;
    assert.unreachable(
      `${value} at ${index} became ${got[index]!.toString(16)}, expected ${expected.toString(16)}`,
    );
  }
}

for (const form of HALVES) {
  test(`every half is widened exactly and comes back with the same bits, ${form}`, async () => {
    const { engine } = engines.form(form);
    const halves = ht.tensor(ALL, { dtype: 'float16', engine });
    const wide = ht.cast(halves, 'float32');
    const got = await wide.data();
    for (const bits of ALL) {
      const expected = halfValue(bits);
      const flushed = (bits & 0x7c00) === 0 && got[bits] === 0;
      if (!Object.is(got[bits], expected) && !flushed)
        assert.unreachable(`0x${bits.toString(16)} became ${got[bits]}, expected ${expected}`);
    }
    assertHalves(await halvesOf(ht.cast(wide, 'float16')), [...ALL].map(halfValue));
  });

  test(`float32 rounds to the nearest half, ties to even, ${form}`, async () => {
    const { engine } = engines.form(form);
    const finite = [...ALL].filter((bits) => (bits & 0x7fff) < 0x7bff).map(halfValue);
    const ties = finite.flatMap((value) => {
      const tie = value + (halfUlp(value) / 2) * (value < 0 ? -1 : 1);
      return [tie, fromBits(bitsOf(tie) + 1), fromBits(bitsOf(tie) - 1)];
    });
    const x = ht.tensor(Float32Array.from(ties), { engine });
    // WGSL leaves the direction open; an adapter that does not round to nearest would fail here, and should be known.
    assertHalves(await halvesOf(ht.cast(x, 'float16')), ties);
  });

  test(`the ends of the range: 65504, beyond it infinity, NaN stays NaN, ${form}`, async () => {
    const { engine } = engines.form(form);
    const ends = [
      65504,
      65505,
      65519.99609375,
      65520,
      65520.01,
      65536,
      1e6,
      3.4e38,
      Number.POSITIVE_INFINITY,
    ];
    const values = [
      ...ends,
      ...ends.map((value) => -value),
      0,
      -0,
      Number.NaN,
      1e-40,
      2 ** -24,
      2 ** -25,
      2 ** -14,
    ];
    const x = ht.tensor(Float32Array.from(values), { engine });
    const got = await halvesOf(ht.cast(x, 'float16'));
    assertHalves(got, values.map(Math.fround));
    assert.equal(
      [...got.slice(0, 9)],
      [0x7bff, 0x7bff, 0x7bff, 0x7c00, 0x7c00, 0x7c00, 0x7c00, 0x7c00, 0x7c00],
    );
  });

  test(`random float32 bits round as the reference does, ${form}`, async () => {
    const { engine } = engines.form(form);
    const random = randomOf('cast');
    const values = Float32Array.from({ length: 50_001 }, () => fromBits(Math.floor(random() * 2 ** 32)));
    assertHalves(await halvesOf(ht.cast(ht.tensor(values, { engine }), 'float16')), values);
  });

  test(`ops that only move halves keep infinities, NaN and zeros with their sign, ${form}`, async () => {
    const { engine } = engines.form(form);
    const bits = Uint16Array.from([0x7c00, 0xfc00, 0x7e00, 0x8000, 0x0000, 0x3c00]);
    const x = ht.tensor(bits, { dtype: 'float16', engine, shape: [2, 3] });
    const moved = await halvesOf(ht.transpose(x));
    assertHalves(moved, [0x7c00, 0x8000, 0xfc00, 0x0000, 0x7e00, 0x3c00].map(halfValue));
    assertHalves(await halvesOf(ht.slice(x, [0, 1], [2, 2])), [0xfc00, 0x7e00, 0, 0x3c00].map(halfValue));
    assertHalves(
      await halvesOf(
        ht.pad(x, [
          [0, 0],
          [1, 0],
        ]),
      ).then((halves) => halves.slice(0, 4)),
      [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN],
    );
  });

  test(`the overflow flag: set by finite values beyond float16 alone, and cleared by asking, ${form}`, async () => {
    const { engine } = engines.form(form);
    const overflows = async (...values: number[]) => {
      ht.cast(ht.tensor(values, { engine }), 'float16').dispose();
      return castOverflowed(engine);
    };
    await castOverflowed(engine);
    assert.is(await overflows(1, 65504, 65519.99), false);
    assert.is(await overflows(1, 2, 3, 4, 65520), true);
    assert.is(await castOverflowed(engine), false);
    assert.is(await overflows(0, -65520), true);
    assert.is(await overflows(-3.4e38), true);
    assert.is(await overflows(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN), false);
    assert.is(await overflows(...Array<number>(300).fill(0), 1e5), true);
  });

  test(`values that pad the last quad do not set the overflow flag, ${form}`, async () => {
    const { engine } = engines.form(form);
    // A buffer from the pool still holds what was in it.
    ht.full([64], 1e6, 'float32', { engine }).dispose();
    // An upload, unlike a kernel, writes no whole quads.
    ht.cast(ht.tensor(new Float32Array(61), { engine }), 'float16').dispose();
    assert.is(await castOverflowed(engine), false);
  });

  test(`a cast recorded while the flag is being read is seen by the next question, ${form}`, async () => {
    const { engine } = engines.form(form);
    const first = castOverflowed(engine);
    ht.cast(ht.tensor([1e6], { engine }), 'float16').dispose();
    assert.equal([await first, await castOverflowed(engine)], [false, true]);
  });

  test(`whole numbers and bools become halves, and halves whole numbers, ${form}`, async () => {
    const { engine } = engines.form(form);
    const ints = ht.tensor([0, 1, -7, 2049, 65504, 70000], { dtype: 'int32', engine });
    assert.equal(
      [...(await ht.cast(ints, 'float16').data())],
      [0, 1, -7, 2048, 65504, Number.POSITIVE_INFINITY],
    );
    const bools = ht.tensor([true, false], { engine });
    assert.equal([...(await ht.cast(bools, 'float16').data())], [1, 0]);
    const halves = ht.tensor([1.75, -1.75, 0.25, 65504], { dtype: 'float16', engine });
    assert.equal([...(await ht.cast(halves, 'int32').data())], [1, -1, 0, 65504]);
    assert.equal([...(await ht.cast(halves, 'bool').data())], [1, 1, 1, 1]);
    assert.equal(
      [...(await ht.cast(ht.tensor([0, -0, 6e-8], { dtype: 'float16', engine }), 'bool').data())],
      [0, 0, 1],
    );
  });
}

test('a cast to the dtype that a tensor has is another handle on the same values', () => {
  const { engine } = engines.form('float32');
  const x = ht.ones([3], 'float32', { engine });
  const same = ht.cast(x, 'float32');
  assert.is(same.storage, x.storage);
  assert.is(same.id, x.id);
  x.dispose();
  assert.not(same.disposed);
});

test('int32 and uint32 share bits', async () => {
  const { engine } = engines.form('float32');
  const ints = ht.tensor([-1, 5], { dtype: 'int32', engine });
  assert.equal([...(await ht.cast(ints, 'uint32').data())], [2 ** 32 - 1, 5]);
  const words = ht.tensor([2 ** 32 - 2], { dtype: 'uint32', engine });
  assert.equal([...(await ht.cast(words, 'int32').data())], [-2]);
});
