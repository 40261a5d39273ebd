// The test harness: uvu suites that register themselves, are always run and counted, and cannot pass by doing nothing.
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';

export const DEFAULT_TIMEOUT = 120_000;

export type Body = () => void | Promise<void>;
export interface Options {
  /** Milliseconds after which an unsettled test has failed. */
  timeout?: number;
}
export interface Test {
  (name: string, body: Body): void;
  (name: string, options: Options, body: Body): void;
  skip(reason: string, name: string, body: Body): void;
  skip(reason: string, name: string, options: Options, body: Body): void;
  before(hook: Body): void;
  after(hook: Body): void;
}

export type TestEvent =
  | { kind: 'start'; name: string; timeout: number }
  | { kind: 'pass' | 'fail' | 'skip'; name: string };
export type Report = (event: TestEvent) => void;

/** What uvu queues for a suite: runs it and resolves to [error text or true, passed, skipped, all]. */
type QueuedSuite = () => Promise<[string | true, number, number, number]>;
interface Registered {
  name: string;
  tests: number;
  ended: number;
  skipped: { name: string; reason: string }[];
  queue(): void;
}

// Deferred, uvu only queues its suites: the harness runs them itself, so that none is forgotten. It must be set before uvu loads.
const queued: QueuedSuite[] = [];
Object.assign(globalThis, { UVU_DEFER: true, UVU_QUEUE: [queued] });
const uvu = await import('uvu');

const registered: Registered[] = [];
let report: Report = () => {};
let running = 'loading';

process.on('exit', () => {
  if (registered.length === 0) return;
  console.error('The suites of this file did not run. Run them with: npm test -- <part of the file name>');
  process.exitCode = 1;
});

export function suite(name: string): Test {
  const inner = uvu.suite(name);
  const entry: Registered = { name, tests: 0, ended: 0, skipped: [], queue: () => inner.run() };
  registered.push(entry);
  let broken = false;

  function test(title: string, ...rest: [Body] | [Options, Body]): void {
    const [{ timeout = DEFAULT_TIMEOUT }, body] = rest.length === 1 ? [{}, rest[0]] : rest;
    const label = `${name}: ${title}`;
    entry.tests++;
    inner(title, async () => {
      try {
        if (broken) throw new Error('not run, because the hook before it failed');
        await settle(label, timeout, body);
        report({ kind: 'pass', name: label });
      } catch (thrown) {
        report({ kind: 'fail', name: label });
        throw asError(thrown);
      } finally {
        entry.ended++;
      }
    });
  }

  test.skip = (reason: string, title: string): void => {
    if (reason.trim() === '') throw new Error(`${name}: ${title}: a skipped test must say why`);
    entry.skipped.push({ name: title, reason });
  };
  // uvu swallows what a hook throws, and passes: here it fails, and so do the tests after it.
  test.before = (hook: Body): void =>
    inner.before(async () => {
      await settle(`${name}: before`, DEFAULT_TIMEOUT, hook).catch((thrown) => {
        broken = true;
        fail(`${name}: before`, thrown);
      });
    });
  test.after = (hook: Body): void =>
    inner.after(async () => {
      await settle(`${name}: after`, DEFAULT_TIMEOUT, hook).catch((thrown) => fail(`${name}: after`, thrown));
    });
  return test;
}

/** Loads a test file and runs every suite that it registered. Whatever goes wrong is reported, never thrown. */
export async function runFile(path: string, listener: Report): Promise<void> {
  report = listener;
  running = 'loading';
  const stray = (thrown: unknown) => fail(`unhandled, in ${running}`, thrown);
  process.on('uncaughtException', stray).on('unhandledRejection', stray);
  try {
    await import(pathToFileURL(path).href);
    if (registered.length === 0) fail('this file registers no suite');
    for (const entry of registered.splice(0)) await runSuite(entry);
    for (const late of registered.splice(0)) fail(`${late.name}: suite registered after the file was loaded`);
  } catch (thrown) {
    registered.length = 0;
    fail('this file cannot be loaded', thrown);
  }
  await new Promise((resolve) => setImmediate(resolve)); // a rejection is announced one turn late
  process.off('uncaughtException', stray).off('unhandledRejection', stray);
}

async function runSuite(entry: Registered): Promise<void> {
  if (entry.tests + entry.skipped.length === 0) return fail(`${entry.name}: suite registers no test`);
  for (const { name, reason } of entry.skipped) {
    console.log(`  skipped ${entry.name}: ${name} (${reason})`);
    report({ kind: 'skip', name: `${entry.name}: ${name}` });
  }
  if (entry.tests === 0) return;
  entry.queue();
  const [errors] = await queued.shift()!();
  if (errors !== true) process.stdout.write(errors);
  const missed = entry.tests - entry.ended;
  if (missed > 0) fail(`${entry.name}: ${missed} of ${entry.tests} tests did not run`);
}

async function settle(label: string, timeout: number, body: Body): Promise<void> {
  running = label;
  report({ kind: 'start', name: label, timeout });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`did not settle within ${timeout} ms`)), timeout);
  });
  await Promise.race([(async () => body())(), late]).finally(() => clearTimeout(timer));
}

function fail(name: string, thrown?: unknown): void {
  console.log(`\n  FAIL ${name}${thrown === undefined ? '' : `\n${asError(thrown).stack}`}`);
  report({ kind: 'fail', name });
}

/** uvu can print only errors with a stack; anything else thrown would be swallowed. */
function asError(thrown: unknown): Error {
  if (thrown instanceof Error && typeof thrown.stack === 'string') return thrown;
  return new Error(`thrown: ${inspect(thrown)}`);
}
