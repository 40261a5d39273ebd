/** Layers as functions, the way TensorFlow.js makes them. */
import { Activation } from './activation.ts';
import { Dense, type DenseOptions } from './dense.ts';
import { Dropout } from './dropout.ts';
import { Flatten } from './flatten.ts';

export const layers = {
  activation: (options: ConstructorParameters<typeof Activation>[0]): Activation => new Activation(options),
  dense: (options: DenseOptions): Dense => new Dense(options),
  dropout: (options: ConstructorParameters<typeof Dropout>[0]): Dropout => new Dropout(options),
  flatten: (options?: ConstructorParameters<typeof Flatten>[0]): Flatten => new Flatten(options),
};
