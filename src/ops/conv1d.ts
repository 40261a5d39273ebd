/** `conv1d`: convolution along one axis, as `conv2d` on images one pixel high. */
import type { Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import type { Activation } from '../kernels/gemm/problem.ts';
import { type FloatDType, show } from '../values/dtype.ts';
import { ArgumentError, ShapeError } from '../values/errors.ts';
import { checkOptions } from '../values/options.ts';
import { showShape } from '../values/shape.ts';
import type { Padding } from '../values/window.ts';
import { conv2d } from './conv2d.ts';
import { type TensorLike, toTensors } from './input.ts';
import { reshape } from './reshape.ts';

/** As of `conv2d`; a number on both sides, or each side by itself. */
export type Padding1d = 'valid' | 'same' | number | readonly [before: number, after: number];

export interface Conv1dOptions {
  /** Distance between the elements of the filter. Default 1. */
  dilation?: number;
  /** Groups of channels that are convolved apart from each other. Default 1. */
  groups?: number;
  /** A value for each channel of the result. */
  bias?: TensorLike;
  /** Applied to the result before it is stored. Default `'linear'`. */
  activation?: Activation;
  /** dtype of the result; sums are held in f32 whatever it is. Default: that of the inputs. */
  dtype?: FloatDType;
}

/**
 * `x` (batch, width, channels), or (width, channels), with `filter` (width, channels / groups, filters): (batch, columns,
 * filters). Throws `ShapeError`, `DtypeError`, `ArgumentError`.
 */
export function conv1d(
  x: TensorLike,
  filter: TensorLike,
  stride = 1,
  pad: Padding1d = 'valid',
  options: Conv1dOptions = {},
): Tensor {
  checkOptions('conv1d', options, ['dilation', 'groups', 'bias', 'activation', 'dtype']);
  const { dilation = 1, ...rest } = options;
  for (const [name, value] of Object.entries({ stride, dilation })) {
    if (!Number.isInteger(value) || value < 1)
      throw new ArgumentError(`conv1d: ${name} ${show(value)}; use a whole number above 0`);
  }
  return tidy(() => {
    const [row, weights] = toTensors('conv1d', x, filter);
    if (row.rank !== 2 && row.rank !== 3) {
      throw new ShapeError(
        `conv1d: x is ${showShape(row.shape)}; use (batch, width, channels), or (width, channels)`,
      );
    }
    if (weights.rank !== 3)
      throw new ShapeError(`conv1d: filter is ${showShape(weights.shape)}; use (width, channels, filters)`);
    const lead = row.shape.slice(0, -2);
    const images = reshape(row, [...lead, 1, ...row.shape.slice(-2)]);
    const y = conv2d(images, reshape(weights, [1, ...weights.shape]), [1, stride], across(pad), {
      ...rest,
      dilations: [1, dilation],
    });
    return reshape(y, [...lead, ...y.shape.slice(-2)]);
  });
}

function across(pad: Padding1d): Padding {
  if (typeof pad === 'string') return pad;
  const sides = typeof pad === 'number' ? ([pad, pad] as const) : pad;
  const isCount = (count: unknown) => Number.isInteger(count) && (count as number) >= 0;
  if (!Array.isArray(sides) || sides.length !== 2 || !sides.every(isCount))
    throw new ArgumentError(
      `conv1d: pad ${show(pad)}; use 'same', 'valid', a whole number, or [before, after]`,
    );
  return [
    [0, 0],
    [0, 0],
    [sides[0], sides[1]],
    [0, 0],
  ];
}
