/** Rules of precision by op in files: a member of our own beside those of Keras and TensorFlow.js, which pass over it. */
import { type AutocastOptions, checkAutocast } from '../precision/autocast.ts';
import { ArgumentError, FormatError } from '../values/errors.ts';
import type { Place } from './json.ts';

/** The member's name: in a model's configuration, and in the `model.json` of a graph-model. */
export const RULES = 'precision_rules';

/** What a file keeps of rules: which they are, and the changes of their lists. */
export function rulesToConfig(rules: AutocastOptions | undefined): object | undefined {
  if (rules === undefined || rules.enabled === false) return undefined;
  const { engine: _, enabled: __, ...kept } = rules;
  return { rules: 'tensorflow', ...kept };
}

/** The rules at a place in a file; undefined where there are none. Throws `FormatError`. */
export function rulesAt(place: Place): AutocastOptions | undefined {
  if (place.value === undefined || place.value === null) return undefined;
  const { engine: _, enabled: __, ...rules } = place.record as AutocastOptions & Record<string, unknown>;
  try {
    checkAutocast(place.where, rules as AutocastOptions);
  } catch (cause) {
    if (!(cause instanceof ArgumentError)) throw cause;
    throw new FormatError(cause.message, { cause });
  }
  return rules as AutocastOptions;
}
