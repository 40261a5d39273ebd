/** A small convolutional network with batch normalisation, in float32 and mixed precision side by side. Run: npx tsx examples/fashion-cnn.ts */
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import * as ht from '../src/node.ts';
import { loadDigits } from './demo/digits.ts';

/** Where Debian's `dataset-fashion-mnist` puts its files. */
const FASHION = '/usr/share/datasets/fashion-mnist';
/** Images to train on; fewer where the command line says so. */
const TRAIN = Number(process.argv[2] ?? 8000);
const [TEST, SIDE] = [2000, 28];

interface Images {
  readonly x: { values: Float32Array; shape: number[] };
  readonly y: Int32Array;
}

/** The first `count` images and labels of a part of Fashion-MNIST: IDX files, a header and then a byte a pixel. */
function fashion(part: 'train' | 't10k', count: number): Images {
  const bytes = (kind: string, header: number, size: number) =>
    gunzipSync(readFileSync(`${FASHION}/${part}-${kind}-ubyte.gz`)).subarray(header, header + count * size);
  const pixels = Float32Array.from(bytes('images-idx3', 16, SIDE * SIDE), (value) => value / 255);
  return {
    x: { values: pixels, shape: [count, SIDE, SIDE, 1] },
    y: Int32Array.from(bytes('labels-idx1', 8, 1)),
  };
}

function load(): { name: string; train: Images; test: Images } {
  if (existsSync(FASHION))
    return { name: 'Fashion-MNIST', train: fashion('train', TRAIN), test: fashion('t10k', TEST) };
  const digits = loadDigits(TRAIN);
  const images = ({ images, labels, count }: typeof digits.train): Images => ({
    ...{ x: { values: images, shape: [count, SIDE, SIDE, 1] }, y: labels },
  });
  return { name: 'MNIST digits', train: images(digits.train), test: images(digits.test) };
}

function network(): ht.Sequential {
  const { conv2d, batchNormalization, reLU, maxPooling2d, globalAveragePooling2d, dense } = ht.layers;
  const block = (filters: number, first: object = {}) => [
    conv2d({ filters, kernelSize: 3, padding: 'same', useBias: false, ...first }),
    batchNormalization({ momentum: 0.9 }),
    reLU(),
  ];
  return ht.sequential([
    ...block(16, { inputShape: [SIDE, SIDE, 1] }),
    maxPooling2d(),
    ...block(32),
    maxPooling2d(),
    ...block(64),
    globalAveragePooling2d(),
    dense({ units: 10, dtype: 'float32' }),
  ]);
}

const { name, train, test } = load();
console.log(`${name}: ${train.y.length} images to train on, ${test.y.length} to test`);
const accuracies: number[] = [];
for (const policy of ['float32', 'mixed_float16'] as const) {
  const engine = await ht.open({ policy, seed: 1 });
  const model = network();
  const epochs = 3;
  const decaySteps = (epochs * TRAIN) / 64;
  model.compile({
    optimizer: ht.optimizers.adam({
      learningRate: ht.schedules.cosineDecay({ initialLearningRate: 0.005, decaySteps }),
    }),
    loss: { name: 'sparseCategoricalCrossentropy', fromLogits: true },
    metrics: ['accuracy'],
  });
  const { history, msPerStep } = await model.fit(train.x, train.y, { epochs, batchSize: 64 });
  const { accuracy } = await model.evaluate(test.x, test.y, { batchSize: 500 });
  accuracies.push(100 * accuracy!);
  console.log(
    `${policy}: loss ${history.loss!.at(-1)!.toFixed(4)}, test accuracy ${(100 * accuracy!).toFixed(2)} %, ${msPerStep.toFixed(1)} ms a step`,
  );
  engine.close();
}
console.log(`apart by ${Math.abs(accuracies[0]! - accuracies[1]!).toFixed(2)} points`);
