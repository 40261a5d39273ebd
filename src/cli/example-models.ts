/** Networks for measuring an adapter where no model is given. */
import { layers, type Model, sequential } from '../node.ts';

/** By what they are. */
export const EXAMPLE_MODELS: Readonly<Record<string, () => Model>> = {
  'dense, 784-512-512-10': () =>
    sequential([
      layers.dense({ units: 512, activation: 'relu', inputShape: [784] }),
      layers.dense({ units: 512, activation: 'relu' }),
      layers.dense({ units: 10 }),
    ]) as unknown as Model,
  'convolutional, 28x28x1': () =>
    sequential([
      layers.conv2d({
        filters: 32,
        kernelSize: 3,
        activation: 'relu',
        padding: 'same',
        inputShape: [28, 28, 1],
      }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.conv2d({ filters: 64, kernelSize: 3, activation: 'relu', padding: 'same' }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.flatten(),
      layers.dense({ units: 10 }),
    ]) as unknown as Model,
};
