/** Layers as functions, the way TensorFlow.js makes them. */
import { Activation } from './activation.ts';
import { Concatenate } from './concatenate.ts';
import { Dense } from './dense.ts';
import { Dropout, SpatialDropout1D, SpatialDropout2D } from './dropout.ts';
import { ELU } from './elu.ts';
import { Flatten } from './flatten.ts';
import { GaussianDropout, GaussianNoise } from './gaussian.ts';
import { LeakyReLU } from './leaky-relu.ts';
import { Cropping1D, Cropping2D, ZeroPadding1D, ZeroPadding2D } from './margins.ts';
import { Masking } from './masking.ts';
import { Add, Average, Maximum, Minimum, Multiply, Subtract } from './merge.ts';
import { Permute } from './permute.ts';
import { PReLU } from './prelu.ts';
import { ReLU } from './relu.ts';
import { RepeatVector } from './repeat-vector.ts';
import { Rescaling } from './rescaling.ts';
import { Reshape } from './reshape.ts';
import { Softmax } from './softmax.ts';
import { TimeDistributed } from './time-distributed.ts';
import { UpSampling1D, UpSampling2D } from './up-sampling.ts';

type Maker<C extends new (...args: never[]) => object> = (
  ...args: ConstructorParameters<C>
) => InstanceType<C>;

function maker<C extends new (...args: never[]) => object>(kind: C): Maker<C> {
  return (...args) => new kind(...(args as never[])) as InstanceType<C>;
}

export const layers = {
  activation: maker(Activation),
  add: maker(Add),
  average: maker(Average),
  concatenate: maker(Concatenate),
  cropping1D: maker(Cropping1D),
  cropping2D: maker(Cropping2D),
  dense: maker(Dense),
  dropout: maker(Dropout),
  elu: maker(ELU),
  flatten: maker(Flatten),
  gaussianDropout: maker(GaussianDropout),
  gaussianNoise: maker(GaussianNoise),
  leakyReLU: maker(LeakyReLU),
  masking: maker(Masking),
  maximum: maker(Maximum),
  minimum: maker(Minimum),
  multiply: maker(Multiply),
  permute: maker(Permute),
  prelu: maker(PReLU),
  reLU: maker(ReLU),
  repeatVector: maker(RepeatVector),
  rescaling: maker(Rescaling),
  reshape: maker(Reshape),
  softmax: maker(Softmax),
  spatialDropout1D: maker(SpatialDropout1D),
  spatialDropout2D: maker(SpatialDropout2D),
  subtract: maker(Subtract),
  timeDistributed: maker(TimeDistributed),
  upSampling1D: maker(UpSampling1D),
  upSampling2D: maker(UpSampling2D),
  zeroPadding1D: maker(ZeroPadding1D),
  zeroPadding2D: maker(ZeroPadding2D),
};
