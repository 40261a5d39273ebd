/** Runs other programs: quietly with their last lines kept for an error, or in the foreground as the script. */

import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const KEPT_CHARACTERS = 64 * 1024;
// Most programs say what went wrong at the end, npm at the start.
const SHOWN_FIRST = 6;
const SHOWN_LAST = 14;
const STILL_WORKING_MS = 20_000;

/** A failure that the person at the terminal can read and act on; its message is all that is printed. */
export class SetupError extends Error {}

/** Set-up speaks on stderr, so that the script's own output can be piped. */
export function say(text) {
  process.stderr.write(`${text}\n`);
}

/** Node's arguments for running TypeScript, whatever the current folder is. */
export function typescript(project) {
  const tsx = createRequire(join(project, 'package.json')).resolve('tsx');
  return ['--import', pathToFileURL(tsx).href];
}

/**
 * Runs a command and resolves to `{ ok, how, output }`: `how` says how it ended, `output` is stdout and stderr together.
 * `stdout` is also given alone, for commands that answer there.
 */
export function run(command, args, options = {}) {
  const { timeout, ...spawnOptions } = options;
  return new Promise((done) => {
    const child = spawn(command, args, { ...spawnOptions, stdio: ['ignore', 'pipe', 'pipe'] });
    const started = Date.now();
    let output = '';
    let stdout = '';
    const keep = (text) => {
      output = (output + text).slice(-KEPT_CHARACTERS);
    };
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout = (stdout + text).slice(-KEPT_CHARACTERS);
      keep(text);
    });
    child.stderr.setEncoding('utf8').on('data', keep);

    const signals = forwardSignals(child);
    const ticker = setInterval(() => {
      say(`  still working (${Math.round((Date.now() - started) / 1000)} s)`);
    }, STILL_WORKING_MS);
    const limit = timeout && setTimeout(() => child.kill('SIGKILL'), timeout);
    const finish = (ok, how) => {
      clearInterval(ticker);
      clearTimeout(limit);
      const interrupted = signals.stop();
      if (interrupted) process.exit(exitCodeOf(interrupted));
      done({ ok, how, output, stdout, line: [command, ...args].join(' ') });
    };
    child.on('error', (error) => finish(false, `could not be started: ${error.message}`));
    child.on('close', (code, signal) =>
      finish(code === 0, signal ? `ended by ${signal}` : `exit code ${code}`),
    );
  });
}

/** As `run`, and a failure is a SetupError naming the command. */
export async function must(command, args, options) {
  const result = await run(command, args, options);
  if (!result.ok) throw new SetupError(describeFailure(result));
  return result;
}

export function describeFailure({ line, how, output }) {
  const lines = output.split(/[\r\n]+/).filter((text) => text.trim() !== '');
  if (lines.length > SHOWN_FIRST + SHOWN_LAST)
    lines.splice(SHOWN_FIRST, lines.length - SHOWN_FIRST - SHOWN_LAST, '...');
  return [`This failed (${how}): ${line}`, ...lines.map((text) => `  | ${text}`)].join('\n');
}

/** Runs a command on this terminal and resolves to the exit code that this process should end with. */
export function runInForeground(command, args, options) {
  return new Promise((done, fail) => {
    const child = spawn(command, args, { ...options, stdio: 'inherit' });
    const signals = forwardSignals(child);
    child.on('error', (error) => fail(new SetupError(`${command} could not be started: ${error.message}`)));
    child.on('close', (code, signal) => {
      signals.stop();
      done(signal ? exitCodeOf(signal) : code);
    });
  });
}

function exitCodeOf(signal) {
  return 128 + (constants.signals[signal] ?? 0);
}

function forwardSignals(child) {
  let received;
  const forward = (signal) => {
    received = signal;
    // A terminal's Ctrl-C reaches the child by itself, and two would look like an impatient second one.
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
  };
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const name of names) process.on(name, forward);
  return {
    stop() {
      for (const name of names) process.off(name, forward);
      return received;
    },
  };
}
