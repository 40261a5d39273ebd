/** Who looks at what ops store, and at what parts of a program give. Nobody looks: nothing is done. */
import type { Engine } from '../gpu/engine.ts';
import type { Storage } from '../gpu/storage.ts';
import { autocaster, passNow, withAutocaster } from './autocasting.ts';
import { isRepeat, type Part, partNow, placeOf } from './part.ts';
import type { Tensor, VariableValues } from './tensor.ts';

/** An op that has stored its results. */
export interface StoredOp {
  readonly name: string;
  readonly pass: 'forward' | 'backward';
  readonly part: Part | undefined;
  /** How many ops of this name the same gradient was made of before. */
  readonly place: number;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  /** Results are values of the inputs, as they are. */
  readonly moves: boolean;
  /** It ran before, with the same results: `checkpoint` runs a forward pass again. */
  readonly repeated: boolean;
  /** Stores the results once more, in tensors of these shapes and any float dtypes. */
  again(outputs: readonly Tensor[]): void;
}

/** Gradients have reached an optimizer, and the step is about to be decided on. */
export interface StepEnd {
  /** Overflow flag and loss scale are its first words. */
  readonly state: Storage;
  /** Whether the flag tells of these gradients. */
  readonly checked: boolean;
  /** Where it does not: looks through them, and sets the first word of `flag` where one is not finite. */
  check(flag: Storage): void;
}

export interface Arrived {
  readonly gradient: Tensor;
  readonly variable: VariableValues;
}

export interface Observer {
  readonly engine: Engine;
  stored(op: StoredOp): void;
  /** From now on to the end of the step, gradients are multiplied with the scale in this state. */
  lossScaled(state: Storage): void;
  /** An optimizer has got these gradients. */
  gradientsArrived(gradients: readonly Arrived[]): void;
  stepEnds(end: StepEnd): void;
}

/** Told what a part, a layer or a node of a graph, was given and what it gives. */
export type PartObserver = (part: object, inputs: readonly Tensor[], outputs: readonly Tensor[]) => void;

let observers: readonly Observer[] = [];
let partObserver: PartObserver | undefined;

/** Begins to tell `observer` what its engine does; the result ends it. Programs of `jit` are traced anew both times. */
export function observe(observer: Observer): () => void {
  observers = [...observers, observer];
  observer.engine.revision++;
  return () => {
    if (!observers.includes(observer)) return;
    observers = observers.filter((other) => other !== observer);
    observer.engine.revision++;
  };
}

/** Runs `fn`; every layer that a model calls meanwhile is shown to `next`, those inside models before the model, and every node of a graph. */
export function observingParts<T>(next: PartObserver, fn: () => T): T {
  const before = partObserver;
  partObserver = next;
  try {
    return fn();
  } finally {
    partObserver = before;
  }
}

export function partRan(part: object, inputs: readonly Tensor[], outputs: readonly Tensor[]): void {
  partObserver?.(part, inputs, outputs);
}

/** Runs `fn` unseen: what no gradient depends on. */
export function unobserved<T>(fn: () => T): T {
  if (observers.length === 0 && !partObserver) return fn();
  const before = { observers, partObserver };
  [observers, partObserver] = [[], undefined];
  try {
    return fn();
  } finally {
    ({ observers, partObserver } = before);
  }
}

/** Runs a kernel; what it asks other ops for is a part of it, neither cast nor looked at. */
export function launch(kernel: () => void): void {
  if (observers.length === 0 && !autocaster()) kernel();
  else withAutocaster(undefined, () => unobserved(kernel));
}

/** Tells observers of an op that has stored its results. */
export function opStored(
  name: string,
  inputs: readonly Tensor[],
  outputs: readonly Tensor[],
  kernel: { readonly moves: boolean; again(outputs: readonly Tensor[]): void },
): void {
  const seen = observersOf(inputs[0]!.engine);
  if (seen.length === 0) return;
  const at = { pass: passNow(), part: partNow(), place: placeOf(name), repeated: isRepeat() };
  const op = { name, ...at, inputs, outputs, ...kernel };
  for (const observer of seen) unobserved(() => withAutocaster(undefined, () => observer.stored(op)));
}

export function lossScaled(engine: Engine, state: Storage): void {
  for (const observer of observersOf(engine)) observer.lossScaled(state);
}

export function gradientsArrived(engine: Engine, gradients: readonly Arrived[]): void {
  for (const observer of observersOf(engine)) observer.gradientsArrived(gradients);
}

export function stepEnds(engine: Engine, end: StepEnd): void {
  for (const observer of observersOf(engine)) observer.stepEnds(end);
}

function observersOf(engine: Engine): readonly Observer[] {
  return observers.length === 0 ? observers : observers.filter((observer) => observer.engine === engine);
}
