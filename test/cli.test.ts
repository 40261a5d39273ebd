// The command `halftape`: what it prints, and its exit codes.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import type { EngineInfo } from '../src/node.ts';
import { VERSION } from '../src/values/version.ts';
import { suite } from './harness.ts';

const test = suite('command');
const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));

function halftape(...args: string[]) {
  return spawnSync(process.execPath, [...process.execArgv, main, ...args], { encoding: 'utf8' });
}

test('help and version', () => {
  const { status, stdout } = halftape('--help');
  assert.is(status, 0);
  assert.match(stdout, /Usage: halftape .*info/s);
  assert.equal([halftape('--version').stdout, halftape('info', '--help').status], [`${VERSION}\n`, 0]);
});

test('what it does not understand ends with 2 and says what is accepted', () => {
  for (const [args, said] of [
    [['imfo'], /unknown command 'imfo'.*Did you mean info\?/s],
    [['info', '--advice'], /unknown option '--advice'/],
    [['info', '--batch-size', '-1'], /--batch-size.*use a whole number from 1 on/],
    [[], /Usage: halftape/],
  ] as const) {
    const { status, stderr } = halftape(...args);
    assert.is(status, 2, args.join(' '));
    assert.match(stderr, said);
  }
});

test('info shows the adapter', () => {
  const { status, stdout } = halftape('info');
  assert.is(status, 0);
  assert.match(stdout, /^adapter +\S.*^float16 +(native|packed).*^workgroup +\d+ invocations/ms);
  const { adapter } = JSON.parse(halftape('info', '--packed', '--json').stdout) as { adapter: EngineInfo };
  assert.is(adapter.f16, 'packed');
});

test('an adapter that is not there is an error of one line', () => {
  const { status, stderr } = halftape('info', '--adapter', 'none such');
  assert.is(status, 1);
  assert.match(stderr, /^halftape: open: /m);
  assert.not.match(stderr, /at .*\.ts:/);
});
