/** What convolutions take: an image or a batch of them, a filter, perhaps a bias, all of one float dtype; and their checks. */
import type { Tensor } from '../autograd/tensor.ts';
import { ACTIVATIONS, type Activation } from '../kernels/gemm/problem.ts';
import { type FloatDType, list, requireDType, show } from '../values/dtype.ts';
import { ArgumentError, ShapeError } from '../values/errors.ts';
import { sameShape, showShape } from '../values/shape.ts';
import type { Pair } from '../values/window.ts';
import { type TensorLike, toTensor, toTensors } from './input.ts';
import { reshape } from './reshape.ts';

const FLOATS = ['float32', 'float16'] as const;

export interface ConvolutionOptions {
  /** Distance between the elements of the filter on the image, both ways or [down, across]. Default 1. */
  dilations?: number | Pair;
  /** A value for each channel of the result. */
  bias?: TensorLike;
  /** Applied to the result before it is stored. Default `'linear'`. */
  activation?: Activation;
  /** dtype of the result; sums are held in f32 whatever it is. Default: that of the inputs. */
  dtype?: FloatDType;
}

/** A batch of images, and the way back for what was one image by itself. */
export interface Images {
  readonly images: Tensor;
  /** A result of the batch in the rank of the input. */
  readonly back: (result: Tensor) => Tensor;
}

/** `x` of rank 4, (batch, height, width, channels), or of rank 3 as a batch of one. Throws `ShapeError`, `DtypeError`. */
export function imagesOf(where: string, x: TensorLike): Images {
  const images = toTensor(where, x);
  requireDType(where, 'x', images.dtype, FLOATS);
  if (images.rank === 4) return { images, back: (result) => result };
  if (images.rank !== 3) {
    throw new ShapeError(
      `${where}: x is ${showShape(images.shape)}; use (batch, height, width, channels), or (height, width, channels)`,
    );
  }
  return {
    images: reshape(images, [1, ...images.shape]),
    back: (result) => reshape(result, result.shape.slice(1)),
  };
}

export interface ConvolutionInputs extends Images {
  readonly filter: Tensor;
}

/** Throws unless `filter` is of rank 4, whose axes `axes` names. */
export function convolutionInputs(
  where: string,
  x: TensorLike,
  filter: TensorLike,
  axes: string,
): ConvolutionInputs {
  const [image, weights] = toTensors(where, x, filter);
  const found = imagesOf(where, image);
  if (weights.rank !== 4)
    throw new ShapeError(`${where}: filter is ${showShape(weights.shape)}; use (${axes})`);
  return { ...found, filter: weights };
}

/** `bias` as a tensor. Throws `ShapeError` unless it is one value for each of `channels`. */
export function biasOf(
  where: string,
  bias: TensorLike | undefined,
  { images }: Images,
  channels: number,
): Tensor[] {
  if (bias === undefined) return [];
  const tensor = toTensor(where, bias, images);
  if (!sameShape(tensor.shape, [channels]))
    throw new ShapeError(`${where}: bias is ${showShape(tensor.shape)}; use (${channels})`);
  return [tensor];
}

/** Throws `ArgumentError` for an activation that no epilogue knows. */
export function checkActivation(where: string, activation: Activation): void {
  if (!ACTIVATIONS.includes(activation))
    throw new ArgumentError(`${where}: unknown activation ${show(activation)}; use ${list(ACTIVATIONS)}`);
}

/** The dtype that the result is asked in. Throws `DtypeError` for what is no float. */
export function resultDType(where: string, dtype: FloatDType | undefined): FloatDType | undefined {
  if (dtype !== undefined) requireDType(where, 'the result', dtype, FLOATS);
  return dtype;
}

/** Height and width of images, or of a filter. */
export function heightAndWidth({ shape }: Tensor, first: number): Pair {
  return [shape[first]!, shape[first + 1]!];
}
