// Tests of the test harness: nothing may pass by not running.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import { suite } from './harness.ts';

const harness = new URL('./harness.ts', import.meta.url).href;
const runner = fileURLToPath(new URL('./run.ts', import.meta.url));

/** Runs the runner on test files with these texts: a.test.ts, b.test.ts, ... */
function runFiles(
  texts: string[],
  options: string[],
): { code: number | null; output: string; closing: string } {
  const folder = mkdtempSync(join(tmpdir(), 'halftape-harness-'));
  try {
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    for (const [index, text] of texts.entries()) writeFileSync(join(folder, `${'abc'[index]}.test.ts`), text);
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [...process.execArgv, runner, '--from', folder, ...options],
      { encoding: 'utf8', env: { ...process.env, FORCE_COLOR: '0' } },
    );
    const output = (stdout + stderr).replaceAll(/^/gm, '    | ');
    return { code: status, output, closing: stdout.trimEnd().split('\n').at(-1)! };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The same for test files with one suite, called `numbers`, made by these statements. */
function run(bodies: string[], ...options: string[]): ReturnType<typeof runFiles> {
  const head = `import { suite } from '${harness}';\nconst test = suite('numbers');\n`;
  return runFiles(
    bodies.map((body) => head + body),
    options,
  );
}

const PASSING = `test('adds', () => {});`;
const test = suite('harness');

for (const options of [[], ['--in-process']]) {
  const where = options.length ? 'in one process' : 'in a process per file';

  test(`${where}: passing tests end with exit code 0 and one closing line`, () => {
    const { code, output, closing } = run([PASSING, PASSING], ...options);
    assert.is(closing, '2 passed, 0 failed, 0 skipped', output);
    assert.is(output.match(/\d+ passed/g)?.length, 1);
    assert.match(output, /numbers/);
    assert.is(code, 0);
  });

  test(`${where}: a failing test ends with exit code 1, its difference and its place`, () => {
    const failing = `import * as assert from '${import.meta.resolve('uvu/assert')}';
      test('adds', () => assert.equal({ sum: 3 }, { sum: 4 }));`;
    const { code, output, closing } = run([failing, PASSING], ...options);
    assert.is(closing, '1 passed, 1 failed, 0 skipped', output);
    assert.match(output, /\+\+.*"sum":·4/);
    assert.match(output, /a\.test\.ts:\d+/);
    assert.is(code, 1);
  });
}

test('a suite without tests fails', () => {
  const { code, output, closing } = run(['', PASSING]);
  assert.is(closing, '1 passed, 1 failed, 0 skipped', output);
  assert.match(output, 'registers no test');
  assert.is(code, 1);
});

test('a file without a suite fails', () => {
  const { code, output, closing } = runFiles(['export {};'], []);
  assert.is(closing, '0 passed, 1 failed, 0 skipped', output);
  assert.match(output, 'registers no suite');
  assert.is(code, 1);
});

test('a test file started without the runner fails', () => {
  const self = fileURLToPath(import.meta.url);
  const { status, stderr } = spawnSync(process.execPath, [...process.execArgv, self], { encoding: 'utf8' });
  assert.match(stderr, 'npm test -- ');
  assert.is(status, 1);
});

test('a run that finds no file fails', () => {
  const { code, closing } = run([PASSING], 'no-such-file');
  assert.is(closing, '0 passed, 1 failed, 0 skipped');
  assert.is(code, 1);
});

test('a skipped test prints its reason and is counted', () => {
  const { code, output, closing } = run([`${PASSING} test.skip('no such card', 'divides', () => {});`]);
  assert.match(output, 'divides (no such card)');
  assert.is(closing, '1 passed, 0 failed, 1 skipped');
  assert.is(code, 0);
});

test('a skipped test without a reason fails, and so does a run of skipped tests only', () => {
  assert.match(run([`test.skip('', 'divides', () => {});`]).output, 'must say why');
  const { code, closing } = run([`test.skip('no such card', 'divides', () => {});`]);
  assert.is(closing, '0 passed, 1 failed, 1 skipped');
  assert.is(code, 1);
});

test('a crash fails its file, keeps what was printed and counted, and lets the next file run', () => {
  const crashing = `${PASSING} test('dies', () => { console.log('last words'); process.abort(); });`;
  const { code, output, closing } = run([crashing, PASSING]);
  assert.is(closing, '2 passed, 1 failed, 0 skipped', output);
  assert.match(output, 'last words');
  assert.match(output, 'ended by SIGABRT in numbers: dies');
  assert.is(code, 1);
});

test('an exit in the middle of the tests fails', () => {
  const { output, closing } = run([`test('leaves', () => process.exit(0)); ${PASSING}`]);
  assert.is(closing, '0 passed, 1 failed, 0 skipped', output);
  assert.match(output, 'exited with code 0 in numbers: leaves');
});

test('a test that never settles fails at its time limit', () => {
  const { output, closing } = run([
    `test('waits', { timeout: 50 }, () => new Promise(() => {})); ${PASSING}`,
  ]);
  assert.is(closing, '1 passed, 1 failed, 0 skipped', output);
  assert.match(output, 'did not settle within 50 ms');
});

test('a test that blocks its process is stopped', { timeout: 30_000 }, () => {
  const { output, closing } = run([`test('spins', { timeout: 50 }, () => { for (;;); }); ${PASSING}`]);
  assert.is(closing, '0 passed, 1 failed, 0 skipped', output);
  assert.match(output, 'blocked, and stopped, in numbers: spins');
});

test('errors that no test awaits fail', () => {
  const rejecting = `test('forgets', () => { void Promise.reject(new Error('unawaited')); });`;
  const throwing = `test('forgets', () => new Promise((resolve) => {
    setTimeout(() => { throw new Error('late'); });
    setTimeout(resolve, 20);
  }));`;
  const { output, closing } = run([rejecting, throwing]);
  assert.is(closing, '2 passed, 2 failed, 0 skipped', output);
  assert.match(output, 'unawaited');
  assert.match(output, 'late');
});

test('what uvu would swallow fails: hooks that throw, thrown values that are no errors, a test added late', () => {
  const { output, closing } = run([
    `test.before(() => { throw new Error('no device'); }); test.after(() => { throw new Error('no end'); }); ${PASSING}`,
    `test('throws a word', () => { throw 'word'; });`,
    `test('adds a test', () => test('late', () => {}));`,
  ]);
  assert.is(closing, '1 passed, 5 failed, 0 skipped', output);
  for (const said of ['no device', 'no end', `thrown: 'word'`, '1 of 2 tests did not run']) {
    assert.match(output, said);
  }
});
