// The bench's ops: checked against f64, rated by flops or by bytes, as a share of the lower roof.
import * as assert from 'uvu/assert';
import { OP_CASES } from '../bench/ops/cases.ts';
import { checkOp } from '../bench/ops/check.ts';
import { parseOptions } from '../bench/options.ts';
import { opInputs } from '../bench/peers/inputs.ts';
import type { OpProblem } from '../bench/peers/peer.ts';
import { failuresOf, rowsOf } from '../bench/results.ts';
import { ceilingOf, fractionOf, rateOf } from '../bench/rows.ts';
import { runBench } from '../bench/run.ts';
import { suite } from './harness.ts';

const test = suite('bench ops');
const SMALL = { images: 1, heads: 1, rows: 8 };

test('a tiny run: storages, rates, shares', async () => {
  const options = parseOptions(['ops', '--quick', '--only', 'layer normalisation 5']);
  const results = await runBench(options, { part: () => () => {} });
  assert.equal(failuresOf(results), []);
  const rows = rowsOf(results, 'ops');
  assert.equal(
    rows.map(({ storage }) => storage),
    results.ceilings.fmaF16Gflops === null ? ['f32', 'packed'] : ['f32', 'f16'],
  );
  for (const row of rows) {
    const columns = 768;
    const each = row.storage === 'f32' ? 4 : 2;
    assert.equal([row.flops, row.bytes], [0, each * (2 * 512 * columns + 2 * columns)]);
    const expected = rateOf(row, row.timing!.median) / ceilingOf(row, results.ceilings);
    assert.is(fractionOf(row, results.ceilings), expected);
  }
});

test('the roof of products is the lower of arithmetic and memory', () => {
  const ceilings = {
    ...{ fmaF32Gflops: 100, fmaF16Gflops: null, matrixGflops: null, copyGBs: 10 },
    ...{ copies: [{ bytes: 1e6, GBs: 10 }], fastest: [] },
  };
  const roof = (flops: number, bytes: number) => ceilingOf({ limit: 'roofline', flops, bytes }, ceilings);
  assert.equal([roof(1e9, 1e6), roof(5e6, 1e6), roof(0, 1e6)], [100, 50, 10]);
});

test('every case: right results pass, a wrong, a missing and a NaN value do not', () => {
  for (const one of OP_CASES.filter(({ name }) => !name.includes('conv2d'))) {
    const inputs = one.inputs(SMALL);
    const problem: OpProblem = { suite: 'ops', name: one.name, inputs, storage: 'f32' };
    const data = opInputs(problem);
    const references = one.references(...inputs.map(({ shape }, i) => ({ shape, data: data[i]! })));
    const right = Float32Array.from(
      references.flatMap(({ size, block, values }) =>
        Array.from({ length: size / block }, (_, index) => [...values(index)]).flat(),
      ),
    );
    const { wrong } = checkOp(problem, right);
    assert.is(wrong, undefined, one.name);
    for (const bad of [1, Number.NaN]) {
      // A first one of the first result is always looked at.
      const broken = right.slice();
      broken[0] = broken[0]! + bad;
      assert.match(checkOp(problem, broken).wrong!, /^element 0 of result 0 is /, one.name);
    }
    assert.match(checkOp(problem, right.subarray(1)).wrong!, /values, expected /, one.name);
  }
});
