// Ops inside recurrent layers, which are no exports: rows like those of the op table, and what they refuse.

import * as assert from 'uvu/assert';
import * as ht from '../../src/node.ts';
import { composedGruGates, gruGates } from '../../src/ops/gru-gates.ts';
import * as ops from '../../src/ops/index.ts';
import { composedLstmGates, lstmGates } from '../../src/ops/lstm-gates.ts';
import { recurrentProducts } from '../../src/ops/recurrent-products.ts';
import { suite } from '../harness.ts';
import { at, build, type Plain } from '../reference/array.ts';
import * as reference from '../reference/recurrent.ts';
import { refuses } from '../refusal.ts';
import { checkForward, checkGradient, checkMemory, checkSecondGradient } from './check.ts';
import { uniform } from './draws.ts';
import { useEngines } from './engines.ts';
import { FORMS, nameOf, type Row } from './row.ts';

const test = suite('recurrent ops');
const engines = useEngines(test);

const cell = { ...uniform(-1, 1), dtype: 'float32' as const };

/** Both results side by side; the cell is float32 whatever the gates are. */
const both = ([h, next]: readonly ht.Tensor[]) => {
  assert.is(next!.dtype, 'float32');
  return ops.concat([h!, ops.cast(next!, h!.dtype)], 1);
};
const lstmReference = (gates: Plain, c: Plain) => {
  const { h, next } = reference.lstmGates(gates, c);
  const units = c.shape[1]!;
  return build([c.shape[0]!, 2 * units], ([i, j]) =>
    j! < units ? at(h, [i!, j!]) : at(next, [i!, j! - units]),
  );
};

const LSTM: Row = {
  op: 'lstmGates',
  cases: [
    [[1, 4], [1, 1]],
    [[3, 8], [3, 2]],
    [[2, 28], [2, 7]],
    [[3, 32], [3, 8]],
    [[5, 132], [5, 33]],
    [[59, 148], [59, 37]],
  ], // biome-ignore format: as shapes
  run: (gates, c) => both(lstmGates(gates!, c!)),
  reference: (gates, c) => lstmReference(gates!, c!),
  draws: [uniform(-2, 2), cell],
  terms: () => 1,
};

const GRU: Row = {
  op: 'gruGates',
  cases: [
    [[1, 3], [1, 3], [1, 1]],
    [[3, 6], [3, 6], [3, 2]],
    [[2, 21], [2, 21], [2, 7]],
    [[3, 24], [3, 24], [3, 8]],
    [[5, 99], [5, 99], [5, 33]],
    [[59, 111], [59, 111], [59, 37]],
  ], // biome-ignore format: as shapes
  run: (x, inner, h) => gruGates(x!, inner!, h!),
  reference: (x, inner, h) => reference.gruGates(x!, inner!, h!),
  draws: uniform(-1, 1),
  terms: () => 1,
};

/** Three products, each on the one before. */
const products = (kernel: Plain, ...rest: Plain[]): Plain => {
  const [h, bias] = rest as [Plain, Plain];
  const step = (x: Plain) => reference.product(x, kernel, bias.data);
  const activated = (x: Plain) => ({ ...x, data: x.data.map(Math.tanh) });
  const second = step(activated(step(h)));
  const plus = build(second.shape, (index) => at(second, index) + at(h, index));
  return step(activated(plus));
};

const PRODUCTS: Row = {
  op: 'recurrentProducts',
  cases: [
    [[1, 1], [3, 1], [1]],
    [[4, 4], [3, 4], [4]],
    [[7, 7], [2, 7], [7]],
    [[33, 33], [5, 33], [33]],
  ], // biome-ignore format: as shapes
  run: (kernel, h, bias) => {
    const product = recurrentProducts(kernel!, bias!);
    const second = product(product(h!, { activation: 'tanh' }), { residual: h!, activation: 'tanh' });
    return product(second);
  },
  reference: products,
  draws: uniform(-0.5, 0.5),
  terms: (kernel) => kernel.shape[0]!,
};

const ROWS: readonly Row[] = [
  LSTM,
  {
    ...{ ...LSTM, note: 'composed', cases: LSTM.cases.slice(0, 3) },
    run: (gates, c) => both(composedLstmGates(gates!, c!, ops.tanh, ops.sigmoid)),
  },
  GRU,
  {
    ...{ ...GRU, note: 'composed', cases: GRU.cases.slice(0, 3) },
    run: (x, inner, h) => composedGruGates(x!, inner!, h!, ops.tanh, ops.sigmoid),
  },
  PRODUCTS,
];

for (const row of ROWS) {
  for (const form of FORMS) {
    test(`${nameOf(row)}, ${form}`, async () => {
      await checkForward(row, engines.form(form));
      await checkMemory({ ...row, run: (...xs) => ht.tidy(() => row.run!(...xs)) }, engines.form(form));
      await checkGradient(row, engines.form(form));
      await checkSecondGradient(row, engines.form(form));
    });
  }
}

test('shapes and dtypes that are refused', async () => {
  const half = ht.zeros([2, 12], 'float16');
  await refuses(() => lstmGates(ht.zeros([2, 8]), ht.zeros([2, 3])), ht.ShapeError, /gates are \(2, 8\)/);
  await refuses(() => lstmGates(half, ht.zeros([2, 3], 'float16')), ht.DtypeError, /^lstmGates: .*float16/);
  await refuses(() => gruGates(half, half, ht.zeros([2, 4])), ht.DtypeError, /h is float32; cast/);
  await refuses(() => gruGates(half, half, ht.zeros([2, 3], 'float16')), ht.ShapeError, /3 units\) twice/);
});
