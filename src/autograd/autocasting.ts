/** Autocast as ops see it: who chooses the dtypes of their inputs now, and who is told what became of them. */
import { inRepeat, partNow, pathOf } from './part.ts';
import type { Tensor } from './tensor.ts';

/**
 * TensorFlow's four classes: `allow` gains from float16 and is safe in it; `infer` is safe where its inputs are float16
 * already; `deny` needs float32; `clear` does not mind. `unlisted` is on none of its lists, and stays in float32.
 */
export type PrecisionClass = 'allow' | 'infer' | 'deny' | 'clear' | 'unlisted';

/** An op about to run. */
export interface OpCall {
  readonly name: string;
  readonly precision: PrecisionClass;
  readonly inputs: readonly Tensor[];
  /** Places of the inputs that share one dtype, which may be chosen; the others, such as statistics, keep theirs. Default: all. */
  readonly uniform: readonly number[] | undefined;
}

/** Chooses dtypes. What it runs itself is not seen by it. */
export interface Autocaster {
  /** Whether it also sees the ops of gradients that a tape walks to; else those run in the dtypes of the forward pass. */
  readonly gradients: boolean;
  /** The inputs as the op is to get them, and why. */
  cast(call: OpCall): { readonly inputs: readonly Tensor[]; readonly why: string };
  /** What the op made. */
  made?(call: OpCall, outputs: readonly Tensor[]): void;
  /** A tape was told to watch this tensor: nothing else is to stand for it. */
  watched?(tensor: Tensor): void;
  /** The inputs of a composition that has a rule of its own, inside of which nothing is to be cast; undefined where it has none. */
  whole?(name: string, inputs: readonly Tensor[]): readonly Tensor[] | undefined;
}

/** An op that ran while a log was kept, or a cast that was read from a variable's copy instead. */
export interface OpEntry {
  readonly name: string;
  /** Path of the layer, or the node of a graph, that it ran in; '' outside of both. */
  readonly layer: string;
  readonly pass: 'forward' | 'backward';
  /** Of its float inputs, or of its inputs where none is a float. */
  readonly inputs: readonly string[];
  /** Of its first result. */
  readonly dtype: string;
  readonly why: string;
  /** Of casts: whether autocast put it there, and whether it costs nothing, since optimizers keep the copy. */
  readonly inserted?: boolean;
  readonly cached?: boolean;
}

let caster: Autocaster | undefined;
let log: OpEntry[] | undefined;
let backward = false;
const names = new Set<string>();

/** Makes `name` one that lists of ops may hold. */
export function nameOp(name: string): void {
  names.add(name);
}

export function isOpName(name: string): boolean {
  return names.has(name);
}

export function autocaster(): Autocaster | undefined {
  return caster;
}

export function withAutocaster<T>(next: Autocaster | undefined, fn: () => T): T {
  const before = caster;
  caster = next;
  try {
    return fn();
  } finally {
    caster = before;
  }
}

/** The inputs as the op gets them, cast where autocast says so. */
export function castInputs(call: OpCall): { readonly inputs: readonly Tensor[]; readonly why: string } {
  const active = caster;
  if (!active) return { inputs: call.inputs, why: 'the dtype of its inputs' };
  return withAutocaster(undefined, () => active.cast(call));
}

/** Tells autocast and the log what an op made. */
export function opMade(
  call: OpCall,
  inputs: readonly Tensor[],
  outputs: readonly Tensor[],
  why: string,
): void {
  caster?.made?.(call, outputs);
  if (!log) return;
  const floats = inputs.filter(({ dtype }) => dtype.startsWith('float'));
  const shown = (floats.length > 0 ? floats : inputs).map(({ dtype }) => dtype);
  logOp({ name: call.name, inputs: shown, dtype: outputs[0]!.dtype, why });
}

export function logOp(entry: Omit<OpEntry, 'pass' | 'layer'>): void {
  log?.push({ ...entry, pass: passNow(), layer: pathOf(partNow()) });
}

/** Runs `fn`; appends what ops run to `entries`, or to none. */
export function withOpLog<T>(entries: OpEntry[] | undefined, fn: () => T): T {
  const before = log;
  log = entries;
  try {
    return fn();
  } finally {
    log = before;
  }
}

/** Whether a tape is being walked back. */
export function passNow(): OpEntry['pass'] {
  return backward ? 'backward' : 'forward';
}

/** Runs `fn`, which walks a tape back. */
export function walkingBack<T>(fn: () => T): T {
  return inPass(true, () => (caster && !caster.gradients ? withAutocaster(undefined, fn) : fn()));
}

/** Runs `fn`, a forward pass that ran before, amid a walk back. */
export function walkingForward<T>(fn: () => T): T {
  return inPass(false, () => inRepeat(fn));
}

function inPass<T>(back: boolean, fn: () => T): T {
  const before = backward;
  backward = back;
  try {
    return fn();
  } finally {
    backward = before;
  }
}

/** A composition of ops that lists may name as one: where they do, its inputs are cast, and what is inside runs as it is. */
export function asOne<T>(name: string, inputs: readonly Tensor[], fn: (inputs: readonly Tensor[]) => T): T {
  const active = caster;
  const cast = active?.whole && withAutocaster(undefined, () => active.whole!(name, inputs));
  return cast ? withAutocaster(undefined, () => fn(cast)) : fn(inputs);
}
