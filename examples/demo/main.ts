/** `npm run demo`: converts a trained model to mixed precision; trains a network in float32, float16 and mixed_float16, side by side; reports. */
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { writeTextAtomic } from '../../src/node/atomic.ts';
import type { PolicyName } from '../../src/node.ts';
import { loadDigits } from './digits.ts';
import type { ExponentHistogram } from './exponents.ts';
import { renderReport } from './report.ts';
import { type Run, trainDigits } from './training.ts';
import { type Upscaling, upscale } from './upscaling.ts';
import { upscalingHtml, upscalingTable, upscalingWords } from './upscaling-report.ts';

const HELP = `Usage: npm run demo -- [--quick] [--json FILE] [--report FILE]

Converts ESRGAN-slim 2x, a trained Keras model, to mixed precision, compares its pictures, trains it on, writes it and
reads it back. Then trains 784-512-512-10 on 8,000 handwritten digits three times, from the same weights and with the same batches:
float32, float16 throughout, and mixed_float16 with dynamic loss scaling; tests on 2,000 more.

  --quick        2,000 digits and fewer epochs: about a minute at most
  --json FILE    the figures as JSON
  --report FILE  the page with the plots (default report/index.html); pictures and the converted model lie beside it
  --help         this text`;

const POLICIES: readonly PolicyName[] = ['float32', 'float16', 'mixed_float16'];
const FULL = { train: 8000, epochs: 8, upscaling: 6 };
const QUICK = { train: 2000, epochs: 6, upscaling: 1 };

function tableOf(runs: readonly Run[]): { head: string[]; rows: string[][] } {
  const head = ['policy', 'loss', 'test accuracy', 'ms / step', 'peak MiB', 'skipped', 'final scale'];
  const rows = runs.map((run) => [
    run.policy,
    run.finalLoss.toFixed(4),
    `${(run.testAccuracy * 100).toFixed(2)} %`,
    run.msPerStep.toFixed(1),
    (run.peakBytes / 2 ** 20).toFixed(1),
    String(run.skippedSteps),
    run.finalLossScale.toLocaleString('en-US'),
  ]);
  return { head, rows };
}

function print({ head, rows }: { readonly head: string[]; readonly rows: string[][] }): void {
  const colAligns = ['left' as const, ...head.slice(1).map(() => 'right' as const)];
  const shown = new Table({ head, style: { head: [], border: [] }, colAligns });
  shown.push(...rows);
  console.log(shown.toString());
}

/** What is a number, for `--json`. */
function figuresOf({ psnr, float32, mixed, largest, error, losses, lossScale, readBack }: Upscaling) {
  const of = ({ ms, bytes }: Upscaling['float32']) => ({ ms, bytes });
  return { psnr, float32: of(float32), mixed: of(mixed), largest, error, losses, lossScale, readBack };
}

/** Options of the command line; ends the process at one that is none. */
function readOptions() {
  try {
    return parseArgs({
      options: {
        quick: { type: 'boolean', default: false },
        json: { type: 'string' },
        report: { type: 'string', default: 'report/index.html' },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    // Only Node's first sentence: the rest is about arguments that this command does not have.
    const [said] = (error as Error).message.split(/\.\s|\n/);
    console.error(`demo: ${said}; npm run demo -- --help shows the options`);
    process.exit(1);
  }
}

const values = readOptions();
if (values.help) {
  console.log(HELP);
  process.exit(0);
}

const size = values.quick ? QUICK : FULL;
const start = performance.now();
const folder = dirname(values.report);
console.log('ESRGAN-slim 2x, a trained Keras model: 222,075 weights, a picture of 128 x 128 to 256 x 256');
const upscaling = await upscale(join(folder, 'esrgan-slim-2x-mixed'), size.upscaling);
print(upscalingTable(upscaling));
for (const words of upscalingWords(upscaling)) console.log(words);

const digits = loadDigits(size.train);
const runs: Run[] = [];
const exponents: ExponentHistogram[] = [];
let adapter = '';
let software = false;
for (const policy of POLICIES) {
  console.log(`\n${policy}`);
  const result = await trainDigits({ policy, ...digits, epochs: size.epochs });
  ({ adapter, software } = result);
  runs.push(result.run);
  if (policy === 'mixed_float16') exponents.push(...result.exponents);
}

const table = tableOf(runs);
console.log(
  `\n784-512-512-10, ${size.train} digits, ${size.epochs} epochs of batches of 64, Adam, on ${adapter}${software ? ' (a software adapter)' : ''}`,
);
print(table);
const converted = await upscalingHtml(upscaling, folder);
await writeTextAtomic(values.report, renderReport({ adapter, software, runs, exponents, table, converted }));
console.log(`Plots: ${values.report}   Time: ${((performance.now() - start) / 1000).toFixed(0)} s`);
if (values.json)
  await writeTextAtomic(
    values.json,
    `${JSON.stringify({ adapter, runs, upscaling: figuresOf(upscaling) }, null, 2)}\n`,
  );
