// Tests of the linter's settings: every rule of the floors refuses what breaks it and accepts what is allowed.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import { suite } from './harness.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const biome = createRequire(import.meta.url).resolve('@biomejs/biome/bin/biome');

/** Lints files with the project's settings in a folder of their own; gives the rules that each file breaks. */
function lint(files: Record<string, string>): Map<string, Set<string>> {
  const folder = mkdtempSync(join(tmpdir(), 'halftape-floors-'));
  try {
    for (const name of ['biome.json', 'package.json']) cpSync(join(root, name), join(folder, name));
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const { stdout, stderr } = spawnSync(
      process.execPath,
      [biome, 'lint', '--reporter=github', '--max-diagnostics=none', '--diagnostic-level=error'],
      { cwd: folder, encoding: 'utf8' },
    );
    assert.match(stdout + stderr, /^::error/m, 'biome did not lint');
    const broken = new Map(Object.keys(files).map((path) => [path, new Set<string>()]));
    for (const [, rule, place] of stdout.matchAll(/^::error title=lint\/\w+\/(\w+),file=([^,]+)/gm)) {
      const path = Object.keys(files).find((one) => place!.endsWith(one));
      assert.ok(path, `an error in ${place}, which is no file of this test`);
      broken.get(path)!.add(rule!);
    }
    return broken;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const FLOORS = [['values'], ['gpu'], ['kernels'], ['ops', 'autograd'], ['precision'], ['nn'], ['convert']];
const height = (folder: string) => FLOORS.findIndex((floor) => floor.includes(folder));
const mayImport = (from: string, to: string) =>
  height(to) < height(from) || from === to || (height(from) === 3 && height(to) === 3);

const test = suite('floors');

test('each floor imports the floors below it and no other, from any depth and in any form', () => {
  const files: Record<string, string> = {};
  const refused: string[] = [];
  for (const from of FLOORS.flat()) {
    for (const to of FLOORS.flat()) {
      const near = `src/${from}/from-${to}.ts`;
      const deep = `src/${from}/deep/from-${to}.ts`;
      files[near] = `export { x } from '../${to}/y.ts';\n`;
      files[deep] = `import type { X } from '../../${to}/deep/y.ts';\nexport type Y = X;\n`;
      if (!mayImport(from, to)) refused.push(near, deep);
    }
    const strays = {
      lazy: `export const y = () => import('../index.ts');`,
      dodge: `export { y } from './../values/y.ts';`,
      'node-entry': `import '../../node.ts';`,
      'node-folder': `import '../node/y.ts';`,
      command: `import '../cli/main.ts';`,
      tests: `import '../../test/reference/gemm.ts';`,
      ...(from === 'kernels' ? {} : { generated: `import '../generated/gemm.ts';` }),
    };
    for (const [name, text] of Object.entries(strays)) {
      files[`src/${from}/${name}.ts`] = `${text}\n`;
      refused.push(`src/${from}/${name}.ts`);
    }
  }
  const broken = lint(files);
  for (const path of Object.keys(files)) {
    assert.equal([...broken.get(path)!], refused.includes(path) ? ['noRestrictedImports'] : [], path);
  }
});

const REFUSED: [rule: string, path: string, text: string][] = [
  ['noRestrictedImports', 'src/gpu/package.ts', `import 'webgpu';`],
  ['noRestrictedImports', 'src/nn/progress.ts', `import 'cli-progress';`],
  ['noRestrictedImports', 'src/cli/progress.ts', `import 'cli-progress';`],
  ['noRestrictedImports', 'src/index.ts', `export { open } from './node.ts';`],
  ['noRestrictedImports', 'src/somewhere/new.ts', `import '../values/shape.ts';`],
  ['noRestrictedImports', 'src/cli/generated.ts', `import '../generated/gemm.ts';`],
  ['noRestrictedImports', 'src/node/generated.ts', `import '../generated/gemm.ts';`],
  ['noRestrictedImports', 'src/cli/tests.ts', `import '../../test/harness.ts';`],
  ['noRestrictedImports', 'src/node/tests.ts', `import '../../test/harness.ts';`],
  ['noRestrictedImports', 'src/node.ts', `import './generated/gemm.ts';`],
  ['noUndeclaredDependencies', 'src/node/uvu.ts', `import 'uvu';`],
  ['noUndeclaredDependencies', 'src/cli/unknown.ts', `import 'left-pad';`],
  ['noNodejsModules', 'src/convert/read.ts', `import 'node:fs';`],
  ['noProcessGlobal', 'src/ops/global-process.ts', `export const a = globalThis.process.argv;`],
  ['noRestrictedGlobals', 'src/gpu/process.ts', `export const a = process.argv;`],
  ['noRestrictedGlobals', 'src/values/buffer.ts', `export const a = Buffer.from('a');`],
  ['noRestrictedGlobals', 'src/kernels/usage.ts', `export const a = GPUBufferUsage.STORAGE;`],
  ['noRestrictedGlobals', 'src/nn/adapter.ts', `export const a = navigator.gpu;`],
  [
    'noImportCycles',
    'src/ops/chicken.ts',
    `import type { E } from '../autograd/egg.ts';\nexport type C = E[];`,
  ],
  [
    'noImportCycles',
    'src/autograd/egg.ts',
    `import type { C } from '../ops/chicken.ts';\nexport type E = C[];`,
  ],
  ['noExcessiveLinesPerFile', 'src/ops/long.ts', `${'// a line\n'.repeat(320)}export {};`],
  ['noExcessiveLinesPerFile', 'test/long.test.ts', `${'// a line\n'.repeat(320)}export {};`],
  ['noExplicitAny', 'src/ops/any.ts', `export const a = (b: any) => b;`],
  ['useImportType', 'src/ops/type.ts', `import { A } from './a.ts';\nexport const a: A = 1;`],
];

const ACCEPTED: [path: string, text: string][] = [
  [
    'src/index.ts',
    `export * from './nn/y.ts';\nexport * from './convert/y.ts';\nexport * from './ops/y.ts';`,
  ],
  ['src/node.ts', `import 'webgpu';\nexport * from './index.ts';\nexport * from './node/y.ts';`],
  ['src/node/progress.ts', `import 'cli-progress';\nimport 'node:fs';\nexport const a = process.argv;`],
  ['src/cli/main.ts', `import 'node:fs';\nimport '../node.ts';\nimport '../convert/y.ts';`],
  ['src/kernels/gemm.ts', `import { gemm } from '../generated/gemm.ts';\nexport const a = gemm;`],
  ['src/gpu/usage.ts', `export const a = [GPUBufferUsage.STORAGE, navigator.gpu];`],
  ['src/ops/add.ts', `import type { E } from '../autograd/tape.ts';\nexport type C = E[];`],
  ['src/autograd/tape.ts', `import type { C } from '../ops/other.ts';\nexport type E = C[];`],
  ['src/ops/sum.ts', `export const first = (a: Float32Array) => a[0]!;`],
  ['src/ops/full.ts', `${'// a line\n'.repeat(319)}export {};`],
  ['src/generated/gemm.ts', `import 'uvu';\nexport const a: any = process;`],
  ['test/gemm.test.ts', `import 'uvu';\nimport 'node:fs';\nimport '../src/gpu/y.ts';`],
];

test('each rule refuses what breaks it', () => {
  const broken = lint(Object.fromEntries(REFUSED.map(([, path, text]) => [path, `${text}\n`])));
  for (const [rule, path] of REFUSED) {
    assert.ok(broken.get(path)!.has(rule), `${path}: ${rule} expected, got ${[...broken.get(path)!]}`);
  }
});

test('what the floors allow is accepted', () => {
  const tripwire: [string, string] = ['src/values/tripwire.ts', 'import "uvu";'];
  const broken = lint(Object.fromEntries([...ACCEPTED, tripwire].map(([path, text]) => [path, `${text}\n`])));
  for (const [path] of ACCEPTED) assert.equal([...broken.get(path)!], [], path);
});
