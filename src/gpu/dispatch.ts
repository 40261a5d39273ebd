/** One dispatch as data: what a call of a shader comes to, before it is queued or kept in a trace. */
import type { Pipeline, Pipelines } from './pipelines.ts';
import { type Call, checkCall, type Gate, type Shader, type Workgroups } from './shader.ts';
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
  /** Where it is the gradient of a ReLU and nothing more; see `gated`. */
  readonly gate?: Gate | undefined;
  /** The same dispatch with its result gated, of kernels that can; see `Gate`. */
  readonly gated?: ((by: Storage, result: Storage) => Dispatch) | undefined;
  /** The same dispatch with a flag that is set where it stores infinities or NaN, of kernels that can set one. */
  readonly flagging?: ((flag: Storage) => Dispatch) | undefined;
  /** What such a kernel was given. */
  readonly flags?: Storage | undefined;
}

/** Throws `ArgumentError` and `TypeError` for what WebGPU would refuse. */
export function dispatchOf<S extends Shader>(pipelines: Pipelines, shader: S, call: Call<S>): Dispatch {
  const bindings = call.bindings as Readonly<Record<string, Storage>>;
  const overrides = call.overrides as { readonly OVERFLOW?: boolean; readonly GATE?: boolean } | undefined;
  const storages = shader.bindings.map(({ name }) => bindings[name]!);
  const { workgroups, flops, repeatable, gate } = call;
  checkCall(shader, storages, workgroups);
  const variant = (override: string, bound: Readonly<Record<string, Storage>>) =>
    dispatchOf(pipelines, shader as Shader, {
      ...(call as Call<Shader>),
      overrides: { ...overrides, [override]: true },
      bindings: { ...bindings, ...bound },
    });
  return {
    ...{ storages, workgroups, flops, repeatable, gate },
    pipeline: pipelines.get(shader, call),
    params: encodeParams(shader, call.params),
    flagging: overrides?.OVERFLOW === false ? (overflow) => variant('OVERFLOW', { overflow }) : undefined,
    gated: overrides?.GATE === false ? (residual, c) => variant('GATE', { residual, c }) : undefined,
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
