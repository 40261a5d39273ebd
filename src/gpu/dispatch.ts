/** One dispatch as data: what a call of a shader comes to, before it is queued or kept in a trace. */
import type { Pipeline, Pipelines } from './pipelines.ts';
import { type Call, checkCall, type Shader, type Tail, type Workgroups } from './shader.ts';
import type { Storage } from './storage.ts';

export interface Dispatch {
  readonly pipeline: Pipeline;
  readonly storages: readonly Storage[];
  readonly params: ArrayBuffer;
  readonly workgroups: Workgroups;
  /** Multiplications and additions, where the kernel counts them. */
  readonly flops?: number | undefined;
  /** Costs so little that it is rather done twice than its result kept. */
  readonly repeatable?: boolean | undefined;
  /** What it is, where another dispatch may do it; see `ending`. */
  readonly tail?: Tail | undefined;
  /** The same dispatch that also does what the other one did with its result; undefined where it cannot. */
  readonly ending: (tail: Tail) => Dispatch | undefined;
  /** The same dispatch with a flag that is set where it stores infinities or NaN, of kernels that can set one. */
  readonly flagging?: ((flag: Storage) => Dispatch) | undefined;
  /** What such a kernel was given. */
  readonly flags?: Storage | undefined;
}

/** Throws `ArgumentError` and `TypeError` for what WebGPU would refuse. */
export function dispatchOf<S extends Shader>(pipelines: Pipelines, shader: S, call: Call<S>): Dispatch {
  const bindings = call.bindings as Readonly<Record<string, Storage>>;
  const overrides: Readonly<Record<string, number | boolean | undefined>> = call.overrides ?? {};
  const storages = shader.bindings.map(({ name }) => bindings[name]!);
  const { workgroups, flops, repeatable, tail } = call;
  checkCall(shader, storages, workgroups);
  const variant = ({ overrides: added, bindings: bound }: Pick<Tail, 'overrides' | 'bindings'>) =>
    dispatchOf(pipelines, shader as Shader, {
      ...(call as Call<Shader>),
      overrides: { ...overrides, ...added },
      bindings: { ...bindings, ...bound },
    });
  const canEnd = ({ overrides: added, behind, params = {} }: Tail) =>
    Object.keys(added).every((name) => Object.hasOwn(overrides, name) && !overrides[name]) &&
    behind.every((name) => !overrides[name]) &&
    Object.entries(params).every(
      ([name, value]) => (call.params as Readonly<Record<string, number>>)[name] === value,
    );
  const withResult = ({ upstream, result }: Tail) =>
    Object.entries(bindings).map(([name, own]) => [name, own === upstream ? result : own]);
  return {
    ...{ storages, workgroups, flops, repeatable, tail },
    pipeline: pipelines.get(shader, call),
    params: encodeParams(shader, call.params),
    flagging:
      overrides.OVERFLOW === false
        ? (overflow) => variant({ overrides: { OVERFLOW: true }, bindings: { overflow } })
        : undefined,
    ending: (next) =>
      canEnd(next)
        ? variant({
            overrides: next.overrides,
            bindings: { ...Object.fromEntries(withResult(next)), ...next.bindings },
          })
        : undefined,
  };
}

/** Storages that a dispatch writes, and those that lie inside them. */
export function writtenBy({ storages, pipeline: { layoutKey } }: Dispatch): Storage[] {
  const withParts = (storage: Storage): Storage[] => [storage, ...storage.parts.flatMap(withParts)];
  return storages.filter((_, i) => layoutKey[i] === 'w').flatMap(withParts);
}

/** The call's params as bytes, in the order of `struct Params`. */
export function encodeParams<S extends Shader>(shader: S, params: Call<S>['params']): ArrayBuffer {
  const bytes = new ArrayBuffer(Math.max(4, shader.params.length * 4));
  const view = new DataView(bytes);
  for (const [index, { name, type }] of shader.params.entries()) {
    const value = (params as Record<string, number>)[name];
    if (value === undefined) throw new TypeError(`${shader.name}: no value for params.${name}`);
    if (type === 'f32') view.setFloat32(index * 4, value, true);
    else view.setUint32(index * 4, value, true);
  }
  return bytes;
}
