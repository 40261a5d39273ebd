// Tests of the tally's kernels: counts of every kind of value, at every kind of place, against plain numbers; carries; steps.
import * as assert from 'uvu/assert';
import {
  emptySteps,
  FIRST_EXPONENT,
  ROW_WORDS,
  readRow,
  readSteps,
  type TallyPlace,
  tallyKernel,
  tallyStepKernel,
} from '../../src/kernels/numerics.ts';
import * as ht from '../../src/node.ts';
import { fromHalf } from '../../src/values/half.ts';
import { suite } from '../harness.ts';
import { countsOf, exponentOf } from '../reference/numerics.ts';
import { randomOf } from './draws.ts';
import { useEngines } from './engines.ts';
import { FORMS } from './row.ts';

const test = suite('tally');
const engines = useEngines(test);

const SIZES = [1, 2, 3, 4, 5, 7, 8, 9, 63, 65, 257, 8193, 70001];

/** Rows and steps of their own, in tensors that the test frees. */
function room(engine: ht.Engine, rows = 1, words = new Uint32Array(rows * ROW_WORDS)) {
  const [row, step] = [words, emptySteps()].map((values) =>
    ht.tensor(values, { dtype: 'uint32', engine }),
  ) as [ht.Tensor, ht.Tensor];
  const place = (
    index: number,
    stored: TallyPlace['stored'],
    more: Partial<TallyPlace> = {},
  ): TallyPlace => ({
    ...{ rows: row.storage, steps: step.storage, index, id: index, sources: [], stored, scale: undefined },
    ...more,
  });
  const read = async () => {
    const [rowWords, stepWords] = (await Promise.all([row.data(), step.data()])) as Uint32Array[];
    row.dispose();
    step.dispose();
    return {
      rows: Array.from({ length: rows }, (_, i) =>
        readRow(rowWords!.subarray(i * ROW_WORDS, (i + 1) * ROW_WORDS)),
      ),
      steps: readSteps(stepWords!, rows),
    };
  };
  return { step, place, read };
}

for (const form of FORMS) {
  const half = form !== 'float32';
  const special = half
    ? [0x0000, 0x8000, 0x0001, 0x8001, 0x03ff, 0x0400, 0x7bff, 0xfbff, 0x7c00, 0xfc00, 0x7e00, 0xfe01, 0x3c00]
    : [
        ...[0, 0x80000000, 1, 0x80000001, 0x007fffff, 0x00800000, 0x7f7fffff, 0x7f800000, 0xff800000],
        ...[0x7fc00000, 0xff800001, 0x33800000, 0x337fffff, 0x38800000, 0x387fffff, 0x477fe000, 0x477fe001],
        ...[0x477fefff, 0x477ff000, 0xc77ff000, 0x3f800000],
      ];

  test(`${form}: counts, by exponent and by kind`, async () => {
    const { engine, dtype } = engines.form(form);
    const random = randomOf(form);
    for (const size of SIZES) {
      const bits = Array.from({ length: size }, (_, i) =>
        i % 3 === 0 ? special[i % special.length]! : Math.floor(random() * (half ? 2 ** 16 : 2 ** 32)),
      );
      const words = half ? Uint16Array.from(bits) : new Float32Array(Uint32Array.from(bits).buffer);
      const values = half ? bits.map(fromHalf) : [...(words as Float32Array)];
      const x = ht.tensor(words, { dtype, engine });
      for (const scale of [1, 2 ** 15]) {
        const state = ht.tensor([0, scale, 0, 0], { engine });
        const { place, read } = room(engine);
        tallyKernel(x, place(0, dtype, scale === 1 ? {} : { scale: state.storage }));
        const { exponents, largest, smallest, ...counters } = (await read()).rows[0]!;
        const expected = countsOf(values, scale);
        const what = `${size} values, scale ${scale}`;
        const { exponents: wanted, ...kinds } = expected;
        assert.equal(counters, kinds, what);
        const clamped = new Map<number, number>();
        for (const [exponent, count] of wanted) {
          const bin = Math.max(exponent, FIRST_EXPONENT);
          clamped.set(bin, (clamped.get(bin) ?? 0) + count);
        }
        for (const [bin, count] of exponents.entries())
          assert.is(count, clamped.get(bin + FIRST_EXPONENT) ?? 0, `${what}: 2^${bin + FIRST_EXPONENT}`);
        const sizes = values.map(Math.abs).filter((value) => value > 0 && value < Infinity);
        if (sizes.length === 0) {
          assert.equal([largest, smallest], [0, 0], what);
          continue;
        }
        assertMagnitude(largest, Math.max(...sizes) / scale, what);
        assertMagnitude(smallest, Math.min(...sizes) / scale, what);
        state.dispose();
      }
      x.dispose();
    }
  });
}

/** The tally keeps 22 bits behind the point. */
function assertMagnitude(got: number, expected: number, what: string): void {
  const step = 2 ** (exponentOf(expected) - 22);
  assert.ok(got <= expected && expected < got + step, `${what}: got ${got}, expected ${expected}`);
}

test('counts pass 2^32', async () => {
  const { engine } = engines.form('float32');
  const words = new Uint32Array(ROW_WORDS);
  words[0] = 0xfffffffe;
  const { place, read } = room(engine, 1, words);
  const x = ht.zeros([5], 'float32', { engine });
  tallyKernel(x, place(0, 'float32'));
  assert.is((await read()).rows[0]!.zeros, 2 ** 32 + 3);
  x.dispose();
});

test('a step knows the first row that is not finite, what it stored, and who absorbed it', async () => {
  const { engine } = engines.form('float32');
  const tensor = (value: number) => ht.tensor([1, value], { engine });
  const [fine, big, infinite, nan] = [1, 65520, Infinity, Number.NaN].map(tensor) as [
    ht.Tensor,
    ht.Tensor,
    ht.Tensor,
    ht.Tensor,
  ];
  const state = (overflow: number, scale: number) => {
    const words = new Uint32Array(4);
    words[0] = overflow;
    new Float32Array(words.buffer)[1] = scale;
    return ht.tensor(words, { dtype: 'uint32', engine });
  };
  const { step, place, read } = room(engine, 4);
  const end = (overflow: number, scale: number, continues = false, checked = true) =>
    tallyStepKernel(step.storage, {
      ...{ engine, continues, checked },
      ...{ state: state(overflow, 0).storage, scale: state(0, scale).storage },
    });
  // 1: row 0 overflows as a half, row 1 absorbs that.
  tallyKernel(big, place(0, 'float16'));
  tallyKernel(fine, place(1, 'float16', { sources: [0] }));
  end(0, 8);
  // 2: as float32 it fits; row 2 stores an infinity, row 3 a NaN made of it; the step fails.
  tallyKernel(big, place(0, 'float32'));
  tallyKernel(fine, place(1, 'float32', { sources: [0] }));
  tallyKernel(infinite, place(2, 'float32', { sources: [0, 1] }));
  tallyKernel(nan, place(3, 'float32', { sources: [2] }));
  end(1, 4);
  // Another optimizer ends the same step.
  end(1, 2, true);
  // 3: row 3 reads what is not finite, and is first to be looked at.
  tallyKernel(nan, place(3, 'float32'));
  end(1, 1);
  // 4: unchecked gradients go by the flag of their own; 5 is still open.
  end(1, 1, false, false);
  tallyKernel(big, place(2, 'float16'));
  const { steps } = await read();
  assert.equal([steps.steps, steps.failed], [4, 3]);
  assert.equal(steps.firstFailure, { step: 2, row: 2, kinds: 2, scale: 4 });
  assert.equal(steps.latestFailure, { step: 3, row: 3, kinds: 4, scale: 1 });
  assert.equal(steps.open, { step: 5, row: 2, kinds: 1, scale: 1 });
  assert.equal(steps.rows, [
    { unfit: 1, absorbed: 0 },
    { unfit: 0, absorbed: 1 },
    { unfit: 1, absorbed: 0 },
    { unfit: 2, absorbed: 0 },
  ]);
});
