// Runs the op table: every row forward, gradient and second derivative, in float32 and both forms of float16.
import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import * as ops from '../../src/ops/index.ts';
import { suite } from '../harness.ts';
import { checkForward, checkGradient, checkMemory, checkSecondGradient, checkWhole } from './check.ts';
import { useEngines } from './engines.ts';
import { FORMS, nameOf } from './row.ts';
import { ELSEWHERE, TABLE } from './table.ts';

const test = suite('op table');
const engines = useEngines(test);

test('every exported op has a row, or a test that names it', () => {
  const rows = new Set(TABLE.map(({ op }) => op));
  for (const name of Object.keys(ops)) {
    if (rows.has(name)) continue;
    const file = ELSEWHERE[name];
    assert.ok(file, `src/ops/index.ts exports ${name}, which has no row in test/ops/table.ts`);
    assert.match(readFileSync(new URL(file, import.meta.url), 'utf8'), new RegExp(`\\b${name}\\(`), name);
  }
  for (const name of [...rows, ...Object.keys(ELSEWHERE)])
    assert.ok(name in ops, `${name} is no exported op`);
});

for (const row of TABLE) {
  for (const form of FORMS) {
    test(`${nameOf(row)}, ${form}`, async () => {
      await checkForward(row, engines.form(form));
      await checkMemory(row, engines.form(form));
      if (row.constant) return;
      await checkGradient(row, engines.form(form));
      await checkSecondGradient(row, engines.form(form));
    });
  }
  for (const dtype of row.also ?? []) {
    test(`${nameOf(row)}, ${dtype}`, () => checkWhole(row, engines.form('float32'), dtype));
  }
}
