// Layer table: what stands before and between layers: scales, statistics of data, sizes of images.
import { at, build, type Plain } from '../reference/array.ts';
import { unary } from '../reference/elementwise.ts';
import type { LayerRow } from './row.ts';

const image = [2, 5, 4, 3];
const byChannel = (f: (x: number, channel: number) => number) => (x: Plain) =>
  build(x.shape, (index) => f(at(x, index), index.at(-1)!));

const unit = (axis: number) => (x: Plain) =>
  build(x.shape, (index) => {
    const along = (i: number) =>
      at(
        x,
        index.map((place, a) => (a === axis ? i : place)),
      );
    const squares = Array.from({ length: x.shape[axis]! }, (_, i) => along(i) ** 2);
    return at(x, index) / Math.sqrt(squares.reduce((a, b) => a + b));
  });

/** Linear between the centres of pixels, the outermost of which reach to the edges. */
const resized = (height: number, width: number) => (x: Plain) =>
  build([x.shape[0]!, height, width, x.shape[3]!], ([n, row, column, channel]) => {
    const place = (i: number, of: number, size: number) => {
      const whole = ((i + 0.5) * size) / of - 0.5;
      const low = Math.min(Math.max(Math.floor(whole), 0), size - 1);
      return {
        low,
        high: Math.min(Math.max(Math.floor(whole) + 1, 0), size - 1),
        share: whole - Math.floor(whole),
      };
    };
    const [r, c] = [place(row!, height, x.shape[1]!), place(column!, width, x.shape[2]!)];
    const value = (i: number, j: number) => at(x, [n!, i, j, channel!]);
    const line = (i: number) => value(i, c.low) * (1 - c.share) + value(i, c.high) * c.share;
    return line(r.low) * (1 - r.share) + line(r.high) * r.share;
  });

const cropped = (height: number, width: number) => (x: Plain) => {
  const [top, left] = [Math.floor((x.shape[1]! - height) / 2), Math.floor((x.shape[2]! - width) / 2)];
  return build([x.shape[0]!, height, width, x.shape[3]!], ([n, row, column, channel]) =>
    at(x, [n!, row! + top, column! + left, channel!]),
  );
};

const SCALES = [0.5, -2, 1];
const MEANS = [0.5, -0.25, 0];
const VARIANCES = [4, 0.25, 1];

export const PREPARATIONS: readonly LayerRow[] = [
  { layer: 'identity', inputs: [[3, 4]], reference: (x) => x },
  { layer: 'stochasticDepth', options: { dropPathRate: 0.5 }, inputs: [image], reference: (x) => x },
  { layer: 'thresholdedReLU', inputs: [[3, 7]], reference: unary((x) => (x > 1 ? x : 0)) },
  {
    layer: 'thresholdedReLU',
    options: { theta: -0.5 },
    inputs: [image],
    reference: unary((x) => (x > -0.5 ? x : 0)),
  },
  {
    ...{ layer: 'rescaling', options: { scale: SCALES, offset: MEANS }, inputs: [image] },
    reference: byChannel((x, channel) => x * SCALES[channel]! + MEANS[channel]!),
  },
  {
    ...{ layer: 'normalization', options: { mean: MEANS, variance: VARIANCES }, inputs: [image] },
    reference: byChannel((x, channel) => (x - MEANS[channel]!) / Math.sqrt(VARIANCES[channel]!)),
  },
  {
    ...{
      layer: 'normalization',
      options: { mean: 0.5, variance: 4, axis: null, invert: true },
      inputs: [[3, 5]],
    },
    reference: unary((x) => x * 2 + 0.5),
  },
  {
    ...{ layer: 'layerScale', options: { initValues: 1e-6, projectionDim: 3 }, inputs: [image] },
    reference: (x, gamma) => byChannel((value, channel) => value * gamma!.data[channel]!)(x!),
  },
  { layer: 'unitNormalization', inputs: [[3, 5]], terms: 5, reference: unit(1) },
  { layer: 'unitNormalization', options: { axis: 1 }, inputs: [[2, 4, 3]], terms: 4, reference: unit(1) },
  { layer: 'randomFlip', options: { mode: 'horizontal' }, inputs: [image], reference: (x) => x },
  {
    layer: 'randomRotation',
    options: { factor: 0.1, fillMode: 'reflect' },
    inputs: [image],
    reference: (x) => x,
  },
  { layer: 'randomZoom', options: { heightFactor: [-0.2, 0.2] }, inputs: [image], reference: (x) => x },
  {
    ...{ layer: 'randomTranslation', options: { heightFactor: 0.1, widthFactor: 0.2 }, inputs: [image] },
    reference: (x) => x,
  },
  { layer: 'randomContrast', options: { factor: 0.2 }, inputs: [image], reference: (x) => x },
  { layer: 'randomBrightness', options: { factor: 0.2 }, inputs: [image], reference: (x) => x },
  { layer: 'randomCrop', options: { height: 3, width: 2 }, inputs: [image], reference: cropped(3, 2) },
  { layer: 'centerCrop', options: { height: 3, width: 2 }, inputs: [image], reference: cropped(3, 2) },
  {
    layer: 'resizing',
    options: { height: 7, width: 8 },
    inputs: [image],
    terms: 4,
    reference: resized(7, 8),
  },
];
