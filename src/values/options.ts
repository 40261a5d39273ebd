/** Options objects: a misspelt name is an error, not a default. */
import { list, show } from './dtype.ts';
import { ArgumentError } from './errors.ts';

/** Throws `ArgumentError` unless `options` is an object with none but the accepted names. */
export function checkOptions(where: string, options: unknown, accepted: readonly string[]): void {
  if (typeof options !== 'object' || options === null) {
    throw new ArgumentError(`${where}: options are ${show(options)}; use an object with ${list(accepted)}`);
  }
  const unknown = Object.keys(options).find((name) => !accepted.includes(name));
  if (unknown !== undefined)
    throw new ArgumentError(`${where}: unknown option '${unknown}'; use ${list(accepted)}`);
}
