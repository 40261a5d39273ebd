// Tests of the package as users get it: its files, its types, and a program that installs and runs it.
import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publint } from 'publint';
import * as assert from 'uvu/assert';
import { suite } from './harness.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const tools = join(root, 'node_modules');
const project = mkdtempSync(join(tmpdir(), 'halftape-packaging-'));
const installed = join(project, 'node_modules', 'halftape');
let tarball: string;

function npm(folder: string, ...args: string[]): void {
  const { status, stdout, stderr } = spawnSync('npm', args, {
    cwd: folder,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  assert.is(status, 0, `npm ${args.join(' ')}\n${stdout}${stderr}`);
}

/** Runs a Node script in the project that installed the package; fails with all that it printed. */
function run(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: project, encoding: 'utf8' });
  assert.is(status, 0, `node ${args.join(' ')}\n${stdout}${stderr}`);
  return stdout;
}

function typeCheck(name: string, text: string, options: Record<string, unknown>): void {
  writeFileSync(join(project, `${name}.ts`), text);
  writeFileSync(
    join(project, `tsconfig.${name}.json`),
    JSON.stringify({
      compilerOptions: {
        strict: true,
        exactOptionalPropertyTypes: true,
        noEmit: true,
        target: 'ES2022',
        ...options,
      },
      files: [`${name}.ts`],
    }),
  );
  run(join(tools, 'typescript', 'bin', 'tsc'), '-p', `tsconfig.${name}.json`);
}

const test = suite('packaging');

test.before(() => {
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  npm(root, 'pack', '--pack-destination', project); // builds first: prepack
  tarball = readdirSync(project).find((name) => name.endsWith('.tgz'))!;
  writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }');
  npm(project, 'install', '--prefer-offline', '--no-audit', '--no-fund', `./${tarball}`);
});

test.after(() => rmSync(project, { recursive: true }));

test('holds the build, the shaders and the papers, and nothing else', () => {
  const files = readdirSync(installed, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(installed.length + 1)
        .replaceAll(sep, '/'),
    );
  const roots = new Set(files.map((file) => file.split('/')[0]!));
  assert.equal([...roots].sort(), [
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'dist',
    'package.json',
    'shaders',
  ]);
  assert.equal(
    files.filter((file) => /\.test\.|(^|\/)test\/|\.tgz$|(?<!\.d)\.ts$/.test(file)),
    [],
  );
  for (const entry of ['index', 'node', 'convert/index']) {
    assert.ok(files.includes(`dist/${entry}.js`) && files.includes(`dist/${entry}.d.ts`), entry);
  }
});

test('has a package.json that publint approves of', async () => {
  const bytes = readFileSync(join(project, tarball));
  const { messages } = await publint({
    pack: { tarball: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) },
    strict: true,
  });
  assert.equal(messages, []);
});

test('has types that resolve for every consumer of ES modules', () => {
  run(
    join(tools, '@arethetypeswrong', 'cli', 'dist', 'index.js'),
    tarball,
    '--profile',
    'esm-only',
    '--no-emoji',
  );
});

test('loads without WebGPU and without the webgpu package', () => {
  run('--input-type=module', '--eval', `import { matMul } from 'halftape';`);
  run('--input-type=module', '--eval', `import { loadModel, plan, verify } from 'halftape/convert';`);
});

test('multiplies two matrices in a project that installed it', () => {
  linkFromRepository('webgpu');
  writeFileSync(
    join(project, 'multiply.js'),
    `import * as ht from 'halftape/node';
const engine = await ht.open();
const c = ht.matMul(ht.tensor([[1, 2], [3, 4]]), ht.tensor([[5, 6], [7, 8]]));
console.log(JSON.stringify(await c.array()));
engine.close();
`,
  );
  assert.is(run('multiply.js').trim(), '[[19,22],[43,50]]');
});

test('type checks in Node, with nodenext resolution', () => {
  linkFromRepository('@types');
  typeCheck('nodenext', program('halftape/node'), {
    module: 'nodenext',
    lib: ['ES2022', 'DOM'],
    types: ['node'],
    skipLibCheck: true, // webgpu brings @webgpu/types, which repeats what TypeScript's own DOM types declare
  });
});

test('type checks for a browser, with bundler resolution, without Node types, all its declarations included', () => {
  typeCheck('bundler', program('halftape'), {
    module: 'esnext',
    moduleResolution: 'bundler',
    lib: ['ES2022', 'DOM', 'ESNext.Disposable'],
    types: [],
    skipLibCheck: false,
  });
});

function program(from: string): string {
  return `import * as ht from '${from}';
const engine = await ht.open();
const c = ht.matMul(ht.tensor([[1, 2], [3, 4]]), ht.tensor([[5, 6], [7, 8]]));
console.log(await c.array());
// @ts-expect-error there is no such dtype
ht.tensor([1], { dtype: 'float17' });
engine.close();
export {};
`;
}

/** As installed, but without copying: webgpu alone takes 132 MB. */
function linkFromRepository(name: string): void {
  mkdirSync(join(project, 'node_modules'), { recursive: true });
  rmSync(join(project, 'node_modules', name), { recursive: true, force: true });
  symlinkSync(join(tools, name), join(project, 'node_modules', name), 'junction');
}
