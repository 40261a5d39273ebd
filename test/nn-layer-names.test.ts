// Names in `ht.layers`: those of TensorFlow.js, and other spellings of them.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';

const test = suite('names of layers');

/** What TensorFlow.js 4 exports, as far as the layer is here. */
const TENSORFLOW = [
  ...['activation', 'add', 'average', 'averagePooling1d', 'averagePooling2d', 'avgPool1d', 'avgPool2d'],
  ...['avgPooling1d', 'avgPooling2d', 'batchNormalization', 'bidirectional', 'concatenate', 'conv1d'],
  ...['conv2d', 'conv2dTranspose', 'cropping2D', 'dense', 'depthwiseConv2d', 'dot', 'dropout', 'elu'],
  ...['embedding', 'flatten', 'gaussianDropout', 'gaussianNoise', 'globalAveragePooling1d'],
  ...['globalAveragePooling2d', 'globalMaxPool1d', 'globalMaxPool2d', 'globalMaxPooling1d'],
  ...['globalMaxPooling2d', 'gru', 'layerNormalization', 'leakyReLU', 'lstm', 'masking', 'maxPool1d'],
  ...['maxPool2d', 'maxPooling1d', 'maxPooling2d', 'maximum', 'minimum', 'multiply', 'permute', 'prelu'],
  ...['reLU', 'repeatVector', 'rescaling', 'reshape', 'separableConv2d', 'simpleRNN', 'softmax'],
  ...['spatialDropout1d', 'timeDistributed', 'upSampling2d', 'zeroPadding2d'],
] as const satisfies readonly (keyof typeof ht.layers)[];

test('every name of TensorFlow.js, and Keras with a small first letter', () => {
  for (const name of TENSORFLOW) assert.type(ht.layers[name], 'function', name);
  const { layers } = ht;
  const pairs = [
    [layers.conv1D, layers.conv1d],
    [layers.conv2D, layers.conv2d],
    [layers.conv2DTranspose, layers.conv2dTranspose],
    [layers.depthwiseConv2D, layers.depthwiseConv2d],
    [layers.maxPooling1D, layers.maxPooling1d],
    [layers.maxPool2d, layers.maxPooling2d],
    [layers.maxPool2D, layers.maxPooling2d],
    [layers.avgPooling2d, layers.averagePooling2d],
    [layers.globalMaxPool1d, layers.globalMaxPooling1d],
    [layers.cropping2d, layers.cropping2D],
    [layers.upSampling2D, layers.upSampling2d],
  ];
  for (const [other, own] of pairs) assert.is(other, own);
  assert.is(layers.conv2D({ filters: 3, kernelSize: 1, name: 'same types' }).filters, 3);
  assert.match(layers.conv2D({ filters: 3, kernelSize: 1 }).name, /^conv2d/);
});
