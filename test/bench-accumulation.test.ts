// The bench of sums: its errors are those that theory expects, and they are shown.
import * as assert from 'uvu/assert';
import { measureAccumulation } from '../bench/accumulation.ts';
import { errorLines } from '../bench/plots.ts';
import type { Results } from '../bench/results.ts';
import { tablesOf } from '../bench/tables.ts';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';

const test = suite('bench of accumulation');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ f16: 'packed' });
});
test.after(() => engine.close());

test('float16 sums of positive numbers stop; chunks, Kahan and float32 do not', async () => {
  const errors = await measureAccumulation(engine, { quick: true, wanted: () => true });
  assert.is(errors.length, 2 * 5 * 3);
  const rms = (distribution: string, accumulate: string, k: number) =>
    errors.find(
      (row) => row.distribution.startsWith(distribution) && row.accumulate === accumulate && row.k === k,
    )!.rms;
  for (const { max, rms, k, accumulate, distribution } of errors) {
    assert.ok(rms > 0 && rms <= max && max <= 16 * rms, `${distribution} ${accumulate} ${k}: ${rms} ${max}`);
    if (accumulate === 'float32') assert.ok(max < 1e-7 * Math.sqrt(k) * 8, `${max}`);
  }
  // 4096 products of mean 1/4; a sum of 1024 moves by steps of 1.
  assert.ok(rms('uniform', 'float16', 4096) > 0.05);
  assert.ok(rms('uniform', 'chunks of 16', 4096) < 2e-4);
  assert.ok(rms('uniform', 'float16, Kahan', 4096) < 2 ** -11);
  assert.ok(rms('normal', 'float16', 4096) > 3 * rms('normal', 'float16', 256));
  assert.ok(rms('normal', 'float16, Kahan', 4096) < 2 ** -11);

  const results = { rows: [], peers: [], errors } as unknown as Results;
  const tables = tablesOf(results);
  assert.equal(
    tables.map(({ rows }) => rows.length),
    [10, 10],
  );
  assert.equal(tables[0]!.head, ['factors', 'sum in', 'K 16', 'K 256', 'K 4096']);
  const svg = errorLines(results)!;
  assert.not.match(svg, /NaN|undefined/);
  for (const way of ['float32', 'float16', 'chunks of 16', 'chunks of 256', 'float16, Kahan'])
    assert.ok(svg.includes(way), way);
});

test('--only leaves out the others', async () => {
  const errors = await measureAccumulation(engine, { quick: true, wanted: (name) => name.includes('Kahan') });
  assert.equal([...new Set(errors.map(({ accumulate }) => accumulate))], ['float16, Kahan']);
});
