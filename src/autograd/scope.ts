/** Tidy scopes: who disposes the tensors that a function made and did not return. */

import { ArgumentError } from '../values/errors.ts';

/** What a scope can dispose. */
export interface Disposable {
  dispose(): void;
}

const scopes: Set<Disposable>[] = [];

/** Every new tensor belongs to the innermost scope. */
export function enterScope(item: Disposable): void {
  scopes.at(-1)?.add(item);
}

/** Takes `item` out of every scope: it lives until it is disposed. */
export function leaveScopes(item: Disposable): void {
  for (const scope of scopes) scope.delete(item);
}

/** Runs `fn` in a scope and disposes what it made, but for what `survivors` finds in its result. */
export function inScope<T>(fn: () => T, survivors: (result: T) => Iterable<Disposable>): T {
  const scope = new Set<Disposable>();
  scopes.push(scope);
  let result: T;
  try {
    result = fn();
  } catch (error) {
    scopes.pop();
    for (const item of scope) item.dispose();
    throw error;
  }
  scopes.pop();
  if (result instanceof Promise) {
    result.catch(() => {});
    for (const item of scope) item.dispose();
    throw new ArgumentError(
      'tidy: the function is async; what it makes later would not be found; use a plain function',
    );
  }
  for (const item of survivors(result)) {
    if (!scope.delete(item)) continue;
    enterScope(item);
  }
  for (const item of scope) item.dispose();
  return result;
}
