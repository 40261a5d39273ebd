/** Makes the WGSL of one pipeline: sets aliases and constants, puts `enable` lines in front and included functions behind. */
import type { ElementType, Shader, Specialisation } from './shader.ts';

/** Library texts by path, as the generator found them under `shaders/`. */
export type Libraries = Readonly<Record<string, string>>;

const QUADS: Readonly<Record<ElementType, string>> = {
  f32: 'vec4<f32>',
  f16: 'vec4<f16>',
  packed: 'vec2<u32>',
  i32: 'vec4<i32>',
  u32: 'vec4<u32>',
};

/** What is written; other aliases of halves are only read. */
const WRITTEN: readonly string[] = ['Out4', 'Master4'];

/** Aliases of element types are parameters; others are a shader's own. */
const ELEMENT_ALIAS = /^alias (\w+) = (?:vec4<)?[fiu](?:16|32)>?;/gm;

/**
 * Line numbers stay those of the `.wgsl` file: `enable` shares the first line, and libraries follow the last one.
 * `lib/in.wgsl` goes by the type chosen for `In4`: a packed one takes `lib/in.packed.wgsl` where that exists; either
 * kind of half takes `lib/out.half.wgsl` for `Out4`, `lib/master.half.wgsl` for `Master4`. `functions/FUNCTION.wgsl` stands for the one that the call names, which may
 * include libraries of its own. `@subgroup_size(NAME)` is left out where the constant NAME is 0, for
 * devices whose subgroups have one size.
 */
export function specialise<S extends Shader>(
  shader: S,
  choice: Specialisation<S>,
  libraries: Libraries,
): string {
  const types = choice.types as Readonly<Record<string, ElementType>>;
  let native = false;
  let source = shader.source.replace(ELEMENT_ALIAS, (_line, name: string) => {
    const type = types[name];
    if (type === undefined) throw new TypeError(`${shader.name}: no type chosen for ${name}`);
    // Halves are written as u32 words on every device, so that `narrow` decides their bits.
    const text =
      WRITTEN.includes(name) && type === 'f16' ? QUADS.packed : name.endsWith('4') ? QUADS[type] : type;
    native ||= text.includes('f16');
    return `alias ${name} = ${text};`;
  });
  for (const [name, value] of Object.entries(choice.constants ?? {})) {
    source = source.replace(new RegExp(`^const ${name} = .*;`, 'm'), `const ${name} = ${value}u;`);
  }
  source = source.replace(/@subgroup_size\((\w+)\) ?/g, (attribute, name: string) =>
    new RegExp(`^const ${name} = 0u;`, 'm').test(source) ? '' : attribute,
  );
  const chosen = functionOf(shader, choice.function, libraries);
  const names = [...`${source}\n${chosen}`.matchAll(/^\/\/ #include "lib\/(\w+)\.wgsl"$/gm)].map(
    ([, name]) => name!,
  );
  const included = [...new Set(names)].map((name) =>
    library(libraries, name, types[`${name[0]!.toUpperCase()}${name.slice(1)}4`]),
  );
  return [enableLines(source, native) + source, chosen, ...included].join('\n');
}

/** The text of the function that a shader which leaves one open is to compute. */
function functionOf({ name, source }: Shader, chosen: string | undefined, libraries: Libraries): string {
  if (!source.includes('// #include "functions/FUNCTION.wgsl"')) return '';
  const text = libraries[`functions/${chosen}.wgsl`];
  if (text === undefined) throw new TypeError(`${name}: no function ${chosen} in shaders/functions`);
  return text;
}

function enableLines(source: string, native: boolean): string {
  const code = source.replace(/\/\/.*$/gm, '');
  const matrices = /\bsubgroup_?[mM]atrix/.test(code);
  const enables = [
    (native || (matrices && /\bf16\b/.test(code))) && 'f16',
    /\bsubgroup[A-Z]|subgroup_/.test(code) && 'subgroups',
    matrices && 'chromium_experimental_subgroup_matrix',
    /@subgroup_size\b/.test(code) && 'subgroup_size_control',
  ];
  return enables
    .filter(Boolean)
    .map((name) => `enable ${name}; `)
    .join('');
}

function library(libraries: Libraries, name: string, type: ElementType | undefined): string {
  const half = type === 'f16' || type === 'packed' ? 'half' : undefined;
  for (const variant of [type, half, undefined]) {
    const text = libraries[`lib/${name}${variant ? `.${variant}` : ''}.wgsl`];
    if (text !== undefined) return text;
  }
  throw new TypeError(`no library lib/${name}.wgsl`);
}
