/** The tapes that are recording now, and what an op leaves on them. */
import { isFloat } from '../values/dtype.ts';
import { type Part, partNow } from './part.ts';
import { leaveScopes } from './scope.ts';
import type { Tensor } from './tensor.ts';

/** What a recorded op's backward step can look at. */
export interface Recorded {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  /** Which inputs a gradient is wanted for. */
  readonly needs: readonly boolean[];
}

/** One recorded op. Its tensors are aliases, so that disposing the originals does not hurt. */
export interface TapeNode {
  readonly name: string;
  /** What part of the program it ran in. */
  readonly part: Part | undefined;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  /** Versions of the inputs' memory when they were recorded. */
  readonly versions: readonly number[];
  backward(gradients: readonly (Tensor | null)[], recorded: Recorded): Gradients;
}

/** A gradient that is 2^exponent times what it stands for; the exponent is an int32 scalar, undefined for 0. */
export class Carried {
  readonly gradient: Tensor;
  readonly exponent: Tensor | undefined;

  constructor(gradient: Tensor, exponent: Tensor | undefined) {
    this.gradient = gradient;
    this.exponent = exponent;
  }
}

/** `Carried` where a backward step multiplies with a power of two, over what its upstream gradients carry: tapes divide it out. */
export type Gradients = readonly (Tensor | Carried | null | undefined)[];

export interface Recorder {
  /** Whether a value depends on something that this tape watches. */
  watches(tensor: Tensor): boolean;
  keep(node: TapeNode): void;
}

let recorders: readonly Recorder[] = [];

/** Leaves `outputs = op(inputs)` on every recording tape that watches an input. */
export function recordOp(
  name: string,
  inputs: readonly Tensor[],
  outputs: readonly Tensor[],
  backward: TapeNode['backward'],
): void {
  if (!outputs.some(({ dtype }) => isFloat(dtype))) return;
  for (const recorder of recorders) {
    if (!inputs.some((input) => recorder.watches(input))) continue;
    recorder.keep({
      name,
      part: partNow(),
      inputs: inputs.map(held),
      outputs: outputs.map(held),
      versions: inputs.map(({ storage }) => storage.version),
      backward,
    });
  }
}

/** A handle that lives as long as the tape, whatever tidy the op stands in. */
function held(tensor: Tensor): Tensor {
  const alias = tensor.alias();
  leaveScopes(alias);
  return alias;
}

export function isRecording(recorder?: Recorder): boolean {
  return recorder ? recorders.includes(recorder) : recorders.length > 0;
}

/** What tells apart the times between which tapes begin or end to record. */
export function recordersNow(): object {
  return recorders;
}

/** Tells of a value whether the tapes that are recording now watch it. */
export function watchedNow(): (tensor: Tensor) => boolean {
  const now = recorders;
  return (tensor) => now.some((recorder) => recorder.watches(tensor));
}

/** Runs `fn` while `recorder` alone records. */
export function withOnly<T>(recorder: Recorder, fn: () => T): T {
  return withRecorders([recorder], fn);
}

/** Runs `fn` while `recorder` records too. */
export function withRecorder<T>(recorder: Recorder, fn: () => T): T {
  return withRecorders([...recorders, recorder], fn);
}

/** Runs `fn` while `recorder`, or no tape at all, records. */
export function withoutRecorder<T>(recorder: Recorder | undefined, fn: () => T): T {
  return withRecorders(recorder ? recorders.filter((other) => other !== recorder) : [], fn);
}

function withRecorders<T>(during: readonly Recorder[], fn: () => T): T {
  const before = recorders;
  recorders = during;
  try {
    return fn();
  } finally {
    recorders = before;
  }
}
