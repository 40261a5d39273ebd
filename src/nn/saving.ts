/** How models are written: floors above this one know the formats, and say so here. */
import { ArgumentError } from '../values/errors.ts';

type Save = (model: never, target: never, options?: object) => Promise<void>;

let save: Save | undefined;

/** Sets what `model.save` does. */
export function setSave(fn: Save): void {
  save = fn;
}

/** Throws `ArgumentError` where no format is known. */
export async function saveTo(model: object, target: unknown, options: object): Promise<void> {
  if (!save) throw new ArgumentError('save: no format is known; import halftape or halftape/node');
  await save(model as never, target as never, options);
}
