// Tests of the op table's checker: results and derivatives that are wrong must fail, with a message that says where.
import * as assert from 'uvu/assert';
import * as ht from '../../src/node.ts';
import { suite } from '../harness.ts';
import { binary, unary } from '../reference/elementwise.ts';
import { allowance, assertClose } from '../tolerances.ts';
import { checkForward, checkGradient, checkSecondGradient, checkWhole } from './check.ts';
import { useEngines } from './engines.ts';
import { FORMS, type Row } from './row.ts';

const test = suite('op table checker');
const engines = useEngines(test);

const SQUARE: Row = { op: 'square', cases: [[[7]], [[59, 37]]], reference: unary((x) => x * x) };

/** x^2 with a gradient of `factor` x. */
function square(factor: number): Row {
  const own = ht.customGradient((x: ht.Tensor) => ({
    value: ht.square(x),
    gradient: (upstream) => ht.mul(upstream, ht.mul(x, factor)),
  }));
  return { ...SQUARE, note: `with gradient ${factor} x`, run: (x) => own(x!) };
}

async function failure(check: Promise<void>): Promise<string> {
  const message = await check.then(
    () => undefined,
    (error: Error) => error.message,
  );
  assert.ok(message, 'a wrong result passed');
  return message!;
}

for (const form of FORMS) {
  const [slightly, dtype] = form === 'float32' ? [1.99, 'float32'] : [1.9, 'float16'];

  test(`a right custom gradient passes, ${form}`, async () => {
    await checkGradient(square(2), engines.form(form));
    await checkSecondGradient(square(2), engines.form(form));
  });

  test(`a gradient that is slightly wrong fails, ${form}`, async () => {
    const message = await failure(checkGradient(square(slightly), engines.form(form)));
    const place =
      /^square with gradient \S+ x \(7\) along a direction (\w+) gradient: at index 0 of 1 got \S+, expected \S+, allowed \+-\S+/;
    assert.is(message.match(place)?.[1], dtype, message);
  });

  test(`a second derivative that is wrong fails though the first is right, ${form}`, async () => {
    const own = ht.customGradient((x: ht.Tensor) => ({
      value: ht.square(x),
      gradient: (upstream) => ht.mul(upstream, ht.mul(ht.stopGradient(x), 2)),
    }));
    const row: Row = { ...SQUARE, run: (x) => own(x!) };
    await checkGradient(row, engines.form(form));
    assert.match(await failure(checkSecondGradient(row, engines.form(form))), /^square \(7\) second/);
  });

  test(`a gradient that is wrong in one element fails, ${form}`, async () => {
    const own = ht.customGradient((x: ht.Tensor) => ({
      value: ht.square(x),
      gradient: (upstream) => {
        const g = ht.mul(upstream, ht.mul(x, 2));
        const { engine, dtype: own, size, shape } = g;
        const broken = Float32Array.from({ length: size }, (_, index) => (index === size - 1 ? 0 : 1));
        return ht.mul(g, ht.tensor(broken, { engine, dtype: own, shape }));
      },
    }));
    const row: Row = { ...SQUARE, cases: [[[130]]], run: (x) => own(x!) };
    assert.match(
      await failure(checkGradient(row, engines.form(form))),
      /along a direction|by input 0 element 129/,
    );
  });

  test(`a forward result that is slightly wrong, of another shape or of another dtype fails, ${form}`, async () => {
    const wrong: Row = { ...SQUARE, run: (x) => ht.mul(ht.square(x!), slightly / 2) };
    assert.match(
      await failure(checkForward(wrong, engines.form(form))),
      /^square \(7\) \w+ forward: at index \d of 7 got/,
    );
    const flat: Row = { ...SQUARE, run: (x) => ht.reshape(ht.square(x!), [-1, 1]) };
    assert.match(await failure(checkForward(flat, engines.form(form))), /shape/);
    const other = dtype === 'float32' ? 'float16' : 'float32';
    const cast: Row = { ...SQUARE, run: (x) => ht.cast(ht.square(x!), other) };
    assert.match(await failure(checkForward(cast, engines.form(form))), /dtype/);
  });
}

test('a wrong integer result fails', async () => {
  const row: Row = { op: 'add', cases: [[[5], [5]]], reference: binary((a, b) => a + b + 1) };
  assert.match(
    await failure(checkWhole(row, engines.form('float32'), 'int32')),
    /^add .* int32 forward: .* allowed \+-0/,
  );
});

test('the comparison allows what the table says, and nothing for NaN, lengths and exact results', () => {
  assert.is(allowance(1, { op: 'add', dtype: 'float32' }), 2e-6);
  assert.is(allowance(-3, { op: 'sum', dtype: 'float32', terms: 16 }), 1.6e-5);
  assert.is(allowance(1, { op: 'add', dtype: 'float16' }), 2e-3 + 2 ** -10);
  assert.is(allowance(0, { op: 'tanh (7)', dtype: 'float32' }), 1e-5);
  assert.is(allowance(7, { op: 'max', dtype: 'float16', exact: true }), 0);
  assert.is(allowance(7, { op: 'add', dtype: 'int32' }), 0);
  const compare = (got: number[], expected: number[]) => () =>
    assertClose(got, expected, { op: 'add', dtype: 'float32' });
  compare([1, Number.NaN, Number.POSITIVE_INFINITY], [1, Number.NaN, Number.POSITIVE_INFINITY])();
  assert.throws(compare([Number.NaN], [1]), /got NaN, expected 1/);
  assert.throws(compare([1], [Number.NaN]), /got 1, expected NaN/);
  assert.throws(compare([Number.POSITIVE_INFINITY], [1e38]), /got Infinity/);
  assert.throws(compare([1e38], [Number.POSITIVE_INFINITY]), /expected Infinity/);
  assert.throws(compare([1, 2], [1]), /2 values, expected 1/);
  assert.throws(compare([1, 2, 4], [1, 2, 3]), /at index 2 of 3 got 4, expected 3.*\(1 wrong in all\)/);
});
