/** What the generator knows of a `.wgsl` file, and the typed call that dispatches it. */
import { ArgumentError } from '../values/errors.ts';
import type { Storage } from './storage.ts';

/**
 * How elements lie in a storage buffer. `f16` are native halves and need `shader-f16`; `packed` are the same bits read
 * as two halves in a u32.
 */
export type ElementType = 'f32' | 'f16' | 'packed' | 'i32' | 'u32';

export interface Shader {
  readonly name: string;
  /** WGSL of the f32 program, with `// #include` lines still in it. */
  readonly source: string;
  /** Names of the `alias` declarations: the element types to choose. */
  readonly types: readonly string[];
  /** The `const` declarations: register tiles, and the numbers of cases. */
  readonly constants: Readonly<Record<string, number>>;
  /** The `override` declarations and their types. */
  readonly overrides: Readonly<Record<string, string>>;
  /** Storage bindings in order; the uniform `params` follows them as the last. */
  readonly bindings: readonly { readonly name: string; readonly access: 'read' | 'read_write' }[];
  /** Fields of `struct Params`. */
  readonly params: readonly { readonly name: string; readonly type: 'u32' | 'i32' | 'f32' }[];
}

/** The choices that make a pipeline of a shader. */
export interface Specialisation<S extends Shader = Shader> {
  readonly types: { readonly [K in S['types'][number]]: ElementType };
  readonly constants?: { readonly [K in keyof S['constants']]?: number };
  readonly overrides?: { readonly [K in keyof S['overrides']]?: number | boolean };
  /** Of shaders that include `functions/FUNCTION.wgsl`: which. */
  readonly function?: string;
}

/** What a dispatch does to the result of another one, so that the other can do it itself before it stores. */
export interface Tail {
  readonly upstream: Storage;
  readonly result: Storage;
  /** What the other one is then called with besides. It must have these overrides, switched off. */
  readonly overrides: Readonly<Record<string, number | boolean>>;
  readonly bindings: Readonly<Record<string, Storage>>;
  /** Overrides of what comes behind this there: they must be off. */
  readonly behind: readonly string[];
  /** Params that the other one must have. */
  readonly params?: Readonly<Record<string, number>> | undefined;
}

/** One dispatch of a shader. */
export interface Call<S extends Shader> extends Specialisation<S> {
  readonly bindings: { readonly [K in S['bindings'][number]['name']]: Storage };
  readonly params: { readonly [K in S['params'][number]['name']]: number };
  readonly workgroups: Workgroups;
  /** Multiplications and additions, for profiles. */
  readonly flops?: number;
  /** Given where the dispatch is this and nothing more. */
  readonly tail?: Tail | undefined;
  /** So cheap that a program may do it twice rather than keep the result. */
  readonly repeatable?: boolean;
}

export type Workgroups = readonly [x: number, y: number, z: number];

/** Most workgroups along one axis of a dispatch, by the WebGPU specification. */
export const MAX_GROUPS = 65535;

/** Workgroups for `count` invocations in a row, wrapped into y; `lib/grid.wgsl` undoes the wrapping. */
export function linearGrid(count: number, workgroupSize: number): Workgroups {
  const groups = Math.ceil(count / workgroupSize);
  const rows = Math.ceil(groups / MAX_GROUPS);
  return [Math.ceil(groups / rows), rows, 1];
}

/** Throws on memory that is written and bound a second time, and on grids that are too large: at submit WebGPU names no kernel. */
export function checkCall({ name, bindings }: Shader, storages: readonly Storage[], grid: Workgroups): void {
  for (const [index, own] of storages.entries()) {
    if (bindings[index]!.access === 'read') continue;
    const clash = storages.some((other, i) => {
      if (i === index || other.root !== own.root) return false;
      // Two parts of one arena may both be written.
      return bindings[i]!.access === 'read' || other.offset === own.offset;
    });
    if (clash) throw new TypeError(`${name}: ${bindings[index]!.name} is written and bound a second time`);
  }
  if (grid.some((count) => count > MAX_GROUPS)) {
    throw new ArgumentError(
      `${name}: ${grid.join(' x ')} workgroups; an axis takes at most ${MAX_GROUPS}: use smaller tensors`,
    );
  }
}

/** Readable name of a specialisation: cache key, GPU label and profiler row. */
export function labelOf<S extends Shader>(shader: S, choice: Specialisation<S>): string {
  const parts = [shader.name];
  const types = Object.entries(choice.types).map(([name, type]) => `${name.replace(/4$/, '')}=${type}`);
  if (choice.function) parts.push(choice.function);
  parts.push(...new Set(types));
  for (const [name, value] of Object.entries(choice.constants ?? {})) parts.push(`${name}=${value}`);
  for (const [name, value] of Object.entries(choice.overrides ?? {})) parts.push(`${name}=${Number(value)}`);
  return parts.join(' ');
}
