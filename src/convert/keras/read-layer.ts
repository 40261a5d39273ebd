/** Layers from configurations: `{ class_name, config }` of tf.keras, Keras 3 and TensorFlow.js. */
import type { AnyLayer } from '../../nn/layer.ts';
import { layerClass } from '../../nn/layers/index.ts';
import type { LayerClass } from '../../nn/layers/registry.ts';
import { Policy, type PolicyLike } from '../../precision/policy.ts';
import { DTypePolicyMap } from '../../precision/policy-map.ts';
import { HalftapeError } from '../../values/errors.ts';
import { isRecord, type Place } from '../json.ts';
import type { ReadContext } from './context.ts';
import { ALIASES, camel, keyOf, optionOf, SILENT } from './names.ts';

/** The class that a configuration names: a user's own first. */
export function classOf(
  place: Place,
  { customObjects }: Pick<ReadContext, 'customObjects'>,
): LayerClass | undefined {
  const name = place.at('class_name').string;
  const registered = place.at('registered_name').value;
  for (const key of [registered, name])
    if (typeof key === 'string' && Object.hasOwn(customObjects, key)) return customObjects[key];
  const own = typeof registered === 'string' ? layerClass(registered) : undefined;
  return own ?? layerClass(ALIASES[name] ?? name);
}

/** A layer that holds no model. Throws `FormatError` that says where. */
export function layerFrom(place: Place, context: ReadContext): AnyLayer {
  const refuse = () =>
    place.at('class_name').refuse('a class that ht.layers has, or register it with ht.registerLayer');
  const kind = classOf(place, context) ?? refuse();
  const name = ALIASES[place.at('class_name').string] ?? place.at('class_name').string;
  const config = place.at('config');
  const options = optionsFrom(name, config, context);
  try {
    return new kind(options as never) as AnyLayer;
  } catch (error) {
    throw atOption(name, config, options, error);
  }
}

/** `run`, what it refuses told with the place. */
export function placed<T>(place: Place, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof HalftapeError) place.fail(error.message, { cause: error });
    throw error;
  }
}

/** What a constructor refused, with the place of the option that its message names. */
function atOption(className: string, config: Place, options: object, error: unknown): unknown {
  if (!(error instanceof HalftapeError)) return error;
  const named = Object.keys(options).filter((name) => name !== 'name');
  const option = error.message.match(/\w+/g)?.find((word) => named.includes(word));
  const place = option === undefined ? config : config.at(keyOf(className, option));
  try {
    return place.fail(error.message, { cause: error });
  } catch (told) {
    return told;
  }
}

/** Options in camelCase. What means nothing here is left out; what would mean something is refused. */
function optionsFrom(className: string, config: Place, context: ReadContext): Record<string, unknown> {
  const options: Record<string, unknown> = { dtype: 'float32' };
  for (const key of Object.keys(config.record)) {
    const at = config.at(key);
    const option = optionOf(className, key);
    if (option === 'dtype') options.dtype = policyFrom(at);
    else if (Object.hasOwn(SILENT, key)) {
      if (at.value !== null && !SILENT[key]!(at.value))
        at.fail(`${key} ${JSON.stringify(at.value)} is not supported`);
    } else if (at.value !== null || option === 'mergeMode') options[option] = valueFrom(option, at, context);
  }
  const inputShape = config.at('batch_input_shape').value ?? config.at('batch_shape').value;
  if (Array.isArray(inputShape)) options.inputShape = inputShape.slice(1);
  return options;
}

/** Keras's word for an option's value as ours. */
function valueFrom(option: string, at: Place, context: ReadContext): unknown {
  const { value } = at;
  if (option === 'activation' || option === 'recurrentActivation') return activationFrom(at, context);
  // tf.keras writes the axis of BatchNormalization as a list of one.
  if (option === 'axis' && Array.isArray(value) && value.length === 1) return value[0];
  if (!isRecord(value)) return value;
  if ('class_name' in value && /Initializer$|Regularizer$|Constraint$/.test(option)) return describedFrom(at);
  // Keras 3 writes arrays among options so, such as EfficientNet's scale by channel.
  if (value.class_name === '__tensor__' || value.class_name === '__numpy__')
    return at.at('config').at('value').value;
  if ('class_name' in value) return context.layer(at, context);
  return value;
}

/** An initializer, a regularizer or a constraint. */
function describedFrom(at: Place): { className: string; config: Record<string, unknown> } {
  const config = at.at('config').value ?? {};
  if (!isRecord(config)) at.at('config').refuse('an object');
  const entries = Object.entries(config).filter(([, value]) => value !== null);
  return {
    className: at.at('class_name').string,
    config: Object.fromEntries(entries.map(([key, value]) => [camel(key), value])),
  };
}

/** Before version 3 the hard sigmoid of Keras, and to this day that of TensorFlow.js, was another. */
export function activationFrom(at: Place, { keras }: Pick<ReadContext, 'keras'>): string {
  const { value } = at;
  const name = isRecord(value) ? (at.at('config').value ?? value.class_name) : value;
  const plain = typeof name === 'string' ? name : isRecord(name) ? name.name : undefined;
  if (typeof plain !== 'string') at.refuse('the name of an activation');
  if (keras === 2 && camel(plain) === 'hardSigmoid') return 'legacyHardSigmoid';
  return camel(plain) === 'hardSwish' ? 'hardSilu' : plain;
}

const INTEGERS = /^u?int(8|16|32|64)$|^bool$/;

/** A policy in any of its forms; of layers on integers, and where nothing is said, float32. */
export function policyFrom(at: Place): PolicyLike {
  const { value } = at;
  if (value === null || value === undefined || (typeof value === 'string' && INTEGERS.test(value)))
    return 'float32';
  if (at.at('class_name').value === 'DTypePolicyMap') return policyMapFrom(at.at('config'));
  return placed(at, () => new Policy(value as 'float32'));
}

/** Whether a pattern of a file is tried on a layer's path in a time that grows no faster than the square of its length. */
function isShortWork(pattern: string): boolean {
  const plain = pattern.replace(/\\[^1-9k]/g, '_');
  const count = (signs: RegExp) => plain.match(signs)?.length ?? 0;
  const groups = count(/\(/g);
  return count(/[*+?{]/g) <= 2 && groups <= 2 && pattern.length <= 1000 && !/\)[*+?{]|\\/.test(plain);
}

function policyMapFrom(config: Place): PolicyLike {
  const map = config.at('policy_map');
  for (const key of Object.keys(map.record))
    if (!isShortWork(key))
      map
        .at(key)
        .fail(
          'the pattern could take for ever; use at most two of * + ? {} and two groups, none of them repeated',
        );
  const entries = Object.keys(map.record).map((key) => [key, policyFrom(map.at(key))] as const);
  return placed(
    config,
    () => new DTypePolicyMap(policyFrom(config.at('default_policy')), Object.fromEntries(entries)),
  );
}
