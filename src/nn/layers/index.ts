/** Layers as functions, by the names that TensorFlow.js gives them. */
import type { Tensor } from '../../autograd/tensor.ts';
import { Activation } from './activation.ts';
import { AdditiveAttention, Attention } from './attention.ts';
import { BatchNormalization } from './batch-normalization.ts';
import { Bidirectional, type BidirectionalOptions } from './bidirectional.ts';
import { Concatenate } from './concatenate.ts';
import { Conv1D, Conv2D, Conv3D } from './conv.ts';
import { Conv1DTranspose, Conv2DTranspose, Conv3DTranspose } from './conv2d-transpose.ts';
import { Dense } from './dense.ts';
import { DepthwiseConv1D, DepthwiseConv2D, SeparableConv1D, SeparableConv2D } from './depthwise-conv.ts';
import { Dot } from './dot.ts';
import { AlphaDropout, Dropout, SpatialDropout1D, SpatialDropout2D, SpatialDropout3D } from './dropout.ts';
import { EinsumDense } from './einsum-dense.ts';
import { ELU } from './elu.ts';
import { Embedding } from './embedding.ts';
import { CategoryEncoding, Discretization, IntegerLookup } from './encodings.ts';
import { Normalization } from './feature-normalization.ts';
import { Flatten } from './flatten.ts';
import { GaussianDropout, GaussianNoise } from './gaussian.ts';
import {
  GlobalAveragePooling1D,
  GlobalAveragePooling2D,
  GlobalAveragePooling3D,
  GlobalMaxPooling1D,
  GlobalMaxPooling2D,
  GlobalMaxPooling3D,
} from './global-pooling.ts';
import { GroupNormalization } from './group-normalization.ts';
import { GRU, type GRUOptions } from './gru.ts';
import { Identity } from './identity.ts';
import { LayerNormalization, RMSNormalization } from './layer-normalization.ts';
import { LayerScale } from './layer-scale.ts';
import { LeakyReLU } from './leaky-relu.ts';
import { LSTM, type LSTMOptions } from './lstm.ts';
import {
  Cropping1D,
  Cropping2D,
  Cropping3D,
  ZeroPadding1D,
  ZeroPadding2D,
  ZeroPadding3D,
} from './margins.ts';
import { Masking } from './masking.ts';
import { Add, Average, CustomScaleLayer, Maximum, Minimum, Multiply, Subtract } from './merge.ts';
import { MultiHeadAttention } from './multi-head-attention.ts';
import { Operation } from './operation.ts';
import { Permute } from './permute.ts';
import {
  AveragePooling1D,
  AveragePooling2D,
  AveragePooling3D,
  MaxPooling1D,
  MaxPooling2D,
  MaxPooling3D,
} from './pooling.ts';
import { PReLU } from './prelu.ts';
import {
  RandomBrightness,
  RandomContrast,
  RandomCrop,
  RandomFlip,
  RandomRotation,
  RandomTranslation,
  RandomZoom,
} from './random-images.ts';
import type { Recurrent } from './recurrent.ts';
import type { RecurrentOptions } from './recurrent-options.ts';
import { type LayerClass, registeredClass, registerLayer } from './registry.ts';
import { ReLU } from './relu.ts';
import { RepeatVector } from './repeat-vector.ts';
import { Rescaling } from './rescaling.ts';
import { Reshape } from './reshape.ts';
import { CenterCrop, Resizing } from './resizing.ts';
import { SimpleRNN } from './simple-rnn.ts';
import { Softmax } from './softmax.ts';
import { withSpellings } from './spellings.ts';
import { StochasticDepth } from './stochastic-depth.ts';
import { ThresholdedReLU } from './thresholded-relu.ts';
import { TimeDistributed } from './time-distributed.ts';
import { UnitNormalization } from './unit-normalization.ts';
import { UpSampling1D, UpSampling2D, UpSampling3D } from './up-sampling.ts';

type Maker<C extends new (...args: never[]) => object> = (
  ...args: ConstructorParameters<C>
) => InstanceType<C>;

/** Of a class by its name in Keras, under which configurations have it. */
function maker<C extends new (...args: never[]) => object>(named: Readonly<Record<string, C>>): Maker<C> {
  const [name, kind] = Object.entries(named)[0]!;
  registerLayer(kind, { name });
  return (...args) => new kind(...(args as never[])) as InstanceType<C>;
}

/** A layer that gives a list where its options ask for one. */
type ListMaker<Options, Lists extends object, Listed, One> = {
  (options: Options & Lists): Listed;
  (options: Options): One;
};
type States = { returnState: true };
type Many = readonly Tensor[];

const makers = {
  activation: maker({ Activation }),
  add: maker({ Add }),
  additiveAttention: maker({ AdditiveAttention }),
  alphaDropout: maker({ AlphaDropout }),
  attention: maker({ Attention }),
  average: maker({ Average }),
  averagePooling1d: maker({ AveragePooling1D }),
  averagePooling2d: maker({ AveragePooling2D }),
  averagePooling3d: maker({ AveragePooling3D }),
  batchNormalization: maker({ BatchNormalization }),
  bidirectional: maker({ Bidirectional }) as ListMaker<
    BidirectionalOptions,
    { mergeMode: null } | { layer: Recurrent<Many> },
    Bidirectional<Many>,
    Bidirectional
  >,
  categoryEncoding: maker({ CategoryEncoding }),
  centerCrop: maker({ CenterCrop }),
  concatenate: maker({ Concatenate }),
  conv1d: maker({ Conv1D }),
  conv1dTranspose: maker({ Conv1DTranspose }),
  conv2d: maker({ Conv2D }),
  conv2dTranspose: maker({ Conv2DTranspose }),
  conv3d: maker({ Conv3D }),
  conv3dTranspose: maker({ Conv3DTranspose }),
  cropping1D: maker({ Cropping1D }),
  cropping2D: maker({ Cropping2D }),
  cropping3D: maker({ Cropping3D }),
  customScaleLayer: maker({ CustomScaleLayer }),
  dense: maker({ Dense }),
  depthwiseConv1d: maker({ DepthwiseConv1D }),
  depthwiseConv2d: maker({ DepthwiseConv2D }),
  discretization: maker({ Discretization }),
  dot: maker({ Dot }),
  dropout: maker({ Dropout }),
  einsumDense: maker({ EinsumDense }),
  elu: maker({ ELU }),
  embedding: maker({ Embedding }),
  flatten: maker({ Flatten }),
  gaussianDropout: maker({ GaussianDropout }),
  gaussianNoise: maker({ GaussianNoise }),
  globalAveragePooling1d: maker({ GlobalAveragePooling1D }),
  globalAveragePooling2d: maker({ GlobalAveragePooling2D }),
  globalAveragePooling3d: maker({ GlobalAveragePooling3D }),
  globalMaxPooling1d: maker({ GlobalMaxPooling1D }),
  globalMaxPooling2d: maker({ GlobalMaxPooling2D }),
  globalMaxPooling3d: maker({ GlobalMaxPooling3D }),
  groupNormalization: maker({ GroupNormalization }),
  gru: maker({ GRU }) as ListMaker<GRUOptions, States, GRU<Many>, GRU>,
  identity: maker({ Identity }),
  integerLookup: maker({ IntegerLookup }),
  layerNormalization: maker({ LayerNormalization }),
  layerScale: maker({ LayerScale }),
  leakyReLU: maker({ LeakyReLU }),
  lstm: maker({ LSTM }) as ListMaker<LSTMOptions, States, LSTM<Many>, LSTM>,
  masking: maker({ Masking }),
  maximum: maker({ Maximum }),
  maxPooling1d: maker({ MaxPooling1D }),
  maxPooling2d: maker({ MaxPooling2D }),
  maxPooling3d: maker({ MaxPooling3D }),
  minimum: maker({ Minimum }),
  multiHeadAttention: maker({ MultiHeadAttention }),
  multiply: maker({ Multiply }),
  normalization: maker({ Normalization }),
  operation: maker({ Operation }),
  permute: maker({ Permute }),
  prelu: maker({ PReLU }),
  randomBrightness: maker({ RandomBrightness }),
  randomContrast: maker({ RandomContrast }),
  randomCrop: maker({ RandomCrop }),
  randomFlip: maker({ RandomFlip }),
  randomRotation: maker({ RandomRotation }),
  randomTranslation: maker({ RandomTranslation }),
  randomZoom: maker({ RandomZoom }),
  reLU: maker({ ReLU }),
  repeatVector: maker({ RepeatVector }),
  rescaling: maker({ Rescaling }),
  reshape: maker({ Reshape }),
  resizing: maker({ Resizing }),
  rmsNormalization: maker({ RMSNormalization }),
  separableConv1d: maker({ SeparableConv1D }),
  separableConv2d: maker({ SeparableConv2D }),
  simpleRNN: maker({ SimpleRNN }) as ListMaker<RecurrentOptions, States, SimpleRNN<Many>, SimpleRNN>,
  softmax: maker({ Softmax }),
  spatialDropout1d: maker({ SpatialDropout1D }),
  spatialDropout2d: maker({ SpatialDropout2D }),
  spatialDropout3d: maker({ SpatialDropout3D }),
  stochasticDepth: maker({ StochasticDepth }),
  subtract: maker({ Subtract }),
  thresholdedReLU: maker({ ThresholdedReLU }),
  timeDistributed: maker({ TimeDistributed }),
  unitNormalization: maker({ UnitNormalization }),
  upSampling1d: maker({ UpSampling1D }),
  upSampling2d: maker({ UpSampling2D }),
  upSampling3d: maker({ UpSampling3D }),
  zeroPadding1d: maker({ ZeroPadding1D }),
  zeroPadding2d: maker({ ZeroPadding2D }),
  zeroPadding3d: maker({ ZeroPadding3D }),
};

/** By TensorFlow.js's names; Keras's, such as `conv2D`, and short ones, such as `maxPool2d`, mean the same. */
export const layers = withSpellings(makers);

/** The class of layers that configurations call `name`. Here, so that whoever asks has all of them registered. */
export function layerClass(name: string): LayerClass | undefined {
  return registeredClass(name);
}
