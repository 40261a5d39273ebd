// The same policy gives the same results without shader-f16: small networks trained with native and with packed halves.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { randomOf } from './ops/draws.ts';
import { assertClose } from './tolerances.ts';

const test = suite('native and packed training');
test.after(() => ht.mixedPrecision.setGlobalPolicy('float32'));

interface Network {
  readonly sample: readonly number[];
  readonly rate?: number;
  layers(): ht.Layer[];
}

const { layers } = ht;
const NETWORKS: Readonly<Record<string, Network>> = {
  dense: {
    sample: [10],
    layers: () => [
      layers.dense({ units: 17, activation: 'relu', inputShape: [10] }),
      layers.dense({ units: 9, activation: 'tanh' }),
    ],
  },
  'convolution and batch normalisation': {
    sample: [7, 9, 3],
    layers: () => [
      layers.conv2d({ filters: 6, kernelSize: 3, padding: 'same', inputShape: [7, 9, 3] }),
      layers.batchNormalization({ momentum: 0.5 }),
      layers.reLU(),
      layers.maxPooling2d(),
      layers.flatten(),
    ],
  },
  'layer normalisation and attention': { sample: [6, 10], layers: () => [] },
  LSTM: {
    ...{ sample: [5, 7], rate: 0.5 },
    layers: () => [layers.lstm({ units: 11, inputShape: [5, 7] })],
  },
};

const [BATCH, STEPS, CLASSES] = [12, 8, 3];

function modelOf(name: string): ht.Sequential | ht.Model {
  const { sample, layers: own } = NETWORKS[name]!;
  const last = layers.dense({ units: CLASSES, dtype: 'float32' });
  if (own().length > 0) return ht.sequential([...own(), last]);
  const input = ht.input({ shape: [...sample] });
  const normalised = layers.layerNormalization().apply(input);
  const attended = layers.multiHeadAttention({ numHeads: 2, keyDim: 5 }).apply([normalised, normalised]);
  const added = layers.add().apply([input, attended]);
  const output = last.apply(layers.flatten().apply(added));
  return ht.model({ inputs: input, outputs: output });
}

interface Trained {
  readonly losses: number[];
  readonly weights: number[][];
  readonly predictions: number[];
  readonly scale: number;
}

async function train(name: string, f16: 'native' | 'packed'): Promise<Trained> {
  const engine = await ht.open({ f16, policy: 'mixed_float16', seed: 3 });
  assert.is(engine.info.f16, f16);
  const random = randomOf(name);
  const size = NETWORKS[name]!.sample.reduce((product, one) => product * one, BATCH);
  const x = {
    values: Float32Array.from({ length: size }, () => 2 * random() - 1),
    shape: [BATCH, ...NETWORKS[name]!.sample],
  };
  const y = Int32Array.from({ length: BATCH }, (_, i) => i % CLASSES);
  const model = modelOf(name);
  model.compile({
    optimizer: ht.optimizers.sgd({ learningRate: NETWORKS[name]!.rate ?? 0.05, momentum: 0.9 }),
    loss: { name: 'sparseCategoricalCrossentropy', fromLogits: true },
  });
  const { history } = await model.fit(x, y, { epochs: STEPS, batchSize: BATCH, shuffle: false, verbose: 0 });
  const predictions = Array.from(await (model.predict(x) as Promise<ht.Tensor>).then((p) => p.data()));
  const { scale } = await model.optimizer.readState();
  const weights = (await model.getWeights()).map((values) => Array.from(values));
  engine.close();
  return { losses: history.loss!, weights, predictions, scale };
}

for (const name of Object.keys(NETWORKS)) {
  test(`${name}: losses, weights and predictions are the same`, async () => {
    const [native, packed] = [await train(name, 'native'), await train(name, 'packed')];
    const near = (what: string) => ({ op: `${name}: ${what}`, dtype: 'float16' }) as const;
    assertClose(packed.losses, native.losses, near('losses'));
    assert.is(packed.weights.length, native.weights.length);
    for (const [i, values] of native.weights.entries())
      assertClose(packed.weights[i]!, values, near(`weight ${i}`));
    assertClose(packed.predictions, native.predictions, near('predictions'));
    assert.is(packed.scale, native.scale);
    // It has learnt: otherwise all of this would say little.
    assert.ok(native.losses.at(-1)! < 0.9 * native.losses[0]!, `${native.losses}`);
  });
}
