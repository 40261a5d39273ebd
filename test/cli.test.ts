// The command `halftape`: what it prints, and its exit codes.
import * as assert from 'uvu/assert';
import type { EngineInfo } from '../src/node.ts';
import { VERSION } from '../src/values/version.ts';
import { halftape } from './halftape.ts';
import { suite } from './harness.ts';

const test = suite('command');
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
    [['convert', 'model'], /required option '--out <path>' not specified/],
    [
      ['convert', 'model', '--out', 'a', '--policy', 'float16', '--rules', 'tensorflow'],
      /cannot be used with/,
    ],
    [['train', 'm', '--data', 'd', '--out', 'o', '--loss', 'mean'], /Allowed choices are meanSquaredError/],
    [['convert', 'm', '--out', 'o', '--scale', '1/0'], /use a number, or a fraction such as 1\/255/],
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
