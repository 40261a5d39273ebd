// Each example runs as it stands, and prints what must hold.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import { suite } from './harness.ts';

const test = suite('examples');
const folder = fileURLToPath(new URL('../examples/', import.meta.url));

/** What an example prints, line by line. */
function run(file: string): string[] {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...process.execArgv, folder + file], {
    encoding: 'utf8',
  });
  assert.is(status, 0, stderr);
  return stdout.trimEnd().split('\n');
}

/** First and last number of `loss 1.0775 -> 0.0002`. */
function losses(line: string): [first: number, last: number] {
  const [, first, last] = /^loss ([\d.]+) -> ([\d.]+)/.exec(line) ?? assert.unreachable(line) ?? [];
  return [Number(first), Number(last)];
}

const CHECKS: Readonly<Record<string, (lines: string[]) => void>> = {
  'policy.ts'(lines) {
    const epochs = lines.filter((line) => /^Epoch \d+\/10 {2}loss/.test(line));
    assert.is(epochs.length, 10);
    const shown = epochs.map((line) => Number(/loss ([\d.]+)/.exec(line)![1]));
    for (const [index, loss] of shown.entries())
      assert.ok(index === 0 || loss < shown[index - 1]!, `${shown}`);
    const [first, last] = losses(lines.at(-1)!);
    assert.ok(last < 0.2 * first, lines.at(-1)!);
    assert.match(lines.at(-1)!, /scale 32768$/);
    assert.ok(
      lines.some((line) => /^dense \(Dense\) .*float16 \/ float32 +8,320$/.test(line)),
      lines.join('\n'),
    );
  },
  'loss-scaling.ts'(lines) {
    const [first, last] = losses(lines[0]!);
    assert.ok(first > 0.5 && first < 2 && last < 0.01, lines[0]);
    assert.match(lines[0]!, /after 100 steps$/);
  },
  'nested-tapes.ts'(lines) {
    const [first, last] = losses(lines[0]!);
    assert.ok(first > 0.5 && first < 2 && last < 0.01, lines[0]);
    assert.match(lines[0]!, /after 100 steps$/);
  },
  'underflow.ts'(lines) {
    assert.is(lines[0], 'unscaled: the first kernel is 1');
    const [, scaled] = /^scaled by 2\^15: the first kernel is ([\d.]+)$/.exec(lines[1]!) ?? [];
    // Exact arithmetic gives 1.109; float16 leaves the gradient some three digits.
    assert.ok(Math.abs(Number(scaled) - 1.109) < 0.01, lines[1]);
  },
};

test('every example has a check here, and its first line says how to run it', () => {
  const files = readdirSync(folder).filter((file) => file.endsWith('.ts'));
  assert.equal(files.sort(), Object.keys(CHECKS).sort());
  for (const file of files) {
    const [first] = readFileSync(folder + file, 'utf8').split('\n');
    assert.ok(first!.endsWith(`Run: npx tsx examples/${file} */`), `${file}: ${first}`);
  }
});

for (const [file, check] of Object.entries(CHECKS)) test(file, () => check(run(file)));
