/** `jit`: traces a function once per signature into a program and replays it, the counterpart of `tf.function`. */

import { defaultEngine } from '../gpu/default-engine.ts';
import type { Copy, Engine } from '../gpu/engine.ts';
import type { Profile } from '../gpu/profile.ts';
import type { Program } from '../gpu/program.ts';
import type { ProgramReport } from '../gpu/program-report.ts';
import type { Storage } from '../gpu/storage.ts';
import { ArgumentError } from '../values/errors.ts';
import { isRecording } from './recording.ts';
import { inScope } from './scope.ts';
import { mapLeaves, mapTensors, tensorsIn } from './structure.ts';
import { byteLength, emptyTensor, Tensor } from './tensor.ts';

interface Traced {
  readonly program: Program;
  readonly inputs: readonly Storage[];
  /** The function's result, its tensors replaced by places in `outputs`. */
  readonly result: unknown;
  readonly outputs: readonly { storage: Storage; shape: Tensor['shape']; dtype: Tensor['dtype'] }[];
}

class Place {
  readonly index: number;

  constructor(index: number) {
    this.index = index;
  }
}

/** What a jitted function records for one signature. */
export interface JitProgram {
  /** Its memory: by kind, and the most that is alive at once. */
  report(): ProgramReport;
  /** Runs it once with the arguments it was asked for, variables changed as by a call, and times each dispatch. */
  profile(): Promise<Profile>;
}

export interface Jitted<A extends unknown[], R> {
  (...args: A): R;
  /** The program for these arguments, traced now if it was not yet. Throws `ArgumentError` while a tape records. */
  program(...args: A): JitProgram;
  /** Frees the programs and their memory; a later call traces anew. */
  dispose(): void;
  /** Number of signatures traced. */
  readonly traces: number;
}

/**
 * The first call for a signature (shapes and dtypes of tensors, values of all else) runs `fn` once to record its GPU
 * work; later calls replay that with new inputs. Tensors and variables that `fn` uses from outside are taken by
 * reference, JavaScript values by value: what `fn` does on the host happens only when it is traced. Reading a tensor
 * inside is an error. Results are the same as without `jit`, bit for bit. Under a recording tape or inside another
 * jitted function, `fn` runs as it is.
 */
export function jit<R>(fn: (...tensors: Tensor[]) => R): Jitted<Tensor[], R>;
export function jit<A extends unknown[], R>(fn: (...args: A) => R): Jitted<A, R>;
export function jit<A extends unknown[], R>(fn: (...args: A) => R): Jitted<A, R> {
  const programs = new Map<string, { engine: Engine; traced: Traced; revision: number }>();
  const tracedFor = (engine: Engine, inputs: readonly Tensor[], args: A): Traced => {
    const key = signature(engine, args);
    let entry = programs.get(key);
    if (entry?.engine.closed) entry = undefined;
    // Tracing may itself make the copy that it should have written; the next trace knows it.
    while (!entry || entry.traced.program.stale || entry.revision !== engine.revision) {
      if (entry) engine.disposeProgram(entry.traced.program);
      programs.delete(key);
      entry = { engine, traced: trace(engine, fn, args, inputs), revision: engine.revision };
      programs.set(key, entry);
    }
    return entry.traced;
  };
  const call = (...args: A): R => {
    const { engine, inputs } = placeOf(args);
    if (engine.tracing || isRecording()) return fn(...args);
    return replay(engine, tracedFor(engine, inputs, args), inputs) as R;
  };
  const program = (...args: A): JitProgram => {
    const { engine, inputs } = placeOf(args);
    if (engine.tracing || isRecording())
      throw new ArgumentError('jit: program() is asked for inside a traced function or a tape; ask outside');
    const traced = () => tracedFor(engine, inputs, args);
    traced();
    return {
      report: () => traced().program.report(),
      profile: () => engine.profile(traced().program, copiesIn(traced(), inputs)),
    };
  };
  const dispose = (): void => {
    for (const { engine, traced } of programs.values()) engine.disposeProgram(traced.program);
    programs.clear();
  };
  return Object.defineProperty(Object.assign(call, { program, dispose }), 'traces', {
    get: () => programs.size,
  }) as Jitted<A, R>;
}

function placeOf(args: unknown): { engine: Engine; inputs: Tensor[] } {
  const inputs = tensorsIn(args);
  const engine = inputs[0]?.engine ?? defaultEngine('jit');
  if (inputs.some((input) => input.engine !== engine))
    throw new ArgumentError('jit: tensors of two engines; move one with await data()');
  return { engine, inputs };
}

function trace<A extends unknown[]>(
  engine: Engine,
  fn: (...args: A) => unknown,
  args: A,
  inputs: readonly Tensor[],
): Traced {
  // Inside, tensors have no memory yet; the scope takes their handles away before anyone could read them.
  return inScope(
    () => {
      const { result, trace } = engine.trace(() => {
        const stand = inputs.map(({ shape, dtype, trainable, halfCopy }) =>
          engine
            .during('inputs', () => emptyTensor(engine, shape, dtype, 'jit'))
            .alias(shape, { trainable, halfCopy }),
        );
        let next = 0;
        const traceArgs = mapTensors(args, () => stand[next++]) as A;
        const value = fn(...traceArgs);
        if (value instanceof Promise) {
          value.catch(() => {});
          throw new ArgumentError(
            'jit: the function is async; a traced function records work and reads nothing',
          );
        }
        const outputs = tensorsIn(value);
        for (const output of outputs) {
          if (output.engine !== engine) {
            throw new ArgumentError(
              'jit: the result lies on another engine than the arguments; pass its tensors as arguments',
            );
          }
          engine.capture(output.storage);
        }
        let place = 0;
        return {
          inputs: stand.map(({ storage }) => storage),
          outputs: outputs.map(({ storage, shape, dtype }) => ({ storage, shape, dtype })),
          value: mapTensors(value, () => new Place(place++)),
        };
      });
      const own = result.outputs.map(({ storage }) => storage).filter((storage) => trace.made.has(storage));
      const program = engine.program(trace, result.inputs, own);
      return { program, inputs: result.inputs, result: result.value, outputs: result.outputs };
    },
    () => [],
  );
}

function replay(engine: Engine, traced: Traced, inputs: readonly Tensor[]): unknown {
  const outputs = traced.outputs.map(({ shape, dtype }) => emptyTensor(engine, shape, dtype, 'jit'));
  engine.replay(
    traced.program,
    copiesIn(traced, inputs),
    outputs.map((tensor, index) => ({
      from: traced.outputs[index]!.storage,
      to: tensor.storage,
      bytes: byteLength(tensor),
    })),
  );
  return mapLeaves(traced.result, (leaf) => (leaf instanceof Place ? outputs[leaf.index] : leaf));
}

function copiesIn({ inputs }: Traced, tensors: readonly Tensor[]): Copy[] {
  return tensors.map((tensor, index) => ({
    from: tensor.storage,
    to: inputs[index]!,
    bytes: byteLength(tensor),
  }));
}

const identities = new WeakMap<object, number>();
let objects = 0;

/** Shapes, dtypes and roles of tensors, identities of other objects, values of the rest. */
function signature(engine: Engine, args: unknown): string {
  const describe = (value: unknown): string => {
    if (value instanceof Tensor) {
      const role = `${value.trainable ? ' trainable' : ''}${value.halfCopy ? ' copy' : ''}`;
      return `${value.dtype}[${value.shape}]${role}`;
    }
    if (Array.isArray(value)) return `[${value.map(describe).join()}]`;
    if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
      return `{${Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}:${describe(item)}`)}}`;
    }
    if ((typeof value === 'object' && value !== null) || typeof value === 'function')
      return `#${identify(value)}`;
    return typeof value === 'string'
      ? JSON.stringify(value)
      : `${typeof value} ${Object.is(value, -0) ? '-0' : String(value)}`;
  };
  return `${identify(engine)} ${describe(args)}`;
}

function identify(object: object): number {
  let id = identities.get(object);
  if (id === undefined) {
    id = ++objects;
    identities.set(object, id);
  }
  return id;
}
