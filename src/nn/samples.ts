/** Arrays for the inputs, outputs and weights of a model: one, a list in their order, or an object by their names. */
import { Tensor } from '../autograd/tensor.ts';
import { show } from '../values/dtype.ts';
import { ArgumentError } from '../values/errors.ts';
import { isTypedArray } from '../values/nested.ts';
import { Dataset, type Samples } from './data.ts';

/** One array for one place; for several places as many, in order or by name. Null where a place needs none. */
export type SamplesBy = Samples | readonly (Samples | null)[] | { readonly [name: string]: Samples | null };

/** One dataset for each name; undefined for those with null. Throws `ArgumentError`, `ShapeError`, `DataError`. */
export async function readSamples(
  where: string,
  given: SamplesBy,
  names: readonly string[],
): Promise<(Dataset | undefined)[]> {
  const parts = partsOf(where, given, names);
  return Promise.all(
    parts.map((part, index) => {
      if (part === null && names.length > 1) return undefined;
      return Dataset.from(names.length > 1 ? `${where} '${names[index]}'` : where, part as Samples);
    }),
  );
}

/** The same of weights, where one array serves all outputs. */
export async function readWeights(
  where: string,
  given: SamplesBy,
  names: readonly string[],
): Promise<(Dataset | undefined)[]> {
  const numbers = Array.isArray(given) && typeof given[0] === 'number';
  const one = numbers || given instanceof Tensor || isTypedArray(given) || isShaped(given);
  const all = one && names.length > 1 ? names.map(() => given as Samples) : given;
  return readSamples(`${where}: sampleWeight`, all, names);
}

function partsOf(where: string, given: SamplesBy, names: readonly string[]): readonly unknown[] {
  const named = isPlain(given) ? (given as Readonly<Record<string, unknown>>) : undefined;
  if (names.length === 1) {
    if (named && Object.keys(named).join() === names[0]) return [named[names[0]!]];
    const alone =
      Array.isArray(given) && given.length === 1 && (given[0] instanceof Tensor || isShaped(given[0]));
    return alone ? given : [given];
  }
  const wanted = `one for each of ${names.map(show).join(', ')}, in this order or by name`;
  if (named) {
    const unknown = Object.keys(named).find((name) => !names.includes(name));
    if (unknown !== undefined)
      throw new ArgumentError(`${where}: nothing is called '${unknown}'; give ${wanted}`);
    const missing = names.find((name) => named[name] === undefined);
    if (missing !== undefined) throw new ArgumentError(`${where}: '${missing}' is missing; give ${wanted}`);
    return names.map((name) => named[name]);
  }
  if (!Array.isArray(given)) throw new ArgumentError(`${where}: one array, ${show(given)}; give ${wanted}`);
  if (given.length !== names.length)
    throw new ArgumentError(`${where}: ${given.length} arrays for ${names.length} places; give ${wanted}`);
  return given;
}

function isShaped(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'values' in value && 'shape' in value;
}

function isPlain(value: unknown): boolean {
  const isObject = typeof value === 'object' && value !== null;
  return (
    isObject &&
    !(value instanceof Tensor) &&
    !Array.isArray(value) &&
    !isTypedArray(value) &&
    !isShaped(value)
  );
}
