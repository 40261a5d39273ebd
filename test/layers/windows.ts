// Layer table: convolutions and pooling of steps and images.

import { distinct } from '../ops/draws.ts';
import type { Plain } from '../reference/array.ts';
import {
  avgPool,
  type ConvOptions,
  conv2d,
  conv2dTranspose,
  depthwiseConv2d,
  maxPool,
} from '../reference/convolutions.ts';
import { unary } from '../reference/elementwise.ts';
import { pad, reshape } from '../reference/movement.ts';
import { maxOf, meanOf, reduce } from '../reference/reduce.ts';
import { type LayerRow, rows } from './row.ts';

/** (n, steps, channels) as images of one row. */
const asImages = (x: Plain) => reshape(x, [x.shape[0]!, 1, ...x.shape.slice(1)]);
const asSteps = (y: Plain) => reshape(y, [y.shape[0]!, ...y.shape.slice(2)]);
const silu = unary((v) => v / (1 + Math.exp(-v)));

/** Rows of layers that choose: no two elements are equal. */
const untied = (...given: Parameters<typeof rows>) =>
  rows(...given).map((row) => ({ ...row, draws: distinct }));

function image(options: object, own: ConvOptions, inputs: LayerRow['inputs'], terms: number): LayerRow {
  return {
    ...{ layer: 'conv2d', options, inputs, terms },
    reference: (x, kernel, bias) => conv2d(x!, kernel!, { ...own, bias }),
  };
}

function series(options: object, own: ConvOptions, inputs: LayerRow['inputs'], terms: number): LayerRow {
  return {
    ...{ layer: 'conv1d', options, inputs, terms },
    reference: (x, kernel, bias) =>
      asSteps(conv2d(asImages(x!), reshape(kernel!, [1, ...kernel!.shape]), { ...own, bias })),
  };
}

const sides = (before: number, after: number) =>
  [
    [0, 0],
    [0, 0],
    [before, after],
    [0, 0],
  ] as const;

/** A filter of one row. */
const image1 = (filter: Plain) => reshape(filter, [1, ...filter.shape]);

const alongSteps = (x: Plain, convolve: (image: Plain) => Plain) => asSteps(convolve(asImages(x)));

export const WINDOWS: readonly LayerRow[] = [
  image({ filters: 5, kernelSize: 3 }, {}, [[2, 5, 7, 3]], 27),
  image(
    { filters: 4, kernelSize: [3, 2], strides: [2, 1], padding: 'same', useBias: false, activation: 'tanh' },
    { strides: [2, 1], pad: 'same', activation: 'tanh' },
    [[1, 6, 5, 4]],
    24,
  ),
  image(
    { filters: 6, kernelSize: 3, dilationRate: 2, groups: 2, padding: 'same' },
    { dilations: 2, groups: 2, pad: 'same' },
    [[1, 7, 5, 4]],
    18,
  ),
  {
    ...{ layer: 'conv2d', options: { filters: 3, kernelSize: 1, activation: 'silu' }, terms: 5 },
    inputs: [[2, 3, 4, 5]],
    reference: (x, kernel, bias) => silu(conv2d(x!, kernel!, { bias })),
  },
  series({ filters: 5, kernelSize: 3 }, {}, [[2, 9, 4]], 12),
  series(
    { filters: 3, kernelSize: 3, padding: 'causal', dilationRate: 2 },
    { dilations: [1, 2], pad: sides(4, 0) },
    [[2, 7, 3]],
    9,
  ),
  series(
    { filters: 4, kernelSize: [2], strides: 2, padding: 'same' },
    { strides: [1, 2], pad: 'same' },
    [[1, 7, 5]],
    10,
  ),
  {
    ...{
      layer: 'conv2dTranspose',
      options: { filters: 3, kernelSize: 3 },
      inputs: [[2, 3, 4, 5]],
      terms: 45,
    },
    reference: (x, kernel, bias) => plusBias(conv2dTranspose(x!, kernel!, [5, 6]), bias!),
  },
  {
    layer: 'conv2dTranspose',
    options: { filters: 4, kernelSize: [3, 2], strides: 2, padding: 'same', activation: 'tanh' },
    ...{ inputs: [[1, 3, 4, 2]], terms: 12 },
    reference: (x, kernel, bias) =>
      unary(Math.tanh)(plusBias(conv2dTranspose(x!, kernel!, [6, 8], { strides: 2, pad: 'same' }), bias!)),
  },
  {
    layer: 'conv2dTranspose',
    options: { filters: 2, kernelSize: 2, strides: [3, 2], useBias: false },
    ...{ inputs: [[1, 2, 3, 4]], terms: 16 },
    reference: (x, kernel) => conv2dTranspose(x!, kernel!, [6, 6], { strides: [3, 2] }),
  },
  {
    layer: 'conv2dTranspose',
    options: { filters: 3, kernelSize: 3, strides: 2, padding: 'same', outputPadding: 0 },
    ...{ inputs: [[2, 3, 4, 5]], terms: 45 },
    reference: (x, kernel, bias) =>
      plusBias(conv2dTranspose(x!, kernel!, [5, 7], { strides: 2, pad: 'same' }), bias!),
  },
  {
    layer: 'conv2dTranspose',
    options: { filters: 4, kernelSize: 3, strides: 3, outputPadding: [2, 1] },
    ...{ inputs: [[1, 2, 3, 2]], terms: 18 },
    reference: (x, kernel, bias) => plusBias(conv2dTranspose(x!, kernel!, [8, 10], { strides: 3 }), bias!),
  },
  {
    ...{
      layer: 'depthwiseConv2d',
      options: { kernelSize: 3, padding: 'same' },
      inputs: [[2, 5, 4, 3]],
      terms: 9,
    },
    reference: (x, kernel, bias) => depthwiseConv2d(x!, kernel!, { pad: 'same', bias }),
  },
  {
    layer: 'depthwiseConv2d',
    options: { kernelSize: [2, 3], strides: 2, depthMultiplier: 2, activation: 'sigmoid' },
    ...{ inputs: [[1, 6, 7, 2]], terms: 6 },
    reference: (x, kernel, bias) => depthwiseConv2d(x!, kernel!, { strides: 2, bias, activation: 'sigmoid' }),
  },
  {
    layer: 'separableConv2d',
    options: { filters: 5, kernelSize: 3, depthMultiplier: 2, padding: 'same' },
    ...{ inputs: [[1, 5, 4, 3]], terms: 54 },
    reference: (x, depthwise, pointwise, bias) =>
      conv2d(depthwiseConv2d(x!, depthwise!, { pad: 'same' }), pointwise!, { bias }),
  },
  {
    ...{ layer: 'conv1dTranspose', options: { filters: 3, kernelSize: 3, strides: 2, padding: 'same' } },
    ...{ inputs: [[2, 5, 4]], terms: 12 },
    reference: (x, kernel, bias) =>
      alongSteps(x!, (image) =>
        plusBias(conv2dTranspose(image, image1(kernel!), [1, 10], { strides: [1, 2], pad: 'same' }), bias!),
      ),
  },
  {
    ...{ layer: 'conv1dTranspose', options: { filters: 2, kernelSize: 3, strides: 3, outputPadding: 1 } },
    ...{ inputs: [[1, 3, 2]], terms: 6 },
    reference: (x, kernel, bias) =>
      alongSteps(x!, (image) =>
        plusBias(conv2dTranspose(image, image1(kernel!), [1, 10], { strides: [1, 3] }), bias!),
      ),
  },
  {
    ...{ layer: 'depthwiseConv1d', options: { kernelSize: 3, padding: 'same', depthMultiplier: 2 } },
    ...{ inputs: [[2, 5, 3]], terms: 3 },
    reference: (x, kernel, bias) =>
      alongSteps(x!, (image) => depthwiseConv2d(image, image1(kernel!), { pad: 'same', bias })),
  },
  {
    ...{
      layer: 'depthwiseConv1d',
      options: { kernelSize: [2], strides: 2, activation: 'tanh', useBias: false },
    },
    ...{ inputs: [[1, 7, 3]], terms: 2 },
    reference: (x, kernel) =>
      unary(Math.tanh)(
        alongSteps(x!, (image) => depthwiseConv2d(image, image1(kernel!), { strides: [1, 2] })),
      ),
  },
  {
    ...{ layer: 'separableConv1d', options: { filters: 5, kernelSize: 3, padding: 'causal' } },
    ...{ inputs: [[2, 5, 3]], terms: 9 },
    reference: (x, depthwise, pointwise, bias) =>
      alongSteps(
        pad(x!, [
          [0, 0],
          [2, 0],
          [0, 0],
        ]),
        (image) => conv2d(depthwiseConv2d(image, image1(depthwise!)), image1(pointwise!), { bias }),
      ),
  },
  ...untied('maxPooling2d', {}, (x) => maxPool(x!, [2, 2], { strides: 2 }), [[2, 4, 7, 3]]),
  ...untied(
    'maxPooling2d',
    { poolSize: [3, 2], strides: [1, 2], padding: 'same' },
    (x) => maxPool(x!, [3, 2], { strides: [1, 2], pad: 'same' }),
    [[1, 5, 4, 4]],
  ),
  ...rows('averagePooling2d', {}, (x) => avgPool(x!, [2, 2], { strides: 2 }), [[2, 4, 6, 3]]),
  ...rows(
    'averagePooling2d',
    { poolSize: 3, strides: 2, padding: 'same' },
    (x) => avgPool(x!, [3, 3], { strides: 2, pad: 'same' }),
    [[1, 5, 4, 4]],
  ),
  ...untied('maxPooling1d', {}, (x) => asSteps(maxPool(asImages(x!), [1, 2], { strides: 2 })), [[2, 7, 3]]),
  ...rows(
    'averagePooling1d',
    { poolSize: 3, strides: 1, padding: 'same' },
    (x) => asSteps(avgPool(asImages(x!), [1, 3], { strides: 1, pad: 'same' })),
    [[2, 7, 3]],
  ),
  ...rows('globalAveragePooling1d', {}, (x) => reduce(meanOf, x!, 1), [[2, 7, 3]]),
  ...rows('globalAveragePooling2d', { keepDims: true }, (x) => reduce(meanOf, x!, [1, 2], true), [
    [2, 3, 5, 3],
  ]),
  ...untied('globalMaxPooling1d', { keepDims: true }, (x) => reduce(maxOf, x!, 1, true), [[2, 7, 3]]),
  ...untied('globalMaxPooling2d', {}, (x) => reduce(maxOf, x!, [1, 2]), [[2, 3, 5, 3]]),
];

export function plusBias(y: Plain, bias: Plain): Plain {
  return { ...y, data: y.data.map((value, i) => value + bias.data[i % bias.data.length]!) };
}
