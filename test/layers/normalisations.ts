// Layer table: normalisations by the sample's own statistics, and the products of Dot.
import { at, build, type Plain } from '../reference/array.ts';
import { groupNormalization, layerNormalization, rmsNormalization } from '../reference/normalisations.ts';
import type { LayerRow } from './row.ts';

const lengths = (x: Plain) =>
  build(x.shape.slice(0, -1), (index) => {
    const values = Array.from({ length: x.shape.at(-1)! }, (_, k) => at(x, [...index, k]));
    return Math.hypot(...values);
  });

export const NORMALISATION_LAYERS: readonly LayerRow[] = [
  {
    ...{ layer: 'layerNormalization', inputs: [[3, 4, 7]], terms: 7 },
    reference: (x, gamma, beta) => layerNormalization(x!, -1, 1e-3, gamma, beta),
  },
  {
    ...{
      layer: 'layerNormalization',
      options: { axis: [1, 2], epsilon: 0.1 },
      inputs: [[2, 3, 5]],
      terms: 15,
    },
    reference: (x, gamma, beta) => layerNormalization(x!, [1, 2], 0.1, gamma, beta),
  },
  {
    ...{ layer: 'layerNormalization', options: { center: false, scale: false }, inputs: [[3, 8]], terms: 8 },
    reference: (x) => layerNormalization(x!, -1, 1e-3),
  },
  {
    ...{ layer: 'rmsNormalization', inputs: [[3, 7]], terms: 7 },
    reference: (x, scale) => rmsNormalization(x!, -1, 1e-6, scale),
  },
  {
    ...{ layer: 'groupNormalization', options: { groups: 2 }, inputs: [[2, 3, 5, 6]], terms: 45 },
    reference: (x, gamma, beta) => groupNormalization(x!, 2, 1e-3, gamma, beta),
  },
  {
    ...{ layer: 'groupNormalization', options: { groups: -1, center: false }, inputs: [[2, 7, 3]], terms: 7 },
    reference: (x, gamma) => groupNormalization(x!, 3, 1e-3, gamma),
  },
  {
    ...{ layer: 'dot', options: { axes: 1 }, terms: 5 },
    inputs: [
      [3, 5],
      [3, 5],
    ],
    reference: (a, b) =>
      build([3, 1], ([n]) => [0, 1, 2, 3, 4].reduce((sum, k) => sum + at(a!, [n!, k]) * at(b!, [n!, k]), 0)),
  },
  {
    ...{ layer: 'dot', options: { axes: [2, 1] }, terms: 3 },
    inputs: [
      [2, 4, 3],
      [2, 3, 5],
    ],
    reference: (a, b) =>
      build([2, 4, 5], ([n, i, j]) =>
        [0, 1, 2].reduce((sum, k) => sum + at(a!, [n!, i!, k]) * at(b!, [n!, k, j!]), 0),
      ),
  },
  {
    ...{ layer: 'dot', options: { axes: -1, normalize: true }, terms: 3 },
    inputs: [
      [2, 4, 3],
      [2, 2, 3],
    ],
    reference: (a, b) => {
      const [long, wide] = [lengths(a!), lengths(b!)];
      return build([2, 4, 2], ([n, i, j]) => {
        const product = [0, 1, 2].reduce((sum, k) => sum + at(a!, [n!, i!, k]) * at(b!, [n!, j!, k]), 0);
        return product / at(long, [n!, i!]) / at(wide, [n!, j!]);
      });
    },
  },
];
