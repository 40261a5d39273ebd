// Products summed in float32, float16, chunks and with Kahan's compensation: as the reference, bit for bit where float16 is emulated.
import * as assert from 'uvu/assert';
import * as ht from '../../src/node.ts';
import { assertThrows } from '../assert-throws.ts';
import { suite } from '../harness.ts';
import { ACCUMULATIONS } from '../reference/accumulation.ts';
import { nearestHalf } from '../reference/half.ts';
import { numbers } from '../step.ts';
import { assertClose } from '../tolerances.ts';
import { randomOf } from './draws.ts';
import { useEngines } from './engines.ts';
import type { Form } from './row.ts';

const test = suite('study');
const engines = useEngines(test);
const FORMS = ['float16 native', 'float16 packed'] as const;
const WAYS = Object.keys(ACCUMULATIONS) as ht.Accumulate[];

const SIZES = [
  [1, 1, 1],
  [3, 7, 5],
  [2, 100, 9],
  [5, 130, 4],
] as const;

function draw(m: number, k: number, n: number, low: number) {
  const random = randomOf(`${m} ${k} ${n}`);
  const values = (size: number) =>
    Array.from({ length: size }, () => nearestHalf(low + (1 - low) * random()));
  return { a: values(m * k), b: values(k * n) };
}

const tensors = ({ engine }: Form, { a, b }: ReturnType<typeof draw>, m: number, k: number, n: number) =>
  [
    ht.tensor(a, { shape: [m, k], dtype: 'float16', engine }),
    ht.tensor(b, { shape: [k, n], dtype: 'float16', engine }),
  ] as const;

for (const name of FORMS) {
  for (const accumulate of WAYS) {
    test(`${accumulate}, ${name}`, async () => {
      const form = engines.form(name);
      for (const [m, k, n] of SIZES) {
        for (const low of [-1, 0]) {
          const drawn = draw(m, k, n, low);
          const chunk = 6;
          const options = { accumulate, ...(accumulate === 'chunked' ? { chunk } : {}) };
          const expected = Array.from({ length: m * n }, (_, at) => {
            const row = drawn.a.slice(Math.floor(at / n) * k, (Math.floor(at / n) + 1) * k);
            const column = Array.from({ length: k }, (_, i) => drawn.b[i * n + (at % n)]!);
            return ACCUMULATIONS[accumulate](row, column, chunk);
          });
          const [a, b] = tensors(form, drawn, m, k, n);
          const got = ht.study.matMul(a, b, options);
          assert.equal([got.shape, got.dtype], [[m, n], 'float32']);
          const where = { op: `${accumulate} ${m}x${k}x${n}`, terms: k } as const;
          assertClose(await numbers(got), expected, {
            ...where,
            dtype: accumulate === 'float32' ? 'float32' : 'float16',
          });
          if (accumulate === 'float32') continue;
          const emulated = ht.study.matMul(a, b, { ...options, arithmetic: 'emulated' });
          assert.equal(await numbers(emulated), expected, where.op);
        }
      }
    });
  }

  test(`ones: float16 stops at 2048, and the others do not, ${name}`, async () => {
    const { engine } = engines.form(name);
    const k = 5000;
    const [a, b] = [ht.ones([1, k], 'float16', { engine }), ht.ones([k, 1], 'float16', { engine })];
    const sums: number[] = [];
    for (const accumulate of WAYS) sums.push(...(await numbers(ht.study.matMul(a, b, { accumulate }))));
    assert.equal(sums, [5000, 2048, 5000, 5000]);
  });

  test(`a sum beyond float16 is infinite in float16 only, ${name}`, async () => {
    const { engine } = engines.form(name);
    const [a, b] = [ht.full([1, 8], 256, 'float16', { engine }), ht.full([8, 1], 128, 'float16', { engine })];
    const sums: number[] = [];
    for (const accumulate of ['float32', 'float16'] as const)
      sums.push(...(await numbers(ht.study.matMul(a, b, { accumulate, arithmetic: 'emulated' }))));
    assert.equal(sums, [8 * 2 ** 15, Number.POSITIVE_INFINITY]);
  });
}

test('what it refuses, and that it has no gradient', () => {
  const { engine } = engines.form('float16 native');
  const [a, b] = [ht.ones([2, 3], 'float16', { engine }), ht.ones([3, 2], 'float16', { engine })];
  const refuse = (fn: () => unknown, kind: typeof ht.ArgumentError, message: RegExp) =>
    assertThrows(fn, kind, message);
  refuse(
    () => ht.study.matMul(a, a),
    ht.ShapeError,
    /^study\.matMul: inner sizes differ: a is .2, 3., b is .2, 3.$/,
  );
  refuse(
    () => ht.study.matMul(ht.ones([2], 'float16', { engine }), b),
    ht.ShapeError,
    /^study\.matMul: a is .2.; use a matrix, rank 2$/,
  );
  refuse(
    () => ht.study.matMul(ht.ones([2, 3], 'float32', { engine }), b),
    ht.DtypeError,
    /^study\.matMul: a is float32; use 'float16'$/,
  );
  refuse(
    () => ht.study.matMul(a, b, { accumulate: 'bf16' as never }),
    ht.ArgumentError,
    /accumulate 'bf16'; use 'float32', 'float16', 'chunked' or 'kahan'$/,
  );
  refuse(
    () => ht.study.matMul(a, b, { accumulate: 'chunked', chunk: 0 }),
    ht.ArgumentError,
    /chunk 0; use a whole number/,
  );
  refuse(
    () => ht.study.matMul(a, b, { chunk: 4 }),
    ht.ArgumentError,
    /chunk with accumulate 'float32'; it is of 'chunked'$/,
  );
  const tape = new ht.GradientTape();
  const y = tape.record(() => {
    tape.watch(a);
    return ht.study.matMul(a, b);
  });
  assertThrows(() => tape.gradient(y, [a]), ht.ArgumentError, /^study\.matMul: it has no gradient/);
});
