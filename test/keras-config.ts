// Configurations of Keras in a few words, for tests.
import { modelFromConfig } from '../src/convert/keras/read-model.ts';

export type Layer = {
  class_name: string;
  config: object;
  name?: string;
  inbound_nodes?: unknown;
  [more: string]: unknown;
};

export const input = (name: string, shape: unknown, config = {}): Layer => ({
  ...{ class_name: 'InputLayer', name, inbound_nodes: [] },
  config: { batch_input_shape: shape, dtype: 'float32', sparse: false, ragged: false, name, ...config },
});
export const layer = (kind: string, name: string, config: object, ...nodes: unknown[]): Layer => ({
  ...{ class_name: kind, name, inbound_nodes: nodes },
  config: { name, trainable: true, ...config },
});
export const functional = (
  layers: Layer[],
  outputs: unknown,
  inputs: unknown = [[layers[0]!.name, 0, 0]],
  name = 'm',
) => ({
  class_name: 'Functional',
  config: { name, layers, input_layers: inputs, output_layers: outputs },
});

export function read(config: object, kerasVersion = '2.15.0', customObjects = {}) {
  return modelFromConfig(config as never, { where: 'x', kerasVersion, customObjects });
}
