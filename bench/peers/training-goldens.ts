// Writes test/fixtures/tfjs-training.json: models that TensorFlow.js trained and saved with their optimizers, and how it went on. npx tsx bench/peers/training-goldens.ts.
import { writeFileSync } from 'node:fs';
import { load } from './packages.ts';

interface PeerTensor {
  dataSync(): Float32Array;
}
interface Artifacts {
  readonly modelTopology: object;
  readonly trainingConfig: object;
  readonly weightSpecs: readonly object[];
  readonly weightData: ArrayBuffer;
}
interface PeerModel {
  compile(options: object): void;
  trainOnBatch(x: PeerTensor, y: PeerTensor): Promise<number>;
  getWeights(): PeerTensor[];
  setWeights(weights: PeerTensor[]): void;
  save(handler: object, options: object): Promise<unknown>;
}
interface PeerCore {
  setBackend(name: string): Promise<boolean>;
  tensor(values: readonly number[], shape: readonly number[]): PeerTensor;
  readonly io: { withSaveHandler(save: (artifacts: Artifacts) => Promise<object>): object };
  readonly train: Record<string, (...options: number[]) => object>;
}
interface PeerLayers {
  readonly layers: { dense(options: object): object };
  sequential(options: object): PeerModel;
}

const tf = load<PeerCore>('@tensorflow/tfjs-core');
load('@tensorflow/tfjs-backend-cpu');
const { layers, sequential } = load<PeerLayers>('@tensorflow/tfjs-layers');
await tf.setBackend('cpu');

const STEPS = 3;
const X = { shape: [4, 3], values: [1, -0.5, 0.25, 2, 0.75, -1, -0.25, 1.5, 0.5, 0, -2, 1] };
const Y = { shape: [4, 2], values: [1, 0, -1, 0.5, 0.25, -0.75, 0, 1] };
const SHAPES = [[3, 5], [5], [5, 2], [2]];
/** Multiples of 1/16, each another one. */
const WEIGHTS = SHAPES.map((shape, i) => {
  const size = shape.reduce((a, b) => a * b);
  return Array.from({ length: size }, (_, k) => (((k * 7 + i * 3) % 17) - 8) / 16);
});

const OPTIMIZERS = {
  sgd: () => tf.train.sgd!(0.25),
  momentum: () => tf.train.momentum!(0.125, 0.75),
  adam: () => tf.train.adam!(0.0625),
  rmsprop: () => tf.train.rmsprop!(0.0625, 0.875, 0.5),
  'rmsprop without momentum': () => tf.train.rmsprop!(0.0625),
  adagrad: () => tf.train.adagrad!(0.25),
  adadelta: () => tf.train.adadelta!(0.5),
};

const cases = [];
for (const [name, make] of Object.entries(OPTIMIZERS)) {
  const model = sequential({
    layers: [
      layers.dense({ name: 'first', units: 5, inputShape: [3], activation: 'tanh' }),
      layers.dense({ name: 'second', units: 2 }),
    ],
  });
  model.setWeights(SHAPES.map((shape, i) => tf.tensor(WEIGHTS[i]!, shape)));
  model.compile({ optimizer: make(), loss: 'meanSquaredError', metrics: ['mse'] });
  const [x, y] = [tf.tensor(X.values, X.shape), tf.tensor(Y.values, Y.shape)];
  for (let step = 0; step < STEPS; step++) await model.trainOnBatch(x, y);
  let saved: Artifacts | undefined;
  const handler = tf.io.withSaveHandler(async (artifacts) => {
    saved = artifacts;
    return {};
  });
  await model.save(handler, { includeOptimizer: true });
  for (let step = 0; step < STEPS; step++) await model.trainOnBatch(x, y);
  const { modelTopology, trainingConfig, weightSpecs, weightData } = saved!;
  const then = model.getWeights().flatMap((weight) => Array.from(weight.dataSync()));
  const data = Buffer.from(weightData).toString('base64');
  cases.push({ name, modelTopology, trainingConfig, weightSpecs, data, then });
}
const path = new URL('../../test/fixtures/tfjs-training.json', import.meta.url);
const lines = cases.map((row) => JSON.stringify(row)).join(',\n');
writeFileSync(
  path,
  `{ "steps": ${STEPS}, "x": ${JSON.stringify(X)}, "y": ${JSON.stringify(Y)}, "cases": [\n${lines}\n] }\n`,
);
console.log(`${cases.length} cases`);
