/** What README.md shows: its example runs, and its commands exist. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import * as assert from 'uvu/assert';
import { suite } from './harness.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const test = suite('README');

test('its example runs, and its losses fall', () => {
  const [, code] = /```ts\n([\s\S]*?)```/.exec(readme) ?? [];
  assert.ok(code, 'README.md has no ts block');
  const folder = mkdtempSync(join(tmpdir(), 'halftape-readme-'));
  try {
    const file = join(folder, 'example.mts');
    const node = pathToFileURL(join(root, 'src/node.ts')).href;
    const checked = code
      .replace("'halftape/node'", `'${node}'`)
      .replace(/console\.log\((.*)\);/, 'console.log(JSON.stringify([$1]));');
    writeFileSync(file, checked);
    const run = spawnSync(process.execPath, ['--import', 'tsx', file], { cwd: root, encoding: 'utf8' });
    assert.is(run.status, 0, run.stderr);
    const [loss, scale] = JSON.parse(run.stdout.trim().split('\n').at(-1)!) as [number[], number[]];
    assert.is(loss.length, 5);
    assert.ok(loss.at(-1)! < 0.7 * loss[0]!, `losses ${loss}`);
    assert.equal(scale, Array(5).fill(2 ** 15));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the commands it shows are scripts, and the files it links exist', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const commands = [...readme.matchAll(/npm run (\w+)/g)].map(([, name]) => name!);
  assert.ok(commands.length > 0);
  for (const name of [...commands, 'test']) assert.ok(scripts[name], `no script ${name}`);
  const links = [...readme.matchAll(/\]\(([^)#]+)/g)].map(([, path]) => path!);
  assert.ok(links.length > 5);
  for (const path of links) readFileSync(join(root, path));
});

test('the conversion it shows prints what it shows, but for the numbers', { timeout: 180_000 }, () => {
  const [, block] = /```\n\$ npx (halftape convert [\s\S]*?)```/.exec(readme) ?? [];
  assert.ok(block, 'README.md shows no conversion');
  const [command, ...shown] = block
    .replace(/\\\n\s*/g, '')
    .trim()
    .split('\n');
  const folder = mkdtempSync(join(tmpdir(), 'halftape-readme-'));
  try {
    const [, ...args] = command!.replaceAll('node_modules/', join(root, 'node_modules/')).split(' ');
    const main = join(root, 'src/cli/main.ts');
    const tsx = pathToFileURL(join(root, 'node_modules/tsx/dist/loader.mjs')).href;
    const run = spawnSync(process.execPath, ['--import', tsx, main, ...args], {
      cwd: folder,
      encoding: 'utf8',
    });
    assert.is(run.status, 0, run.stderr);
    const form = (line: string) =>
      line
        .replace(/[\d.,]+|-{3,}/g, '#')
        .replace(/\s+/g, ' ')
        .trim();
    const printed = new Set(run.stdout.split('\n').map(form));
    for (const line of shown)
      if (line !== '...' && !line.startsWith('Worst layer'))
        assert.ok(printed.has(form(line)), `${line}\n${run.stdout}`);
    assert.match(run.stdout, /^Worst layer: .* The bound of 1 % is kept\.$/m);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('its table is what the demo prints', () => {
  const main = readFileSync(join(root, 'examples/demo/main.ts'), 'utf8');
  const head = ['policy', 'loss', 'test accuracy', 'ms / step', 'peak MiB', 'skipped', 'final scale'];
  for (const title of head) {
    assert.ok(readme.includes(title), title);
    assert.ok(main.includes(`'${title}'`), title);
  }
});
