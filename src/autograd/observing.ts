/** Who looks at what ops store, and the parts of a program, layers as a rule, that ops run in. Nobody looks: nothing is done. */
import type { Engine } from '../gpu/engine.ts';
import type { Storage } from '../gpu/storage.ts';
import { autocaster, passNow, withAutocaster } from './autocasting.ts';
import type { Tensor, VariableValues } from './tensor.ts';

/** A part of a program that is running, such as a layer. */
export interface Part {
  readonly name: string;
  /** The layer; undefined of parts that are none. */
  readonly owner: object | undefined;
  /** What it is a part of. */
  readonly outer: Part | undefined;
}

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

let observers: readonly Observer[] = [];
let part: Part | undefined;
/** Of the gradient that is being made of ops: how many there were by name. */
let places: Map<string, number> | undefined;

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

export function partNow(): Part | undefined {
  return part;
}

/** Runs `fn` as a part of what is running. */
export function inPart<T>(name: string, owner: object | undefined, fn: () => T): T {
  return within({ name, owner, outer: part }, undefined, fn);
}

/** Runs `fn`, which makes the gradient of an op that ran in `of`. */
export function inGradient<T>(of: Part | undefined, fn: () => T): T {
  return within(of, new Map(), fn);
}

function within<T>(inner: Part | undefined, counted: Map<string, number> | undefined, fn: () => T): T {
  const before = { part, places };
  [part, places] = [inner, counted];
  try {
    return fn();
  } finally {
    ({ part, places } = before);
  }
}

/** Runs `fn` unseen: what no gradient depends on. */
export function unobserved<T>(fn: () => T): T {
  if (observers.length === 0) return fn();
  const before = observers;
  observers = [];
  try {
    return fn();
  } finally {
    observers = before;
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
  const place = places?.get(name) ?? 0;
  places?.set(name, place + 1);
  const op = { name, pass: passNow(), part, place, inputs, outputs, ...kernel };
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
