/** Layers as configurations: `{ class_name, config }`, as tf.keras and TensorFlow.js, or as Keras 3 reads it. */

import { type ConstraintLike, toConstraint } from '../../nn/constraints.ts';
import { descriptionOf } from '../../nn/described.ts';
import { type InitialiserLike, toInitialiser } from '../../nn/initialisers.ts';
import { type AnyLayer, Layer } from '../../nn/layer.ts';
import { layerClassName } from '../../nn/layers/registry.ts';
import { type RegularizerLike, toRegularizer } from '../../nn/regularizers.ts';
import { Policy } from '../../precision/policy.ts';
import { show } from '../../values/dtype.ts';
import { ArgumentError } from '../../values/errors.ts';
import type { KerasObject } from '../stored-model.ts';
import { camel, keyOf, snake } from './names.ts';

/** `keras2` is what tf.keras and TensorFlow.js read. */
export type Dialect = 'keras2' | 'keras3';

/** How an object is written: Keras 3 says where its class is. */
export function objectOf(
  dialect: Dialect,
  module: string,
  className: string,
  config: KerasObject['config'],
): KerasObject {
  if (dialect === 'keras2') return { class_name: className, config };
  const custom = className.includes('>');
  const name = className.split('>').at(-1)!;
  return {
    module: custom ? null : module,
    class_name: name,
    config,
    registered_name: custom ? className : null,
  };
}

/** A layer that is no model; `inner` writes those inside it. Throws `ArgumentError` for functions of a user's own, which no file holds. */
export function layerToConfig(
  layer: AnyLayer,
  dialect: Dialect,
  inner: (layer: AnyLayer) => KerasObject,
): KerasObject {
  const className = layerClassName(layer);
  const config: Record<string, unknown> = {};
  for (const [option, value] of Object.entries(layer.getConfig())) {
    if (value === undefined || option === 'inputShape') continue;
    const key =
      dialect === 'keras2' && option === 'negativeSlope' && className === 'LeakyReLU'
        ? 'alpha'
        : keyOf(className, option);
    config[key] =
      value instanceof Layer
        ? inner(value as unknown as AnyLayer)
        : written(layer.name, option, value, dialect);
  }
  return objectOf(dialect, 'keras.layers', className, config);
}

function written(name: string, option: string, value: unknown, dialect: Dialect): unknown {
  if (value instanceof Policy) return value.serialize(dialect === 'keras2' ? 'tf.keras' : 'keras3');
  if (/[aA]ctivation$/.test(option) && typeof value === 'string') return activationName(name, value, dialect);
  const role = /(Initializer|Regularizer|Constraint)$/.exec(option)?.[1];
  return role ? describedOf(name, option, role, value, dialect) : value;
}

const ROLES = {
  Initializer: (_: string, value: unknown) => toInitialiser(value as InitialiserLike),
  Regularizer: (name: string, value: unknown) => toRegularizer(name, value as RegularizerLike),
  Constraint: (name: string, value: unknown) => toConstraint(name, value as ConstraintLike),
} as const;

function describedOf(name: string, option: string, role: string, value: unknown, dialect: Dialect): unknown {
  const fn = ROLES[role as keyof typeof ROLES](name, value);
  const description = descriptionOf(fn);
  if (!description) {
    // What weights began with is of no more use.
    if (role === 'Initializer') return null;
    throw new ArgumentError(
      `${name}: ${option} is ${show(value)}; a file holds those of ht.${role.toLowerCase()}s, not a function of one's own`,
    );
  }
  const config = Object.entries(description.config ?? {}).map(([key, item]) => [
    snake(key),
    snakeValue(item),
  ]);
  const module = `keras.${role.toLowerCase()}s`;
  return objectOf(dialect, module, description.className, Object.fromEntries(config));
}

/** `fan_avg`, `truncated_normal`. */
function snakeValue(value: unknown): unknown {
  return typeof value === 'string' ? snake(camel(value)) : value;
}

/** The hard sigmoid of Keras 3 is another than that before it, and each has a word for its own alone. */
export function activationName(where: string, name: string, dialect: Dialect): string {
  const own = camel(name);
  const foreign = dialect === 'keras2' ? ['hardSigmoid', 'hardSilu'] : ['legacyHardSigmoid'];
  if (foreign.includes(own))
    throw new ArgumentError(
      `${where}: activation '${own}' is not in ${dialect === 'keras2' ? 'tf.keras and TensorFlow.js, whose hard sigmoid is another' : 'Keras 3'}; save it in another format`,
    );
  if (own === 'legacyHardSigmoid') return 'hard_sigmoid';
  if (own === 'silu' && dialect === 'keras2') return 'swish';
  return snake(own);
}
