// Bools: logical ops by their tables of truth, and what is not finite found in floats of all forms.
import * as assert from 'uvu/assert';
import * as ht from '../../src/node.ts';
import { assertThrows } from '../assert-throws.ts';
import { suite } from '../harness.ts';
import { numbers } from '../step.ts';

const test = suite('logical ops');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open();
});
test.after(() => engine.close());

const bools = (values: readonly boolean[], shape?: readonly number[]) =>
  ht.tensor(values.map(Number), { dtype: 'bool', ...(shape ? { shape } : {}) });

test('and, or, xor and not, with broadcasting', async () => {
  const a = bools([false, false, true, true, true]);
  const b = bools([false, true, false, true, true]);
  const cases: [ht.Tensor, number[]][] = [
    [ht.logicalAnd(a, b), [0, 0, 0, 1, 1]],
    [ht.logicalOr(a, b), [0, 1, 1, 1, 1]],
    [ht.logicalXor(a, b), [0, 1, 1, 0, 0]],
  ];
  for (const [y, expected] of cases) {
    assert.is(y.dtype, 'bool');
    assert.equal(await numbers(y), expected);
  }
  assert.equal(await numbers(ht.logicalNot(a)), [1, 1, 0, 0, 0]);
  const table = ht.logicalOr(bools([false, true], [2, 1]), bools([false, true, false]));
  assert.equal(
    [table.shape, await numbers(table)],
    [
      [2, 3],
      [0, 1, 0, 1, 1, 1],
    ],
  );
  assertThrows(() => ht.logicalAnd(a, ht.ones([5])), ht.DtypeError, /^logicalAnd: b is float32; use 'bool'$/);
  assertThrows(() => ht.logicalNot(ht.ones([5])), ht.DtypeError, /^logicalNot: x is float32; use 'bool'$/);
});

test('NaN and infinity by their bits, in float32, native and packed float16', async () => {
  const values = [0, -0, 1, -65504, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const packed = await ht.open({ f16: 'packed' });
  for (const [own, dtype] of [
    [engine, 'float32'],
    [engine, 'float16'],
    [packed, 'float16'],
  ] as const) {
    const x = ht.tensor(values, { dtype, engine: own });
    assert.equal(await numbers(ht.isNaN(x)), [0, 0, 0, 0, 1, 0, 0]);
    assert.equal(await numbers(ht.isInf(x)), [0, 0, 0, 0, 0, 1, 1]);
    assert.equal(await numbers(ht.isFinite(x)), [1, 1, 1, 1, 0, 0, 0]);
  }
  packed.close();
  assertThrows(
    () => ht.isNaN(ht.zeros([2], 'int32', { engine })),
    ht.DtypeError,
    /^isNaN: x is int32; use 'float32' or 'float16'$/,
  );
});

test('whole numbers: the rest and the quotient of negative ones', async () => {
  const [a, b] = [Int32Array.of(7, -7, 7, -7, 6, 0), Int32Array.of(3, 3, -3, -3, 3, -2)].map((values) =>
    ht.tensor(values, { engine }),
  );
  assert.equal(await numbers(ht.floorDiv(a!, b!)), [2, -3, -3, 2, 2, 0]);
  assert.equal(await numbers(ht.mod(a!, b!)), [1, 2, -2, -1, 0, 0]);
});
