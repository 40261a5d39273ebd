/** `jit`: traces a function once per signature into a program and replays it, the counterpart of `tf.function`. */

import { defaultEngine } from '../gpu/default-engine.ts';
import type { Engine } from '../gpu/engine.ts';
import type { Profile } from '../gpu/profile.ts';
import type { Copy, Program } from '../gpu/program.ts';
import type { ProgramReport } from '../gpu/program-report.ts';
import type { Storage } from '../gpu/storage.ts';
import { ArgumentError } from '../values/errors.ts';
import { autocaster, type OpEntry, withOpLog } from './autocasting.ts';
import { PrecisionReport } from './precision-report.ts';
import { isRecording } from './recording.ts';
import { inScope } from './scope.ts';
import { mapLeaves, mapTensors, tensorsIn } from './structure.ts';
import { byteLength, emptyTensor, Tensor } from './tensor.ts';

/** Where a program finds one of its inputs, and the contents that were last copied there. */
interface Input {
  readonly storage: Storage;
  from: Storage | undefined;
  version: number;
}

interface Traced {
  readonly program: Program;
  readonly inputs: readonly Input[];
  /** The function's result, its tensors replaced by places in `outputs`. */
  readonly result: unknown;
  readonly outputs: readonly { storage: Storage; shape: Tensor['shape']; dtype: Tensor['dtype'] }[];
  /** What the function ran, op by op. */
  readonly ops: readonly OpEntry[];
}

/** A call: its tensors in order, and what tells apart the programs that calls need. */
interface Call {
  readonly engine: Engine;
  readonly inputs: readonly Tensor[];
  readonly signature: string;
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
  /** The dtype of each op and why it has that one, and the casts between them. */
  explainPrecision(): PrecisionReport;
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
  const tracedFor = ({ engine, inputs, signature }: Call, args: A): Traced => {
    let entry = programs.get(signature);
    if (entry?.engine.closed) entry = undefined;
    // Tracing may itself make the copy that it should have written; the next trace knows it.
    while (!entry || entry.traced.program.stale || entry.revision !== engine.revision) {
      if (entry) engine.disposeProgram(entry.traced.program);
      programs.delete(signature);
      entry = { engine, traced: trace(engine, fn, args, inputs), revision: engine.revision };
      programs.set(signature, entry);
    }
    return entry.traced;
  };
  const call = (...args: A): R => {
    const own = callOf(args);
    if (own.engine.tracing || isRecording() || autocaster()) return fn(...args);
    return replay(own, tracedFor(own, args)) as R;
  };
  const program = (...args: A): JitProgram => {
    const own = callOf(args);
    const { engine, inputs } = own;
    if (engine.tracing || isRecording() || autocaster())
      throw new ArgumentError(
        'jit: program() is asked for inside a traced function, a tape or autocast; ask outside',
      );
    const traced = () => tracedFor(own, args);
    traced();
    return {
      report: () => traced().program.report(),
      profile: () => engine.profile(traced().program, copiesIn(traced(), inputs)),
      explainPrecision: () => new PrecisionReport(traced().ops),
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

function callOf(args: unknown): Call {
  const inputs: Tensor[] = [];
  const described = describe(args, inputs);
  const engine = inputs[0]?.engine ?? defaultEngine('jit');
  for (const input of inputs)
    if (input.engine !== engine)
      throw new ArgumentError('jit: tensors of two engines; move one with await data()');
  return { engine, inputs, signature: `${identify(engine)} ${described}` };
}

function trace<A extends unknown[]>(
  engine: Engine,
  fn: (...args: A) => unknown,
  args: A,
  inputs: readonly Tensor[],
): Traced {
  // Inside, tensors have no memory yet; the scope takes their handles away before anyone could read them.
  const ops: OpEntry[] = [];
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
        const value = withOpLog(ops, () => fn(...traceArgs));
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
      const places = result.inputs.map((storage) => ({ storage, from: undefined, version: 0 }));
      return { program, inputs: places, result: result.value, outputs: result.outputs, ops };
    },
    () => [],
  );
}

function replay({ engine, inputs }: Call, traced: Traced): unknown {
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

/** Of inputs that the program does not hold yet: those of the call before stay where they were copied. */
function copiesIn({ inputs }: Traced, tensors: readonly Tensor[]): Copy[] {
  // All are looked at first: one of them may be disposed, and then nothing is copied.
  const storages = tensors.map(({ storage }) => storage);
  const copies: Copy[] = [];
  for (const [index, from] of storages.entries()) {
    const input = inputs[index]!;
    if (input.from === from && input.version === from.version) continue;
    copies.push({ from, to: input.storage, bytes: byteLength(tensors[index]!) });
    input.from = from;
    input.version = from.version;
  }
  return copies;
}

const identities = new WeakMap<object, number>();
let objects = 0;

/**
 * Shapes, dtypes and roles of tensors, identities of other objects, values of the rest; appends the tensors to `inputs`.
 * It runs at every call.
 */
function describe(value: unknown, inputs: Tensor[]): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (value instanceof Tensor) {
    inputs.push(value);
    return describeTensor(value);
  }
  if (Array.isArray(value)) {
    let text = '[';
    for (const item of value) text += `${describe(item, inputs)},`;
    return `${text}]`;
  }
  if ((typeof value === 'object' && value !== null) || typeof value === 'function') {
    if (Object.getPrototypeOf(value) !== Object.prototype) return `#${identify(value)}`;
    let text = '{';
    for (const [key, item] of Object.entries(value))
      text += `${JSON.stringify(key)}:${describe(item, inputs)},`;
    return `${text}}`;
  }
  return `${typeof value} ${Object.is(value, -0) ? '-0' : String(value)}`;
}

function describeTensor({ dtype, shape, trainable, halfCopy }: Tensor): string {
  let text: string = dtype;
  for (const size of shape) text += ` ${size}`;
  if (trainable) text += ' trainable';
  if (halfCopy) text += ' copy';
  return text;
}

function identify(object: object): number {
  let id = identities.get(object);
  if (id === undefined) {
    id = ++objects;
    identities.set(object, id);
  }
  return id;
}
