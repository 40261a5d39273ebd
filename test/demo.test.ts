// The demo: a quick run's figures and report, its help, and an unknown option.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseHTML } from 'linkedom';
import * as assert from 'uvu/assert';
import type { Run } from '../examples/demo/training.ts';
import type { Upscaling } from '../examples/demo/upscaling.ts';
import { suite } from './harness.ts';
import { script } from './script.ts';

const test = suite('demo');
const folder = mkdtempSync(join(tmpdir(), 'halftape-demo-'));
test.after(() => rmSync(folder, { recursive: true }));

const TIMEOUT = 300_000;
/** Of the converted model. */
const PICTURES = [
  'float32.png',
  'keras-s-own-as-shipped.png',
  'mixed_float16.png',
  'the-input-128-x-128.png',
];
const POLICIES = ['float32', 'float16', 'mixed_float16'];
/** 2,000 digits in batches of 64, six times. */
const STEPS = 6 * 32;

/** Runs the demo in an empty folder. */
function demo(...options: string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [...script('examples/demo/main.ts'), ...options],
    {
      cwd: folder,
      encoding: 'utf8',
      timeout: TIMEOUT,
    },
  );
  return { status, stdout, stderr };
}

test('a quick run trains in three policies, and writes figures and a page', { timeout: TIMEOUT }, () => {
  const { status, stdout, stderr } = demo(
    '--quick',
    '--json',
    'out/figures.json',
    '--report',
    'out/page.html',
  );
  assert.is(status, 0, stderr);
  assert.equal(
    readdirSync(join(folder, 'out')).sort(),
    [...PICTURES, 'esrgan-slim-2x-mixed', 'figures.json', 'page.html'].sort(),
  );
  const figures = JSON.parse(readFileSync(join(folder, 'out/figures.json'), 'utf8')) as {
    adapter: string;
    runs: Run[];
    upscaling: Converted;
  };
  checkConverted(figures.upscaling);
  checkFigures(figures);
  checkPage(readFileSync(join(folder, 'out/page.html'), 'utf8'), figures);
  for (const policy of POLICIES) assert.match(stdout, new RegExp(`│ ${policy} +│`));
  assert.ok(stdout.includes('Plots: out/page.html'), stdout);
});

type Converted = Pick<Upscaling, 'psnr' | 'largest' | 'error' | 'losses' | 'readBack' | 'float32' | 'mixed'>;

function checkConverted({ psnr, largest, error, losses, readBack, float32, mixed }: Converted): void {
  // The shipped picture has whole numbers: half a grey level of rounding is 54.8 dB.
  assert.ok(psnr.float32 > 54 && psnr.mixed > 54, `${psnr.float32} and ${psnr.mixed} dB`);
  assert.ok(psnr.between > 60 && psnr.between < 120, `${psnr.between} dB`);
  assert.ok(largest > 255 && largest < 65504, `${largest}`);
  assert.is(losses.length, 10);
  assert.ok(error.after < error.before, `from ${error.before} to ${error.after}`);
  assert.is(readBack, 0);
  assert.ok(mixed.bytes < 0.6 * float32.bytes, `${mixed.bytes} of ${float32.bytes} bytes`);
}

function checkFigures({ adapter, runs }: { adapter: string; runs: Run[] }): void {
  assert.ok(adapter.length > 0, 'the adapter has a name');
  assert.equal(
    runs.map(({ policy }) => policy),
    POLICIES,
  );
  for (const run of runs) {
    const { policy, testAccuracy, finalLoss, msPerStep, peakBytes, skippedSteps, finalLossScale, losses } =
      run;
    assert.ok(testAccuracy >= 0 && testAccuracy <= 1, `${policy}: accuracy ${testAccuracy}`);
    assert.ok(msPerStep > 0 && msPerStep < 60_000, `${policy}: ${msPerStep} ms per step`);
    // Weights, two slots and their gradients of 670,000 parameters take 2 to 4 bytes each.
    assert.ok(peakBytes > 5e6 && peakBytes < 1e8, `${policy}: ${peakBytes} bytes`);
    assert.is(losses.length, STEPS, `${policy}: steps`);
    assert.ok(
      losses.every((loss) => typeof loss === 'number' && loss > 0),
      `${policy}: losses`,
    );
    const lastEpoch =
      losses.slice(-32).reduce((sum, loss, step) => sum + loss * (step === 31 ? 16 : 64), 0) / 2000;
    assert.ok(
      Math.abs(lastEpoch - finalLoss) < 1e-6,
      `${policy}: final loss ${finalLoss}, mean of its steps ${lastEpoch}`,
    );
    assert.ok(Number.isInteger(skippedSteps) && skippedSteps >= 0 && skippedSteps < STEPS);
    if (policy !== 'mixed_float16') assert.equal([skippedSteps, finalLossScale], [0, 1]);
  }
  const [float32, , mixed] = runs as [Run, Run, Run];
  assert.is.not(mixed.losses[10], float32.losses[10], 'they were computed with other numbers');
  assert.ok(
    Math.abs(mixed.losses[0]! - float32.losses[0]!) < 0.01,
    'from the same weights, on the same batch',
  );
  for (const { policy, finalLoss, losses, testAccuracy } of [float32, mixed]) {
    assert.ok(finalLoss < 0.2 * losses[0]!, `${policy}: from ${losses[0]} to ${finalLoss}`);
    assert.ok(testAccuracy > 0.85, `${policy}: accuracy ${testAccuracy}`);
  }
  const points = Math.abs(mixed.testAccuracy - float32.testAccuracy) * 100;
  assert.ok(points <= 1, `mixed_float16 is ${points.toFixed(2)} points of accuracy from float32`);
  assert.ok(mixed.finalLossScale >= 1 && Number.isInteger(Math.log2(mixed.finalLossScale)), 'a power of two');
}

function checkPage(html: string, { adapter, runs }: { adapter: string; runs: Run[] }): void {
  assert.match(html, /^<!doctype html>/);
  // Self-contained: nothing is fetched, and nothing runs.
  assert.not.match(html, /\b(?:src|href)\s*=\s*["']?(?!["']?(?:#|data:))/i);
  assert.not.match(html, /<script|<link|<iframe|@import|url\(\s*["']?(?!["']?(?:#|data:))/i);
  const { document } = parseHTML(html);
  assert.ok([...document.querySelectorAll('p')].some(({ textContent }) => textContent!.includes(adapter)));
  assert.is(document.querySelectorAll('img[src^="data:image/png;base64,"]').length, PICTURES.length);
  const svgs = [...document.querySelectorAll('figure svg')];
  assert.is(svgs.length, 5, 'training on; losses, scale, exponents without and with it');
  for (const svg of svgs) {
    assert.is(svg.getAttribute('xmlns'), 'http://www.w3.org/2000/svg');
    assert.ok(svg.querySelectorAll('path, rect').length > 0, 'something is drawn');
    assert.not.match(svg.outerHTML, /NaN|undefined/);
  }
  assert.is(svgs[1]!.querySelectorAll('[aria-label="line"] path').length, 3, 'one line a policy');
  const rows = [...document.querySelectorAll('table:last-of-type tbody tr')].map((row) =>
    [...row.children].map((cell) => cell.textContent),
  );
  assert.equal(
    rows.map(([policy]) => policy),
    POLICIES,
  );
  for (const [index, { finalLoss, testAccuracy, skippedSteps }] of runs.entries()) {
    const [, loss, accuracy, , , skipped] = rows[index]!;
    assert.equal(
      [loss, accuracy, skipped],
      [finalLoss.toFixed(4), `${(testAccuracy * 100).toFixed(2)} %`, `${skippedSteps}`],
    );
  }
}

test('--help shows every option, and trains nothing', () => {
  const { status, stdout } = demo('--help');
  assert.is(status, 0);
  for (const option of ['--quick', '--json FILE', '--report FILE', '--help'])
    assert.ok(stdout.includes(option), option);
});

for (const [options, message] of [
  [['--fast'], /^demo: Unknown option '--fast'; npm run demo -- --help shows the options$/m],
  [['quick'], /^demo: Unexpected argument 'quick'; npm run demo -- --help/m],
  [['--json'], /^demo: Option '--json <value>' argument missing; npm run demo -- --help/m],
] as const) {
  test(`${options}: refused in one line`, () => {
    const { status, stdout, stderr } = demo(...options);
    assert.is(status, 1);
    assert.match(stderr, message);
    assert.not.match(stderr, /^ +at /m);
    assert.is(stdout, '');
  });
}
