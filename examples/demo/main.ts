/** `npm run demo`: trains one network in float32, float16 and mixed_float16, side by side, and reports. */
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { writeTextAtomic } from '../../src/node/atomic.ts';
import type { PolicyName } from '../../src/node.ts';
import { loadDigits } from './digits.ts';
import type { ExponentHistogram } from './exponents.ts';
import { renderReport } from './report.ts';
import { type Run, trainDigits } from './training.ts';

const HELP = `Usage: npm run demo -- [--quick] [--json FILE] [--report FILE]

Trains 784-512-512-10 on 8,000 handwritten digits three times, from the same weights and with the same batches:
float32, float16 throughout, and mixed_float16 with dynamic loss scaling; tests on 2,000 more.

  --quick        2,000 digits and fewer epochs: about a minute at most
  --json FILE    the figures as JSON
  --report FILE  the page with the plots (default report/index.html)
  --help         this text`;

const POLICIES: readonly PolicyName[] = ['float32', 'float16', 'mixed_float16'];
const FULL = { train: 8000, epochs: 8 };
const QUICK = { train: 2000, epochs: 6 };

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
const digits = loadDigits(size.train);
const start = performance.now();
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
const shown = new Table({
  head: table.head,
  style: { head: [], border: [] },
  colAligns: ['left', ...Array(6).fill('right')],
});
shown.push(...table.rows);
console.log(
  `\n784-512-512-10, ${size.train} digits, ${size.epochs} epochs of batches of 64, Adam, on ${adapter}${software ? ' (a software adapter)' : ''}`,
);
console.log(shown.toString());
await writeTextAtomic(values.report, renderReport({ adapter, software, runs, exponents, table }));
console.log(`Plots: ${values.report}   Time: ${((performance.now() - start) / 1000).toFixed(0)} s`);
if (values.json) await writeTextAtomic(values.json, `${JSON.stringify({ adapter, runs }, null, 2)}\n`);
