// Tests of the GEMM kernels: every transposition and storage, ragged sizes, bias and activations against f64.
import * as assert from 'uvu/assert';
import { emptyTensor } from '../../src/autograd/tensor.ts';
import { gemm } from '../../src/kernels/gemm/gemm.ts';
import type { Activation } from '../../src/kernels/gemm/problem.ts';
import * as ht from '../../src/node.ts';
import { suite } from '../harness.ts';
import type { Plain } from '../reference/array.ts';
import { castValue } from '../reference/cast.ts';
import { ACTIVATIONS, matMul } from '../reference/matmul.ts';
import { assertClose } from '../tolerances.ts';
import { randomOf, uniform } from './draws.ts';
import { readAll, useEngines } from './engines.ts';
import { FORMS, type Form } from './row.ts';

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

interface Problem {
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  readonly biased?: boolean;
  readonly activation?: Activation;
}

/** Runs one product into each result dtype, twice. */
async function check(problem: Problem, form: Form, dtypes: readonly ht.FloatDType[]): Promise<void> {
  const { m, k, n, transposeA = false, transposeB = false, biased = false, activation = 'linear' } = problem;
  const { engine, dtype } = form;
  const random = randomOf(`${m} ${k} ${n}`);
  const draw = (...shape: number[]): Plain => ({
    shape,
    data: uniform(-1, 1)
      .draw(random, shape, 0)
      .map((value) => castValue(value, dtype)),
  });
  const [a, b] = [transposeA ? draw(k, m) : draw(m, k), transposeB ? draw(n, k) : draw(k, n)];
  const bias = biased ? draw(n) : undefined;
  const tensorOf = ({ shape, data }: Plain) => ht.tensor(Float64Array.from(data), { shape, dtype, engine });
  const operands = { a: tensorOf(a), b: tensorOf(b), bias: bias && tensorOf(bias) };
  const results = dtypes.map((result) => [0, 1].map(() => emptyTensor(engine, [m, n], result, 'test')));
  for (const c of results.flat()) gemm({ ...operands, c, m, k, n, transposeA, transposeB, activation });
  const got = await readAll(engine, results.flat());
  const expected = matMul(a, b, { transposeA, transposeB, bias, activation });
  const name = `gemm ${transposeA ? 'T' : 'N'}${transposeB ? 'T' : 'N'} ${m}x${k}x${n} ${activation}${biased ? ' + bias' : ''}`;
  for (const [i, result] of dtypes.entries()) {
    assertClose(got[2 * i]!, expected.data, { op: `${name} from ${dtype}`, dtype: result, terms: k });
    assert.equal(got[2 * i + 1], got[2 * i], `${name}: another run gave other bits`);
  }
  for (const tensor of [operands.a, operands.b, operands.bias, ...results.flat()]) tensor?.dispose();
}

for (const form of FORMS) {
  for (const transposeA of [false, true]) {
    for (const transposeB of [false, true]) {
      const name = `${transposeA ? 'T' : 'N'}${transposeB ? 'T' : 'N'}`;
      test(`${name}, ragged and whole sizes, into float32 and float16, ${form}`, async () => {
        const own = engines.form(form);
        for (const [m, k, n] of SIZES)
          await check({ m, k, n, transposeA, transposeB }, own, ['float32', 'float16']);
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
          await check({ m, k, n, biased, activation }, engines.form(form), [engines.form(form).dtype]);
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
