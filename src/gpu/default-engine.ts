/** The engine that functions use when neither a tensor nor an option names one: the last one opened. */
import { ArgumentError } from '../values/errors.ts';
import type { Engine } from './engine.ts';

let current: Engine | undefined;

export function setDefaultEngine(engine: Engine): void {
  current = engine;
}

/** Throws `ArgumentError` when no engine was opened, `DisposedError` when it was closed. */
export function defaultEngine(where: string): Engine {
  if (!current)
    throw new ArgumentError(`${where}: no engine is open; call await open() first, or pass { engine }`);
  current.check();
  return current;
}
