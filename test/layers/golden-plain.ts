// Golden cases: layers without windows and without memory.
import type { GoldenCase } from './golden-case.ts';

const rows = [[5, 7]] as const;
const steps = [[2, 3, 5]] as const;
const image = [[2, 5, 4, 3]] as const;
const pairs = [
  [2, 3, 5],
  [2, 3, 5],
] as const;

const ACTIVATIONS = [
  ...['linear', 'relu', 'relu6', 'sigmoid', 'tanh', 'softmax', 'logSoftmax', 'elu', 'selu', 'softplus'],
  ...['softsign', 'swish', 'mish', 'gelu', 'gelu_new'],
] as const;

const activation = (name: string): GoldenCase => ({
  layer: 'activation',
  config: { activation: name },
  inputs: rows,
});

const dense = (config: object, ...inputs: number[][]): GoldenCase => ({ layer: 'dense', config, inputs });

const dot = (axes: number | readonly number[], normalize: boolean, ...inputs: number[][]): GoldenCase => ({
  layer: 'dot',
  config: { axes, ...(normalize && { normalize }) },
  inputs,
});

export const GOLDEN_PLAIN: readonly GoldenCase[] = [
  ...ACTIVATIONS.map(activation),
  { layer: 'reLU', config: {}, inputs: rows },
  { layer: 'reLU', config: { maxValue: 0.5 }, inputs: image },
  { layer: 'leakyReLU', config: {}, inputs: rows },
  { layer: 'leakyReLU', config: { alpha: 0.125 }, inputs: image },
  { layer: 'elu', config: {}, inputs: rows },
  { layer: 'prelu', config: {}, inputs: steps },
  { layer: 'prelu', config: { sharedAxes: [1, 2] }, inputs: image },
  { layer: 'softmax', config: {}, inputs: rows },
  { layer: 'softmax', config: { axis: -1 }, inputs: steps },
  { layer: 'rescaling', config: { scale: 0.5, offset: -0.25 }, inputs: image },
  dense({ units: 4 }, [3, 7]),
  dense({ units: 1, activation: 'tanh' }, [33, 1]),
  dense({ units: 5, activation: 'relu' }, [2, 3, 6]),
  dense({ units: 7, useBias: false, activation: 'softmax' }, [1, 5]),
  dense({ units: 9, activation: 'sigmoid' }, [7, 59]),
  dense({ units: 3, activation: 'elu' }, [2, 2, 2, 3]),
  { layer: 'flatten', config: {}, inputs: image },
  { layer: 'reshape', config: { targetShape: [-1, 2] }, inputs: [[3, 8]] },
  { layer: 'permute', config: { dims: [2, 1] }, inputs: steps },
  { layer: 'permute', config: { dims: [3, 1, 2] }, inputs: image },
  { layer: 'repeatVector', config: { n: 3 }, inputs: rows },
  { layer: 'masking', config: {}, inputs: [[4, 3, 2]], forwardOnly: true },
  { layer: 'cropping2D', config: { cropping: [[1, 2], [0, 1]] }, inputs: image }, // biome-ignore format: as pairs
  { layer: 'zeroPadding2d', config: { padding: [[0, 1], [3, 2]] }, inputs: image }, // biome-ignore format: as pairs
  { layer: 'upSampling2d', config: { size: [3, 2] }, inputs: [[1, 5, 4, 3]] },
  // In gradients of several images TensorFlow.js mixes them up.
  { layer: 'upSampling2d', config: {}, inputs: image, forwardOnly: true },
  { layer: 'dropout', config: { rate: 0.5 }, inputs: rows },
  { layer: 'alphaDropout', config: { rate: 0.5 }, inputs: rows },
  { layer: 'spatialDropout1d', config: { rate: 0.5 }, inputs: steps },
  { layer: 'gaussianDropout', config: { rate: 0.5 }, inputs: rows },
  { layer: 'gaussianNoise', config: { stddev: 0.5 }, inputs: rows },
  ...['add', 'multiply', 'average', 'maximum', 'minimum', 'concatenate'].map(
    (layer): GoldenCase => ({ layer, config: {}, inputs: pairs }),
  ),
  { layer: 'add', config: {}, inputs: [...pairs, [2, 3, 5]] },
  { layer: 'concatenate', config: { axis: 1 }, inputs: [[2, 3, 5], [2, 2, 5]] }, // biome-ignore format: as shapes
  { layer: 'concatenate', config: {}, inputs: [[7, 3], [7, 1], [7, 6]] }, // biome-ignore format: as shapes
  dot(1, false, [3, 7], [3, 7]),
  dot(-1, true, [5, 3], [5, 3]),
  dot([2, 1], false, [2, 3, 5], [2, 5, 4]),
  dot(2, false, [2, 3, 7], [2, 4, 7]),
  dot([1, 1], false, [2, 5, 3], [2, 5, 1]),
  dot(2, true, [2, 3, 5], [2, 4, 5]),
  { layer: 'embedding', config: { inputDim: 7, outputDim: 5 }, inputs: [[3, 4]], ids: 7 },
  { layer: 'embedding', config: { inputDim: 33, outputDim: 1 }, inputs: [[2, 9]], ids: 33 },
  ...[true, undefined].flatMap((training): GoldenCase[] => [
    ...[rows, steps, image].map(
      (inputs): GoldenCase => ({
        ...{ layer: 'batchNormalization', config: {}, inputs },
        ...(training && { training }),
      }),
    ),
    {
      ...{ layer: 'batchNormalization', inputs: [[33, 7]], ...(training && { training }) },
      config: { momentum: 0.75, epsilon: 0.25 },
    },
  ]),
  ...[rows, steps, image].map((inputs): GoldenCase => ({ layer: 'layerNormalization', config: {}, inputs })),
  {
    layer: 'layerNormalization',
    config: { axis: [1, 2], epsilon: 0.25 },
    inputs: [[3, 4, 5]],
  },
  // Without gamma or without beta TensorFlow.js has no gradient, and in training no result.
  ...['batchNormalization', 'layerNormalization'].flatMap((layer) =>
    [{ scale: false }, { center: false }].map(
      (config): GoldenCase => ({ layer, config, inputs: [[3, 5, 7]], forwardOnly: true }),
    ),
  ),
  {
    ...{ layer: 'timeDistributed', inputs: [[2, 3, 5]] },
    inner: { layer: 'dense', config: { units: 4, activation: 'tanh' } },
  },
  {
    ...{ layer: 'timeDistributed', inputs: [[2, 3, 5, 4, 2]] },
    inner: { layer: 'conv2d', config: { filters: 3, kernelSize: 2 } },
  },
];
