// What fit shows in a terminal and elsewhere: a bar that is cleaned up whatever happens, or one plain line an epoch.
import { type SpawnSyncOptionsWithStringEncoding, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from './harness.ts';

const test = suite('progress');
const entry = new URL('../src/node.ts', import.meta.url).href;

/** Two epochs of many steps, one quiet epoch, and an epoch that a callback ends. */
const PROGRAM = `
import * as ht from '${entry}';
const engine = await ht.open();
const model = ht.sequential([ht.layers.dense({ units: 1, inputShape: [1] })]);
model.compile({ optimizer: 'sgd', loss: 'mse' });
const x = Array.from({ length: 400 }, (_, i) => [i / 400]);
await model.fit(x, x, { epochs: 2, batchSize: 4 });
console.log('quiet');
await model.fit(x, x, { verbose: 0 });
console.log('thrown');
const callbacks = { onBatchEnd(step) { if (step === 20) throw new Error('enough'); } };
await model.fit(x, x, { batchSize: 4, callbacks }).catch(({ message }) => console.log(message));
engine.close();
console.log('end');
`;
const TIMEOUT = 60_000;
const ESCAPE = '\u001b';

/** Output of the program, run by itself or in a pseudo-terminal of so many columns. */
function run(columns?: number): { output: string; status: number | null } {
  const folder = mkdtempSync(join(tmpdir(), 'halftape-progress-'));
  try {
    const file = join(folder, 'program.mts');
    writeFileSync(file, PROGRAM);
    const node = [process.execPath, ...process.execArgv, file];
    const options: SpawnSyncOptionsWithStringEncoding = {
      encoding: 'utf8',
      timeout: TIMEOUT,
      stdio: ['ignore', 'pipe', 'ignore'],
    };
    const { stdout, status } =
      columns === undefined
        ? spawnSync(node[0]!, node.slice(1), options)
        : spawnSync(
            'script',
            [
              '-qec',
              `stty cols ${columns}; ${node.map((word) => `'${word}'`).join(' ')} 2>/dev/null`,
              '/dev/null',
            ],
            options,
          );
    return { output: stdout.replaceAll('\r\n', '\n'), status };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const PLAIN = /^Epoch 1\/2 {2}loss [\d.e-]+\nEpoch 2\/2 {2}loss [\d.e-]+\nquiet\nthrown\nenough\nend\n$/;

test('outside a terminal: one plain line an epoch, and nothing else', { timeout: TIMEOUT }, () => {
  const { output, status } = run();
  assert.match(output, PLAIN);
  assert.is(status, 0);
});

const script = spawnSync('script', ['--version'], { encoding: 'utf8' });
const terminal: (name: string, body: () => void) => void = script.stdout?.includes('util-linux')
  ? (name, body) => test(name, { timeout: TIMEOUT }, body)
  : (name, body) => test.skip("no 'script' of util-linux here, which makes a pseudo-terminal", name, body);

terminal(
  'in a terminal: a bar with numbers, then the line; the cursor comes back, a thrown error ends the bar too',
  () => {
    const { output, status } = run(100);
    assert.is(status, 0, 'the process has ended by itself');
    const [epochs, quiet, thrown] = output.split(/quiet\n|thrown\n/) as [string, string, string];
    assert.match(epochs, /Epoch 1\/2 {2}[=-]+ \d+\/100 {2}\S+ left {2}loss [\d.e-]+/);
    assert.match(epochs, /Epoch 1\/2 {2}loss [\d.e-]+\n/);
    assert.match(epochs, /Epoch 2\/2 {2}loss [\d.e-]+\n$/);
    assert.is(quiet, '', 'verbose 0');
    assert.match(thrown, /Epoch 1\/1 {2}[=-]+ \d+\/100/);
    assert.match(thrown, /enough\nend\n$/);
    const shown = output.split(`${ESCAPE}[?25h`).length;
    assert.is(shown, output.split(`${ESCAPE}[?25l`).length, 'shown as often as hidden');
    assert.is(shown, 4);
  },
);

terminal('in a terminal without a width: plain lines', () => {
  const { output, status } = run(0);
  assert.match(output, PLAIN);
  assert.is(status, 0);
});
