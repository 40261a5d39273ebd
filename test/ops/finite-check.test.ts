// Tests of the finite check: infinities and NaN at every kind of place, none seen in what pads a tensor.
import * as assert from 'uvu/assert';
import { finiteCheckKernel, SCALE_STATE } from '../../src/kernels/scale_state.ts';
import * as ht from '../../src/node.ts';
import { suite } from '../harness.ts';
import { allFinite } from '../reference/finite.ts';
import { useEngines } from './engines.ts';
import { FORMS } from './row.ts';

const test = suite('finite check');
const engines = useEngines(test);

const SIZES = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 130, 1023, 1025, 4097];
const OVERFLOW_WORD = SCALE_STATE.findIndex(({ name }) => name === 'overflow');

for (const form of FORMS) {
  const bad =
    form === 'float32'
      ? [0x7f800000, 0xff800000, 0x7fc00000, 0xff800001, 0x7f800001]
      : [0x7c00, 0xfc00, 0x7e00, 0xfe00, 0x7c01, 0xffff];
  // Largest, smallest, zeros with their sign, one: nothing that is not finite.
  const good =
    form === 'float32'
      ? [0x7f7fffff, 0xff7fffff, 0x00000001, 0x80000000, 0x3f800000]
      : [0x7bff, 0xfbff, 0x0001, 0x8000, 0x3c00];

  /** Runs the check over the first `size` of these bits; what follows them pads the buffer. */
  const checked = (bits: number[], size: number): ht.Tensor => {
    const { engine, dtype } = engines.form(form);
    const words =
      dtype === 'float32' ? new Float32Array(Uint32Array.from(bits).buffer) : Uint16Array.from(bits);
    const x = ht.tensor(words, { dtype, engine });
    const state = ht.zeros([16], 'uint32', { engine });
    finiteCheckKernel({ engine, dtype, size, storage: x.storage }, state.storage);
    x.dispose();
    return state;
  };

  const assertFlags = async (
    states: { state: ht.Tensor; finite: boolean; what: string }[],
  ): Promise<void> => {
    const { engine } = engines.form(form);
    const read = await engine.read(states.map(({ state }) => ({ storage: state.storage, bytes: 64 })));
    for (const [i, { state, finite, what }] of states.entries()) {
      const words = [...new Uint32Array(read[i]!)];
      assert.equal(
        words,
        words.map((_, word) => (word === OVERFLOW_WORD && !finite ? 1 : 0)),
        what,
      );
      state.dispose();
    }
  };

  test(`one bad value is found at the first, the last and a middle place, ${form}`, async () => {
    const states = SIZES.flatMap((size) =>
      [0, size - 1, Math.floor(size / 2), Math.max(0, size - 2)].map((place, i) => {
        const bits = Array.from({ length: size }, (_, index) => good[index % good.length]!);
        bits[place] = bad[(size + i) % bad.length]!;
        return { state: checked(bits, size), finite: false, what: `size ${size}, bad at ${place}` };
      }),
    );
    await assertFlags(states);
  });

  test(`every bad pattern is found, and no good one, ${form}`, async () => {
    const one = (bits: number, finite: boolean) => ({
      ...{ state: checked([good[0]!, bits, good[1]!], 3), finite },
      what: bits.toString(16),
    });
    await assertFlags([...bad.map((bits) => one(bits, false)), ...good.map((bits) => one(bits, true))]);
  });

  test(`finite values followed by bad padding pass, ${form}`, async () => {
    const states = SIZES.map((size) => {
      const bits = Array.from({ length: size + 40 }, (_, i) =>
        i < size ? good[i % good.length]! : bad[i % bad.length]!,
      );
      return { state: checked(bits, size), finite: true, what: `size ${size}` };
    });
    await assertFlags(states);
  });

  test(`values made by ops, ${form}`, async () => {
    const { engine, dtype } = engines.form(form);
    const values = [1, -2, dtype === 'float32' ? 3e38 : 60000];
    const x = ht.tensor(values, { dtype, engine });
    const states = [1, 2].map((factor) => {
      const y = ht.mul(x, factor);
      const state = ht.zeros([16], 'uint32', { engine });
      finiteCheckKernel(y, state.storage);
      const largest = dtype === 'float32' ? 3.4028234663852886e38 : 65504;
      const expected = values.map((value) =>
        Math.abs(value * factor) > largest ? Number.POSITIVE_INFINITY : value,
      );
      return { state, finite: allFinite(expected), what: `times ${factor}` };
    });
    await assertFlags(states);
  });

  test(`the flag stays once it is set, ${form}`, async () => {
    const { engine, dtype } = engines.form(form);
    const state = ht.zeros([16], 'uint32', { engine });
    const zero = ht.zeros([5], dtype, { engine });
    finiteCheckKernel(ht.full([5], Number.POSITIVE_INFINITY, dtype, { engine }), state.storage);
    finiteCheckKernel(zero, state.storage);
    await assertFlags([{ state, finite: false, what: 'bad, then good' }]);
  });
}
