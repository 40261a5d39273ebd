// Convolution, pooling, embedding and dot layers: what they refuse, their shapes, weights and masks.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { refuses } from './refusal.ts';
import { numbers } from './step.ts';

const test = suite('window layers');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ seed: 9 });
});
test.after(() => engine.close());

const { layers, ArgumentError, ShapeError } = ht;

test('options and samples that are refused', async () => {
  const conv = { filters: 3, kernelSize: 3 };
  const cases: readonly [() => unknown, typeof ArgumentError, RegExp][] = [
    [() => layers.conv2d({ kernelSize: 3 } as never), ArgumentError, /^conv2d.*: filters undefined; use/],
    [() => layers.conv2d({ filters: 3 } as never), ArgumentError, /^conv2d.*: kernelSize undefined; use/],
    [() => layers.conv2d({ ...conv, kernelSize: [3] as never }), ArgumentError, /kernelSize \[3\]/],
    [() => layers.conv2d({ ...conv, strides: 0 }), ArgumentError, /strides 0/],
    [
      () => layers.conv2d({ ...conv, padding: 'causal' as never }),
      ...([ArgumentError, /unknown padding 'causal'; use 'valid' or 'same'/] as const),
    ],
    [() => layers.conv1d({ ...conv, kernelSize: [3, 3] as never }), ArgumentError, /kernelSize \[3, 3\]/],
    [
      () => layers.conv2d({ ...conv, groups: 3 }).outputShape([5, 5, 4]),
      ShapeError,
      /3 groups of 4 channels/,
    ],
    [() => layers.conv2d(conv).outputShape([5, 5]), ShapeError, /samples are \(5, 5\); use \(height/],
    [() => layers.conv1d(conv).outputShape([5]), ShapeError, /samples are \(5\); use \(steps, channels\)/],
    [() => layers.conv2d(conv).outputShape([2, 5, 1]), ShapeError, /does not fit an image/],
    [() => layers.conv2d(conv).apply(ht.ones([1, 2, 2, 3])), ShapeError, /does not fit an image/],
    [
      () => layers.conv2dTranspose({ ...conv, strides: 2, outputPadding: 2 }),
      ...([ArgumentError, /outputPadding \[2,2\] with strides \[2,2\]/] as const),
    ],
    [() => layers.maxPooling2d({ poolSize: 0 }), ArgumentError, /poolSize 0/],
    [() => layers.averagePooling1d().outputShape([4, 4, 1]), ShapeError, /use \(steps, channels\)/],
    [() => layers.globalMaxPooling2d().outputShape([4]), ShapeError, /use \(height, width, channels\)/],
    [() => layers.embedding({ inputDim: 3 } as never), ArgumentError, /outputDim undefined/],
    [() => layers.embedding(undefined as never), ArgumentError, /^embedding: options are undefined/],
    [() => layers.dot({ axes: [1] as never }), ArgumentError, /axes \[1\]; use one number/],
    [
      () => layers.dot({ axes: 1 }).outputShape([[3], [4]]),
      ...([ShapeError, /axes 1 and 1 of samples \(3\) and \(4\)/] as const),
    ],
    [() => layers.dot({ axes: 0 }).outputShape([[3], [3]]), ShapeError, /axes 0 and 0 .*counted from 1/],
    [() => layers.dot({ axes: 1 }).outputShape([[3]]), ShapeError, /1 inputs/],
  ];
  for (const [make, type, message] of cases) await refuses(make, type, message);
  const built = layers.conv2d(conv);
  built.apply(ht.ones([1, 5, 5, 2]));
  await refuses(() => built.apply(ht.ones([1, 5, 5, 3])), ShapeError, /built for \(5, 5, 2\)/);
  assert.equal(built.apply(ht.ones([2, 4, 9, 2])).shape, [2, 2, 7, 3]);
});

test('weights by name and shape, in the order of Keras', () => {
  const made = (layer: ht.Layer, sample: readonly number[]) => {
    layer.build(sample, engine);
    return layer.weights.map(({ name, shape }) => `${name.split('/')[1]} ${shape}`);
  };
  assert.equal(made(layers.conv1d({ filters: 4, kernelSize: 3, groups: 2 }), [9, 6]), [
    ...['kernel 3,3,4', 'bias 4'],
  ]);
  assert.equal(made(layers.conv2d({ filters: 4, kernelSize: [3, 2] }), [9, 9, 5]), [
    ...['kernel 3,2,5,4', 'bias 4'],
  ]);
  assert.equal(made(layers.conv2dTranspose({ filters: 4, kernelSize: [3, 2] }), [9, 9, 5]), [
    ...['kernel 3,2,4,5', 'bias 4'],
  ]);
  assert.equal(made(layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2 }), [9, 9, 5]), [
    ...['kernel 3,3,5,2', 'bias 10'],
  ]);
  assert.equal(made(layers.separableConv2d({ filters: 4, kernelSize: 3, depthMultiplier: 2 }), [9, 9, 5]), [
    'depthwise_kernel 3,3,5,2',
    'pointwise_kernel 1,1,10,4',
    'bias 4',
  ]);
  assert.equal(made(layers.embedding({ inputDim: 9, outputDim: 4 }), [3]), ['embeddings 9,4']);
});

test('embedding: whole numbers stay whole in float16, 0 can be a mask, steps may differ', async () => {
  const rows = Array.from({ length: 3002 }, (_, i) => i % 7);
  const embedding = layers.embedding({
    ...{ inputDim: 3002, outputDim: 1, maskZero: true, dtype: 'mixed_float16' as const, inputLength: 2 },
    embeddingsInitializer: () => Float32Array.from(rows),
  });
  assert.equal(embedding.inputShape, [2]);
  assert.equal(await numbers(embedding.apply(ht.tensor([[3001, 2049]]))), [3001 % 7, 2049 % 7]);
  assert.equal(embedding.apply(ht.tensor([[1, 2, 0]], { dtype: 'int32' })).shape, [1, 3, 1]);
  const pool = layers.globalAveragePooling1d();
  const ids = ht.input({ shape: [3] });
  const model = ht.model({ inputs: ids, outputs: pool.apply(embedding.apply(ids)) });
  assert.equal(await numbers(model.apply([[3, 0, 4], [6, 0, 0]])), [3.5, 6]); // biome-ignore format: as rows
  const kept = layers.globalAveragePooling1d({ keepDims: true });
  const mask = ht.tensor([[true, false]]);
  const means = kept.apply([[[1, 2], [5, 7]]], { mask }); // biome-ignore format: as rows
  assert.equal([means.shape, await numbers(means)], [[1, 1, 2], [1, 2]]); // biome-ignore format: as rows
});
