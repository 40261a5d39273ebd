/** Functions of a layer's options that configurations can hold: each made by a class of Keras, with a config. */
import { list, show } from '../values/dtype.ts';
import { ArgumentError } from '../values/errors.ts';

/** A class by its name in Keras, and its options in camelCase: how TensorFlow.js takes initializers, regularizers and constraints. */
export interface Description {
  readonly className: string;
  readonly config?: Readonly<Record<string, unknown>>;
}

const descriptions = new WeakMap<object, Description>();

/** `fn`, known from now on as what `description` makes. */
export function described<F extends object>(fn: F, description: Description): F {
  descriptions.set(fn, description);
  return fn;
}

/** What made this function; undefined for one of a user's own. */
export function descriptionOf(fn: object): Description | undefined {
  return descriptions.get(fn);
}

/** `glorot_uniform`, `GlorotUniform` and `glorotUniform` are one name. */
function plain(name: string): string {
  return name.replaceAll('_', '').toLowerCase();
}

/** The member of `table` that a name means. Throws `ArgumentError`. */
export function named<T>(where: string, kind: string, table: Readonly<Record<string, T>>, name: unknown): T {
  const key =
    typeof name === 'string' ? Object.keys(table).find((known) => plain(known) === plain(name)) : undefined;
  if (key !== undefined) return table[key]!;
  throw new ArgumentError(
    `${where}: unknown ${kind} ${show(name)}; use ${list(Object.keys(table))}, or a function`,
  );
}

export function isDescription(value: unknown): value is Description {
  return typeof value === 'object' && value !== null && 'className' in value;
}
