// Runs test files one after another in this process, for Nodes that cannot start another: node scripts/mesa26.mjs test/matrix/run.ts <file ...>
import { fileURLToPath } from 'node:url';
import { runFile } from '../harness.ts';

const counts = { pass: 0, fail: 0, skip: 0 };
const root = fileURLToPath(new URL('../..', import.meta.url));
const [...files] = process.argv.slice(2);
if (files.length === 0) console.log('Name at least one test file.');
for (const file of files) {
  await runFile(fileURLToPath(new URL(file, `file://${root}`)), ({ kind }) => {
    if (kind !== 'start') counts[kind]++;
  });
}
console.log(`${counts.pass} passed, ${counts.fail} failed, ${counts.skip} skipped`);
process.exit(counts.fail === 0 && counts.pass > 0 ? 0 : 1);
