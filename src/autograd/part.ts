/** The parts of a program, layers as a rule, that ops run in. */

/** A part of a program that is running, such as a layer. */
export interface Part {
  readonly name: string;
  /** The layer, or the node of a graph; undefined of parts that are neither. */
  readonly owner: object | undefined;
  /** What it is a part of. */
  readonly outer: Part | undefined;
}

let part: Part | undefined;
/** Of the gradient that is being made of ops: how many there were by name. */
let places: Map<string, number> | undefined;
let repeat = false;

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

/** Runs `fn`, whose ops ran before, with the same results. */
export function inRepeat<T>(fn: () => T): T {
  const before = repeat;
  repeat = true;
  try {
    return within(part, undefined, fn);
  } finally {
    repeat = before;
  }
}

export function isRepeat(): boolean {
  return repeat;
}

/** How many ops of this name the same gradient was made of before; counts this one. */
export function placeOf(name: string): number {
  const place = places?.get(name) ?? 0;
  places?.set(name, place + 1);
  return place;
}

/** The parts from the outermost on; names of those that are neither layers nor nodes in parentheses. Empty where there is none. */
export function pathOf(inner: Part | undefined): string {
  const names: string[] = [];
  for (let at = inner; at; at = at.outer) names.unshift(at.owner ? at.name : `(${at.name})`);
  return names.join('/');
}

/** Path of the layer that is being called, as policy maps have it: without the outermost one, where that has layers inside; or the node's name. */
export function layerPathNow(): string {
  const names: string[] = [];
  for (let at = part; at; at = at.outer) if (at.owner) names.unshift(at.name);
  return names.slice(names.length > 1 ? 1 : 0).join('/');
}

/** Whether the layer or node that is running is one of `paths`, or inside one. */
export function runsIn(paths: readonly string[]): boolean {
  if (paths.length === 0) return false;
  const own = layerPathNow();
  return paths.some((path) => own === path || own.startsWith(`${path}/`));
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
