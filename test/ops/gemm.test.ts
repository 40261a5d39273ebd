// Tests of the GEMM kernels: every transposition and storage, ragged sizes, bias and activations against f64.
import * as assert from 'uvu/assert';
import type { Activation, Layout } from '../../src/kernels/gemm/problem.ts';
import * as ht from '../../src/node.ts';
import { suite } from '../harness.ts';
import { ACTIVATIONS } from '../reference/matmul.ts';
import { useEngines } from './engines.ts';
import { checkGemm } from './gemm-case.ts';
import { FORMS } from './row.ts';

const test = suite('gemm');
const engines = useEngines(test);

const SIZES = [
  [1, 1, 1],
  [7, 7, 7],
  [33, 33, 33],
  [59, 37, 45],
  [8, 64, 16],
  [130, 130, 130],
] as const;

for (const form of FORMS) {
  for (const transposeA of [false, true]) {
    for (const transposeB of [false, true]) {
      const name = `${transposeA ? 'T' : 'N'}${transposeB ? 'T' : 'N'}` as Layout;
      test(`${name}, ragged and whole sizes, into float32 and float16, ${form}`, async () => {
        const own = engines.form(form);
        for (const [m, k, n] of SIZES)
          await checkGemm({ m, k, n, layout: name }, own, ['float32', 'float16']);
      });
    }
  }

  test(`bias with each activation, ${form}`, async () => {
    for (const activation of Object.keys(ACTIVATIONS) as Activation[]) {
      for (const biased of [false, true]) {
        // Compiling a variant takes long; K is ragged in both, and results are of the operands' dtype.
        for (const [m, k, n] of [
          [9, 6, 5],
          [5, 7, 12],
        ] as const)
          await checkGemm({ m, k, n, biased, activation }, engines.form(form), [engines.form(form).dtype]);
      }
    }
  });

  test(`sums are held in f32: many terms, and more than float16 holds on the way, ${form}`, async () => {
    const { engine, dtype } = engines.form(form);
    const long = ht.ones([1, 5003], dtype, { engine });
    assert.equal(await ht.matMul(long, long, false, true, { dtype: 'float32' }).array(), [[5003]]);
    const a = ht.tensor([[300, 300, 300, 1]], { dtype, engine });
    const b = ht.tensor([[300], [300], [-600], [1]], { dtype, engine });
    assert.equal(await ht.matMul(a, b).array(), [[1]]);
  });

  test(`a float16 result beyond 65504 is infinity, a float32 one is not, ${form}`, async () => {
    const { engine, dtype } = engines.form(form);
    const a = ht.tensor([[300], [-300], [1]], { dtype, engine });
    const product = (result: ht.FloatDType) => ht.matMul(a, [[300]], false, false, { dtype: result }).array();
    assert.equal(await product('float16'), [[Number.POSITIVE_INFINITY], [Number.NEGATIVE_INFINITY], [300]]);
    assert.equal(await product('float32'), [[90000], [-90000], [300]]);
  });

  test(`infinities and NaN stay in their row and column, ${form}`, async () => {
    const { engine, dtype } = engines.form(form);
    for (const [transposeA, transposeB] of [
      [false, false],
      [false, true],
      [true, false],
      [true, true],
    ] as const) {
      // 5 x 3 x 6, the last inner element of row 2 infinite, the last one of column 4 NaN.
      const a = Array.from({ length: 15 }, (_, i) => (i === 8 ? Number.POSITIVE_INFINITY : 1));
      const b = Array.from({ length: 18 }, (_, i) => (i === 16 ? Number.NaN : 1));
      const options = { dtype, engine };
      const stored = (values: number[], shape: [number, number], transposed: boolean) =>
        transposed
          ? ht.transpose(ht.tensor(values.flat(), { ...options, shape }))
          : ht.tensor(values, { ...options, shape });
      const c = ht.matMul(
        stored(a, [5, 3], transposeA),
        stored(b, [3, 6], transposeB),
        transposeA,
        transposeB,
      );
      const got = (await c.array()) as number[][];
      for (const [i, row] of got.entries()) {
        for (const [j, value] of row.entries()) {
          if (j === 4) assert.ok(Number.isNaN(value), `(${i}, ${j}) is ${value}`);
          else assert.is(value, i === 2 ? Number.POSITIVE_INFINITY : 3, `(${i}, ${j})`);
        }
      }
    }
  });
}

test('more rows than one axis of a dispatch holds', async () => {
  const { engine } = engines.form('float32');
  const rows = 2_100_001;
  const a = ht.full([rows, 4], 0.5, 'float32', { engine });
  const c = ht.matMul(a, ht.ones([4, 4], 'float32', { engine }));
  const values = await ht.slice(c, [rows - 3, 0], [3, 4]).data();
  assert.equal([...values], Array(12).fill(2));
  assert.equal(await ht.sum(ht.slice(c, [0, 0], [rows, 1])).array(), 2 * rows);
  for (const tensor of [a, c]) tensor.dispose();
});
