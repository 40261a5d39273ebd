/**
 * Turns `shaders/` into typed descriptors, `src/generated/shaders.ts`, and the bench's own `bench/shaders/` into
 * `bench/generated/shaders.ts`: run by `prepare`, before a build and before tests.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

function texts(folder: string): Map<string, string> {
  const names = readdirSync(`${root}/${folder}`).filter((name) => name.endsWith('.wgsl'));
  return new Map(names.sort().map((name) => [name, readFileSync(`${root}/${folder}/${name}`, 'utf8')]));
}

/** All matches of a pattern with the global and multiline flags, as arrays of groups. */
function groups(source: string, pattern: RegExp): string[][] {
  return [...source.matchAll(pattern)].map((match) => match.slice(1) as string[]);
}

/** Interfaces that several shaders share: aliases, overrides, Params and bindings, put in their place when generated. */
const interfaces = new Map(
  [...texts('shaders/interface')].map(([file, source]) => [`// #include "interface/${file}"`, source]),
);

function withInterface(source: string): string {
  const lines = source.split('\n');
  return lines.map((line) => interfaces.get(line)?.trimEnd() ?? line).join('\n');
}

/** Reads only the declarations that the shader rules allow. Throws on those that they do not. */
function describe(folder: string, file: string, source: string): string {
  const fail = (rule: string): never => {
    throw new Error(`${folder}/${file}: ${rule}`);
  };
  if (!source.startsWith('// ')) fail('the first line must be a comment with the formula');
  const bindings = groups(source, /^@group\((\d+)\) @binding\((\d+)\) var<([^>]+)> (\w+)/gm);
  for (const [index, [group, binding, space, name]] of bindings.entries()) {
    if (group !== '0' || Number(binding) !== index)
      fail(`binding of ${name}: use group 0 and bindings in order`);
    const last = index === bindings.length - 1;
    if (last !== (space === 'uniform'))
      fail('the uniform params must be the last binding, and the only uniform');
  }
  const struct = /^struct Params \{\n([^}]*)\}/m.exec(source)?.[1] ?? fail('no struct Params');
  const fields = struct.replace(/ *\/\/.*$/gm, '');
  const params = groups(fields, /^\s*(\w+): ([^,]+),$/gm);
  if (params.length !== fields.split('\n').filter((line) => line.trim() !== '').length)
    fail('Params: one field a line, `name: type,`');
  for (const [name, type] of params)
    if (!/^[uif]32$/.test(type!)) fail(`params.${name} is ${type}; use u32, i32 or f32`);
  const descriptor = {
    name: file.replace(/\.wgsl$/, ''),
    source,
    types: groups(source, /^alias (\w+) = (?:vec4<)?[fiu](?:16|32)>?;/gm).map(([name]) => name),
    constants: Object.fromEntries(
      groups(source, /^const (\w+) = (\d+)u;/gm).map(([name, value]) => [name, Number(value)]),
    ),
    overrides: Object.fromEntries(groups(source, /^override (\w+): (\w+) = /gm)),
    bindings: bindings
      .slice(0, -1)
      .map(([, , space, name]) => ({ name, access: space!.includes('read_write') ? 'read_write' : 'read' })),
    params: params.map(([name, type]) => ({ name, type })),
  };
  const { source: text, ...rest } = descriptor;
  return `export const ${descriptor.name} = {\n  ${JSON.stringify(rest).slice(1, -1)},\n  source: ${JSON.stringify(text)},\n} as const satisfies Shader;\n`;
}

const functions = [...texts('shaders/functions').keys()].map((file) => file.replace(/\.wgsl$/, ''));
const libraries = Object.fromEntries(
  ['lib', 'functions'].flatMap((folder) =>
    [...texts(`shaders/${folder}`)].map(([file, source]) => [`${folder}/${file}`, source]),
  ),
);

/** Writes the descriptors of one folder into another; `shader` is where that finds the type `Shader`. */
function generate(folder: string, target: string, shader: string, ...rest: string[]): void {
  const output = [
    `/** Made by scripts/generate.ts from ${folder}/; do not edit. */`,
    `import type { Shader } from '${shader}';\n`,
    ...rest,
    ...[...texts(folder)].map(([file, source]) => describe(folder, file, withInterface(source))),
  ].join('\n');
  mkdirSync(`${root}/${target}`, { recursive: true });
  // Renamed into place: a test run beside this one must never read half a file.
  writeFileSync(`${root}/${target}/shaders.ts.${process.pid}`, output);
  renameSync(`${root}/${target}/shaders.ts.${process.pid}`, `${root}/${target}/shaders.ts`);
}

generate(
  'shaders',
  'src/generated',
  '../gpu/shader.ts',
  `export const libraries: Readonly<Record<string, string>> = ${JSON.stringify(libraries, null, 2)};\n`,
  `/** Names of shaders/functions. */\nexport type FunctionName = ${functions.map((name) => `'${name}'`).join(' | ')};\n`,
);
// The bench is no part of the package, and may be missing where the generator runs.
if (existsSync(`${root}/bench/shaders`))
  generate('bench/shaders', 'bench/generated', '../../src/gpu/shader.ts');
