// Tests of reduction kernels beyond what the ops reach: products, whole numbers, infinities, large grids, determinism.
import * as assert from 'uvu/assert';
import { emptyTensor } from '../../src/autograd/tensor.ts';
import { type ReduceCase, type ReduceShape, reduceKernel } from '../../src/kernels/reduce.ts';
import * as ht from '../../src/node.ts';
import { suite } from '../harness.ts';
import { castValue } from '../reference/cast.ts';
import { type Fold, maxOf, minOf, productOf, reduce, sumOf } from '../reference/reduce.ts';
import { assertClose } from '../tolerances.ts';
import { integers, randomOf, uniform } from './draws.ts';
import { readAll, useEngines } from './engines.ts';
import { FORMS } from './row.ts';

const test = suite('reduce kernel');
const engines = useEngines(test);

const FOLDS: Record<ReduceCase & ('SUM' | 'MAX' | 'MIN' | 'PROD'), Fold> = {
  SUM: sumOf,
  MAX: maxOf,
  MIN: minOf,
  PROD: productOf,
};
/**
 * Columns: whole blocks or not, alone and by several invocations, rows joined to whole blocks with and without a rest, in parts, gathered
 * one by one. Rows: whole blocks or not, shorter than one, by one invocation, four and sixteen, in parts, as they lie.
 */
const SHAPES: readonly ReduceShape[] = [
  { outer: 1, reduced: 61, inner: 37 },
  { outer: 1, reduced: 134, inner: 6 },
  { outer: 1, reduced: 2051, inner: 3 },
  { outer: 2, reduced: 132, inner: 5 },
  { outer: 2, reduced: 6, inner: 8 },
  { outer: 3, reduced: 40, inner: 8 },
  { outer: 3, reduced: 5, inner: 7 },
  { outer: 1, reduced: 4001, inner: 4 },
  { outer: 2, reduced: 1301, inner: 3 },
  { outer: 9, reduced: 3, inner: 1 },
  { outer: 1030, reduced: 21, inner: 1 },
  { outer: 5, reduced: 64, inner: 1 },
  { outer: 6, reduced: 131, inner: 1 },
  { outer: 301, reduced: 66, inner: 1 },
  { outer: 7, reduced: 9001, inner: 1 },
  { outer: 5463, reduced: 12, inner: 1 },
  { outer: 9363, reduced: 7, inner: 1 },
  { outer: 1, reduced: 33003, inner: 1 },
];

/** Sums of all shapes, maxima of each way: a driver on a processor takes long to compile each. */
function operationsOf(index: number): (keyof typeof FOLDS)[] {
  if (index % 6 === 0) return ['SUM', 'MAX', 'MIN', 'PROD'];
  return index % 2 === 0 ? ['SUM', 'MAX'] : ['SUM'];
}

async function check(form: (typeof FORMS)[number], dtype: ht.DType): Promise<void> {
  const { engine } = engines.form(form);
  const float = dtype === 'float32' || dtype === 'float16';
  for (const [index, shape] of SHAPES.entries()) {
    const { outer, reduced, inner } = shape;
    const random = randomOf(`${outer} ${reduced} ${inner}`);
    const dims = [outer, reduced, inner];
    const results = operationsOf(index).map((op) => {
      // Factors near 1, so that products neither vanish nor grow.
      const draw =
        op === 'PROD'
          ? float
            ? uniform(1 - 1 / reduced, 1 + 1 / reduced)
            : integers(1, 1)
          : float
            ? uniform(-1, 1)
            : integers(-50, 50);
      const data = draw.draw(random, dims, 0).map((value) => castValue(value, dtype));
      const x = ht.tensor(Float64Array.from(data), { shape: dims, dtype, engine });
      const y = emptyTensor(engine, [outer, inner], dtype, 'test');
      reduceKernel(op, x, y, shape, float ? 0.5 : 1);
      return { op, y, x: { shape: dims, data } };
    });
    const got = await readAll(
      engine,
      results.map(({ y }) => y),
    );
    for (const [i, { op, x }] of results.entries()) {
      const expected = reduce(FOLDS[op], x, 1).data.map((value) => (float ? value / 2 : value));
      assertClose(got[i]!, expected, { op: `${op} of ${dims}`, dtype, terms: reduced });
    }
  }
}

for (const form of FORMS) {
  test(`sum, max, min and product with a scale, ${form}`, () => check(form, engines.form(form).dtype));

  test(`infinities, ${form}`, async () => {
    const { engine, dtype } = engines.form(form);
    const least = Number.NEGATIVE_INFINITY;
    for (const size of [3, 100, 40_000]) {
      const x = ht.full([size], least, dtype, { engine });
      assert.equal(await ht.max(x).array(), least, `max of ${size}`);
      assert.equal(await ht.min(ht.neg(x)).array(), Number.POSITIVE_INFINITY, `min of ${size}`);
      assert.equal(await ht.sum(x).array(), least, `sum of ${size}`);
    }
  });

  test(`sums are held in f32, and a float16 sum beyond 65504 is infinity, ${form}`, async () => {
    const { engine, dtype } = engines.form(form);
    for (const axes of [[0], [1], [0, 1]]) {
      const big = ht.full([300, 2], 400, dtype, { engine });
      const balanced = ht.mul(big, [[1, -1]]);
      const sums = ht.sum(balanced, axes);
      const total = axes.length === 2 || axes[0] === 1 ? 0 : 120_000;
      const expected = dtype === 'float16' && total > 65504 ? Number.POSITIVE_INFINITY : total;
      assert.is(Math.abs((await sums.data())[0]!), expected, `axes ${axes}`);
    }
    assert.equal(await ht.sum(ht.ones([5003], dtype, { engine })).array(), dtype === 'float16' ? 5004 : 5003);
    assert.equal(await ht.mean(ht.full([5003], 100, dtype, { engine })).array(), 100);
  });
}

for (const dtype of ['int32', 'uint32'] as const) {
  test(`whole numbers are exact, ${dtype}`, async () => {
    if (dtype === 'int32') await check('float32', 'int32');
    const { engine } = engines.form('float32');
    const x = ht.tensor([2 ** 24 + 1, 2 ** 24 + 3, 5], { dtype, engine });
    assert.equal(await ht.sum(x).array(), 2 ** 25 + 9);
    assert.equal(await ht.max(x).array(), 2 ** 24 + 3);
    assert.equal(await ht.argMax(x).array(), 1);
  });
}

test('sums of the same shape have the same bits from run to run', async () => {
  const { engine } = engines.form('float32');
  const random = randomOf('bits');
  for (const shape of [[33_003], [3, 1301, 2], [5, 131]]) {
    const x = ht.tensor(Float64Array.from(uniform(-1, 1).draw(random, shape, 0)), { shape, engine });
    const [first, ...others] = await readAll(
      engine,
      Array.from({ length: 5 }, () => ht.sum(x, shape.length === 1 ? 0 : 1)),
    );
    for (const other of others) assert.equal(other, first);
  }
});

test('more rows than one axis of a dispatch has workgroups', async () => {
  const { engine } = engines.form('float32');
  const rows = 70_001;
  const targets = Int32Array.from({ length: rows }, (_, row) => row % 2);
  const logits = ht.tensor(
    Float32Array.from({ length: 2 * rows }, (_, i) => (i % 7) - 3),
    { shape: [rows, 2], engine },
  );
  const losses = await ht.softmaxCrossEntropy(logits, ht.tensor(targets, { engine })).data();
  const lses = await ht.logSumExp(logits, -1).data();
  const wide = await ht.sum(ht.ones([300_000, 65], 'float32', { engine }), 1).data();
  for (const row of [0, 1, 65_534, 65_535, 65_536, rows - 1]) {
    const [a, b] = [((2 * row) % 7) - 3, ((2 * row + 1) % 7) - 3];
    const lse = Math.log(Math.exp(a) + Math.exp(b));
    assertClose([lses[row]!, losses[row]!], [lse, lse - (row % 2 ? b : a)], {
      op: `row ${row}`,
      dtype: 'float32',
    });
  }
  assert.ok(wide.every((value) => value === 65));
});

test('more elements than one axis of a dispatch has invocations', async () => {
  const { engine } = engines.form('float32');
  const size = 65535 * 64 * 4 + 1001;
  const x = ht.ones([size], 'float32', { engine });
  const y = ht.add(x, 1);
  assert.equal(await ht.max(y).array(), 2);
  assert.equal(await ht.min(y).array(), 2);
  assert.equal([...(await ht.slice(y, [size - 5], [5]).data())], [2, 2, 2, 2, 2]);
  for (const tensor of [x, y]) tensor.dispose();
});
