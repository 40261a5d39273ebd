// Runs the tests: lint and types, then every test file in a process of its own, counted, with one closing line.
import { type ChildProcess, fork, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, realpathSync } from 'node:fs';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bundle } from './bundle.ts';
import { DEFAULT_TIMEOUT, type Report, runFile, type TestEvent } from './harness.ts';
import { BUNDLES, bundled, MAPPED, root, scripts } from './script.ts';

const USAGE = `npm test -- [options] [filter ...]     a filter is a part of a test file's path
  --in-process      run the files in this process: quicker and easier to debug, but a crash ends everything
  --from <folder>   look for test files in another folder than test/`;

/** Dawn says this twice for every adapter it is asked for; it tells a reader nothing. */
const NOISE = /artificially reduced/;
/** How long a process may say nothing beyond the time limit of what it runs, before it is stopped. */
const GRACE = 5_000;

/** Files that run at once: much of their time one core compiles shaders, and another waits. */
const LANES = 2;
/** Begin first, the longest before all, so that all lanes end together. */
const LONGEST = [
  ...['ops/table', 'examples', 'adaptive-loss-scale-layers', 'ops/gemm-family', 'demo', 'bench'],
  ...['autocast-tensorflow', 'adaptive-loss-scale-steps'],
].map((name) => join('test', `${name}.test.ts`));

const counts = { pass: 0, fail: 0, skip: 0 };
const failures: string[] = [];

function count(event: TestEvent, place: string): void {
  if (event.kind === 'start') return;
  counts[event.kind]++;
  if (event.kind === 'fail') failures.push(`${place}: ${event.name}`);
}

async function timed(title: string, work: () => Promise<void>): Promise<void> {
  const start = performance.now();
  console.log(`\n${title}`);
  await work();
  console.log(`  ${((performance.now() - start) / 1000).toFixed(1)} s`);
}

/** One of package.json's scripts, as a test. */
async function step(script: string): Promise<void> {
  const child = spawn('npm', ['run', '--silent', script], {
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  const [code] = await once(child, 'exit');
  count({ kind: code === 0 ? 'pass' : 'fail', name: script }, 'npm run');
}

const CHILD = fileURLToPath(new URL('./child.ts', import.meta.url));

/** Starts a test file, from `bundles` if there are any. What it starts by itself is TypeScript, and gets this process's options. */
function startFile(file: string, bundles: string | undefined): ChildProcess {
  const stdio: StdioOptions = ['ignore', 'pipe', 'pipe', 'ipc'];
  if (bundles === undefined) return fork(CHILD, [file], { stdio });
  return fork(bundled(bundles, CHILD), [bundled(bundles, file), ...process.execArgv], {
    stdio,
    execArgv: [MAPPED],
    env: { ...process.env, [BUNDLES]: bundles },
  });
}

/** `say` gets what the process prints. */
async function runInChild(child: ChildProcess, report: Report, say: (text: string) => void): Promise<void> {
  child.stdout!.setEncoding('utf8').on('data', say);
  createInterface({ input: child.stderr! }).on('line', (line) => {
    if (!NOISE.test(line)) say(`${line}\n`);
  });

  let doing = 'loading';
  let ended = false;
  let silent = false;
  const stop = () => {
    silent = true;
    child.kill('SIGKILL');
  };
  let watchdog = setTimeout(stop, DEFAULT_TIMEOUT);
  child.on('message', (event: TestEvent | { kind: 'end' }) => {
    clearTimeout(watchdog);
    watchdog = setTimeout(stop, GRACE + (event.kind === 'start' ? event.timeout : DEFAULT_TIMEOUT));
    if (event.kind === 'end') ended = true;
    else report(event);
    if (event.kind === 'start') doing = event.name;
  });

  const closed = once(child, 'close');
  const [code, signal] = await once(child, 'exit');
  clearTimeout(watchdog);
  await Promise.race([closed, delay(GRACE, undefined, { ref: false })]); // a process it started may hold its stderr open
  if (ended && code === 0) return;
  const how = silent ? 'blocked, and stopped,' : signal ? `ended by ${signal}` : `exited with code ${code}`;
  const name = `process ${how} ${ended ? 'after its tests' : `in ${doing}; its other tests did not run`}`;
  say(`\n  FAIL ${name}\n`);
  report({ kind: 'fail', name });
}

function findTests(folder: string, filters: string[]): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => join(folder, path))
    .filter((path) => path.endsWith('.test.ts'))
    .filter((path) => filters.length === 0 || filters.some((filter) => relative(root, path).includes(filter)))
    .sort();
}

const { values: options, positionals: filters } = parseArgs({
  options: { 'in-process': { type: 'boolean' }, from: { type: 'string' }, help: { type: 'boolean' } },
  allowPositionals: true,
});
if (options.help) {
  console.log(USAGE);
  process.exit();
}

process.chdir(root);
const everything = filters.length === 0 && options.from === undefined;
if (everything) for (const script of ['lint', 'typecheck']) await timed(script, () => step(script));

const files = findTests(realpathSync(options.from ?? 'test'), filters);
const waiting = files.map((file) => ({ file, place: relative(root, file) }));
const turnOf = (place: string) => (LONGEST.includes(place) ? LONGEST.indexOf(place) : LONGEST.length);
waiting.sort((a, b) => turnOf(a.place) - turnOf(b.place));

/** Runs files in processes of their own, one after the other; what each prints comes in one piece, at its end. */
async function lane(bundles: string | undefined): Promise<void> {
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    const { file, place } = next;
    const start = performance.now();
    let printed = '';
    await runInChild(
      startFile(file, bundles),
      (event) => count(event, place),
      (text) => {
        printed += text;
      },
    );
    console.log(`\n${place}\n${printed}  ${((performance.now() - start) / 1000).toFixed(1)} s`);
  }
}

if (options['in-process'])
  for (const { file, place } of waiting)
    await timed(place, () => runFile(file, (event) => count(event, place)));
else {
  const bundles = options.from === undefined ? await bundle([CHILD, ...scripts(), ...files]) : undefined;
  await Promise.all(Array.from({ length: LANES }, () => lane(bundles)));
}

if (files.length === 0) count({ kind: 'fail', name: 'no test file found' }, 'test/run.ts');
else if (counts.pass + counts.fail === 0) count({ kind: 'fail', name: 'nothing ran' }, 'test/run.ts');
if (failures.length > 0) console.log(`\nFailed:\n  ${failures.join('\n  ')}`);
console.log(`\n${counts.pass} passed, ${counts.fail} failed, ${counts.skip} skipped`);
process.exit(counts.fail === 0 ? 0 : 1);
