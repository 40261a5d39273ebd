// A process killed while it saves over a model: the old model is there, or the new one.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';

const test = suite('a killed save');
const folder = mkdtempSync(join(tmpdir(), 'halftape-killed-'));
test.after(() => rmSync(folder, { recursive: true }));

/** Saves a model of ever other weights, without end. */
const PROGRAM = `
import * as ht from ${JSON.stringify(new URL('../src/node.ts', import.meta.url).href)};
await ht.open();
const model = ht.sequential([ht.layers.dense({ units: 600, useBias: false })], { inputShape: [3000] });
model.build();
for (let i = 1; ; i++) {
  model.setWeights([new Float32Array(1_800_000).fill(i)]);
  await model.save(${JSON.stringify(folder)});
  process.stdout.write('saved ');
}
`;

test('the weights are all of one save', async () => {
  const tsx = fileURLToPath(new URL('../node_modules/tsx/dist/cli.mjs', import.meta.url));
  const child = spawn(process.execPath, [tsx, '--input-type=module', '--eval', PROGRAM], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  await new Promise<void>((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (data) => {
      text += data;
      if (text.split(' ').length > 3) setTimeout(resolve, 20);
    });
    child.on('exit', () => reject(new Error('it ended by itself')));
  });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  process.kill(-child.pid!, 'SIGKILL');
  await ended;
  const engine = await ht.open();
  const model = await ht.loadModel(folder);
  const [values] = await model.getWeights();
  assert.ok(values![0]! >= 2);
  assert.ok(values!.every((value) => value === values![0]));
  engine.close();
});
