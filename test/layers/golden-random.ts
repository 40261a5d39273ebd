// Cases drawn at random: a layer, options, shapes. Only what TensorFlow.js has, and has right.
import { type Random, randomOf } from '../ops/draws.ts';
import { sizeOf } from '../reference/array.ts';
import type { GoldenCase } from './golden-case.ts';

type Some = Omit<GoldenCase, 'layer'>;

/** Draws from one stream of random numbers. */
class Dice {
  readonly random: Random;

  constructor(name: string) {
    this.random = randomOf(name);
  }

  /** A whole number from low to high. */
  int(low: number, high: number): number {
    return low + Math.floor((high - low + 1) * this.random());
  }

  of<T>(values: readonly T[]): T {
    return values[this.int(0, values.length - 1)]!;
  }

  get coin(): boolean {
    return this.random() < 0.5;
  }

  shape(rank: number, most = 9): number[] {
    return [this.of([1, 2, 3, 5]), ...Array.from({ length: rank - 1 }, () => this.int(1, most))];
  }
}

const ACTIVATIONS = ['linear', 'relu', 'sigmoid', 'tanh', 'elu', 'selu', 'softplus', 'softsign', 'swish'];
const ONE_BY_ONE = [...ACTIVATIONS, 'relu6', 'gelu', 'gelu_new', 'mish'];

const plain =
  (config: (dice: Dice, shape: readonly number[]) => object, rank: readonly number[] = [2, 3, 4]) =>
  (dice: Dice): Some => {
    const shape = dice.shape(dice.of(rank));
    return { config: config(dice, shape), inputs: [shape] };
  };

/** An image, options of a window over it, and whether TensorFlow.js has the gradient. */
function windows(dice: Dice, axes: 1 | 2, dilates: boolean): Some & { config: object } {
  const per = (low: number, high: number) =>
    axes === 1 || dice.coin ? dice.int(low, high) : [dice.int(low, high), dice.int(low, high)];
  const padding = dice.of(['valid', 'same']);
  const dilationRate = dilates && dice.random() < 0.3 ? dice.int(2, 3) : 1;
  const kernelSize = per(1, 4);
  const strides = dilationRate > 1 ? 1 : per(1, 3);
  const config = {
    ...{ kernelSize, strides, padding, useBias: dice.coin, activation: dice.of(ACTIVATIONS) },
    ...(dilationRate > 1 && { dilationRate }),
  };
  const room = 3 * dilationRate + 1;
  const image = Array.from({ length: axes }, () => dice.int(padding === 'same' ? 1 : room, room + 7));
  return {
    config,
    inputs: [[dice.int(1, 3), ...image, dice.int(1, 9)]],
    ...(dilationRate > 1 && { forwardOnly: true as const }),
  };
}

const convolution =
  (axes: 1 | 2, dilates: boolean, more: (dice: Dice) => object) =>
  (dice: Dice): Some => {
    const { config, ...rest } = windows(dice, axes, dilates);
    return { config: { ...config, ...more(dice) }, ...rest };
  };

const filters = (dice: Dice) => ({ filters: dice.int(1, 9) });

const pool =
  (axes: 1 | 2, average: boolean) =>
  (dice: Dice): Some => {
    const per = () => (axes === 1 || dice.coin ? dice.int(1, 3) : [dice.int(1, 3), dice.int(1, 3)]);
    const padding = dice.of(['valid', 'same']);
    const config = { poolSize: per(), padding, ...(dice.coin && { strides: per() }) };
    const image = Array.from({ length: axes }, () => dice.int(3, 11));
    const wrong = average && padding === 'same';
    return {
      config,
      inputs: [[dice.int(1, 3), ...image, dice.int(1, 9)]],
      ...(wrong && { forwardOnly: true }),
    };
  };

const merge = (dice: Dice): Some => {
  const shape = dice.shape(dice.int(2, 4));
  return { config: {}, inputs: Array.from({ length: dice.int(2, 3) }, () => shape) };
};

function concatenate(dice: Dice): Some {
  const shape = dice.shape(dice.int(2, 4));
  const axis = dice.int(1, shape.length - 1);
  const inputs = Array.from({ length: dice.int(2, 3) }, () => shape.with(axis, dice.int(1, 7)));
  return { config: { axis: axis === shape.length - 1 && dice.coin ? -1 : axis }, inputs };
}

function dot(dice: Dice): Some {
  const [a, b] = [dice.shape(dice.int(2, 3)), dice.shape(dice.int(2, 3))];
  b[0] = a[0]!;
  const axes = [dice.int(1, a.length - 1), dice.int(1, b.length - 1)] as const;
  b[axes[1]] = a[axes[0]]!;
  return { config: { axes, normalize: dice.coin }, inputs: [a, b] };
}

const KINDS = ['simpleRNN', 'lstm', 'gru'] as const;

const recurrentOptions = (dice: Dice, kind: string) => ({
  ...{ units: dice.int(1, 9), returnSequences: dice.coin, goBackwards: dice.coin, useBias: dice.coin },
  activation: dice.of(['tanh', 'tanh', 'relu', 'sigmoid', 'softsign']),
  ...(kind !== 'simpleRNN' && { recurrentActivation: dice.of(['sigmoid', 'sigmoid', 'tanh', 'softsign']) }),
  ...(kind === 'gru' && { resetAfter: false }),
});

const recurrent =
  (kind: (typeof KINDS)[number]) =>
  (dice: Dice): Some => {
    const masked = dice.coin;
    const returnState = !masked && dice.coin;
    return {
      config: { ...recurrentOptions(dice, kind), ...(returnState ? { returnState } : {}) },
      inputs: [[dice.int(1, 4), dice.int(masked ? 3 : 2, 7), dice.int(1, 9)]],
      ...(masked && { masked }),
    };
  };

function bidirectional(dice: Dice): Some {
  const layer = dice.of(KINDS);
  const masked = dice.coin;
  return {
    config: { mergeMode: dice.of(['concat', 'sum', 'mul', 'ave']) },
    inner: { layer, config: recurrentOptions(dice, layer) },
    inputs: [[dice.int(1, 4), dice.int(3, 6), dice.int(1, 5)]],
    ...(masked && { masked }),
  };
}

function timeDistributed(dice: Dice): Some {
  const within = dice.of(['dense', 'conv2d', 'maxPooling2d', 'flatten'] as const);
  const { inputs, config, ...rest } = ROWS[within]!(dice);
  const [batch, ...sample] = inputs[0]!;
  const inner = { layer: within, config: config ?? {} };
  return { ...rest, config: {}, inner, inputs: [[batch!, dice.int(2, 4), ...sample]] };
}

const sides = (dice: Dice, most: number) => [
  [dice.int(0, most), dice.int(0, most)],
  [dice.int(0, most), dice.int(0, most)],
];
const image = (dice: Dice, least = 1) => [
  dice.int(1, 3),
  dice.int(least, 9),
  dice.int(least, 9),
  dice.int(1, 9),
];

const EPSILONS = [1e-3, 1e-2, 0.25];

/** Without gamma or without beta TensorFlow.js has no gradient. */
function lessWeights(dice: Dice, config: object): Pick<GoldenCase, 'config' | 'forwardOnly'> {
  const [center, scale] = [dice.coin, dice.coin];
  return { config: { ...config, center, scale }, ...(!(center && scale) && { forwardOnly: true }) };
}

/** What is drawn for each layer, by its name. */
const ROWS: Readonly<Record<string, (dice: Dice) => Some>> = {
  activation: plain((dice) => ({ activation: dice.of([...ONE_BY_ONE, 'softmax', 'logSoftmax']) })),
  reLU: plain((dice) => (dice.coin ? { maxValue: dice.of([0.25, 1, 6]) } : {})),
  leakyReLU: plain((dice) => ({ alpha: dice.of([0.125, 0.3, 0.01]) })),
  elu: plain(() => ({})),
  prelu: (dice) => {
    const shape = dice.shape(dice.int(2, 4));
    const shared = shape.flatMap((_, axis) => (axis > 0 && dice.coin ? [axis] : []));
    return { config: shared.length > 0 ? { sharedAxes: shared } : {}, inputs: [shape] };
  },
  softmax: plain((dice, shape) => ({ axis: dice.coin ? -1 : shape.length - 1 })),
  rescaling: plain((dice) => ({ scale: dice.of([0.5, -2, 1 / 255]), offset: dice.of([0, 0.25, -1]) })),
  dense: (dice) => ({
    config: {
      ...{ units: dice.int(1, 33), useBias: dice.coin, activation: dice.of([...ONE_BY_ONE, 'softmax']) },
    },
    inputs: [dice.shape(dice.int(2, 4), dice.coin ? 7 : 33)],
  }),
  flatten: plain(() => ({}), [3, 4]),
  permute: plain((dice, shape) => {
    const dims = shape.slice(1).map((_, i) => i + 1);
    return {
      dims: dims
        .map((value) => ({ value, key: dice.random() }))
        .sort((a, b) => a.key - b.key)
        .map((d) => d.value),
    };
  }),
  repeatVector: plain((dice) => ({ n: dice.int(1, 5) }), [2]),
  cropping2D: (dice) => ({ config: { cropping: sides(dice, 2) }, inputs: [image(dice, 5)] }),
  zeroPadding2d: (dice) => ({ config: { padding: sides(dice, 3) }, inputs: [image(dice)] }),
  upSampling2d: (dice) => ({
    ...{ config: { size: [dice.int(1, 3), dice.int(1, 3)] }, inputs: [image(dice).with(0, 1)] },
  }),
  dropout: plain((dice) => ({ rate: dice.of([0, 0.25, 0.5]) })),
  gaussianNoise: plain((dice) => ({ stddev: dice.of([0.25, 0.5]) })),
  ...Object.fromEntries(['add', 'multiply', 'average', 'maximum', 'minimum'].map((name) => [name, merge])),
  concatenate,
  dot,
  embedding: (dice) => {
    const inputDim = dice.int(2, 60);
    const shape = [dice.int(1, 4), dice.int(1, 9)];
    return { config: { inputDim, outputDim: dice.int(1, 17) }, inputs: [shape], ids: inputDim };
  },
  batchNormalization: (dice) => {
    const shape = dice.shape(dice.int(2, 4)).with(0, dice.int(2, 7));
    const training = dice.coin;
    // Along other axes than the last the CPU backend of TensorFlow.js mixes channels up.
    const axis = dice.of([-1, shape.length - 1]);
    const config = { axis, epsilon: dice.of(EPSILONS), momentum: dice.of([0.99, 0.75]) };
    const more = training ? { config, training } : lessWeights(dice, config);
    return { ...more, inputs: [shape] };
  },
  layerNormalization: (dice) => {
    const shape = dice.shape(dice.int(2, 4));
    const some = shape.flatMap((_, axis) => (axis > 0 && dice.coin ? [axis] : []));
    const config = { axis: some.length > 0 ? some : -1, epsilon: dice.of(EPSILONS) };
    return { ...lessWeights(dice, config), inputs: [shape] };
  },
  conv1d: convolution(1, true, filters),
  conv2d: convolution(2, true, filters),
  conv2dTranspose: convolution(2, false, filters),
  depthwiseConv2d: convolution(2, false, (dice) => ({ depthMultiplier: dice.int(1, 3) })),
  separableConv2d: convolution(2, true, (dice) => ({ ...filters(dice), depthMultiplier: dice.int(1, 3) })),
  maxPooling1d: pool(1, false),
  maxPooling2d: pool(2, false),
  averagePooling1d: pool(1, true),
  averagePooling2d: pool(2, true),
  ...Object.fromEntries(
    ['globalAveragePooling1d', 'globalMaxPooling1d'].map((name) => [name, plain(() => ({}), [3])]),
  ),
  ...Object.fromEntries(
    ['globalAveragePooling2d', 'globalMaxPooling2d'].map((name) => [name, plain(() => ({}), [4])]),
  ),
  ...Object.fromEntries(KINDS.map((kind) => [kind, recurrent(kind)])),
  bidirectional,
  timeDistributed,
};

/** Layers that choose one of several numbers: of numbers that are no halves float16 may choose another. */
const CHOOSE = [
  'maximum',
  'minimum',
  'reLU',
  'maxPooling1d',
  'maxPooling2d',
  'globalMaxPooling1d',
  'globalMaxPooling2d',
];

export const RANDOM_LAYERS: readonly string[] = Object.keys(ROWS);

/** The case with this number of a layer. */
export function randomCase(layer: string, seed: number): GoldenCase {
  const dice = new Dice(`${layer} ${seed}`);
  // More numbers than these are no longer exact as halves.
  let row: Some;
  do row = ROWS[layer]!(dice);
  while (row.inputs.some((shape) => sizeOf(shape) > 1000));
  const normal = dice.coin && row.ids === undefined && !row.masked && !CHOOSE.includes(layer);
  return { layer, ...row, seed, ...(normal && { normal }) };
}
