// Layer table: several inputs.
import { at, build } from '../reference/array.ts';
import { binary } from '../reference/elementwise.ts';
import { reshape } from '../reference/movement.ts';
import type { LayerRow } from './row.ts';

const pairs = [
  [2, 3, 5],
  [2, 3, 5],
] as const;

export const MERGES: readonly LayerRow[] = [
  { layer: 'add', inputs: pairs, reference: binary((a, b) => a + b) },
  {
    layer: 'add',
    inputs: [
      [2, 3, 5],
      [2, 5],
    ],
    reference: (a, b) => binary((p, q) => p + q)(a!, reshape(b!, [2, 1, 5])),
  },
  {
    layer: 'add',
    inputs: [...pairs, [2, 1, 5]],
    reference: (a, b, c) => binary((p, q) => p + q)(binary((p, q) => p + q)(a!, b!), c!),
  },
  { layer: 'subtract', inputs: pairs, reference: binary((a, b) => a - b) },
  { layer: 'multiply', inputs: pairs, reference: binary((a, b) => a * b) },
  {
    ...{ layer: 'customScaleLayer', options: { scale: 0.25 }, inputs: pairs },
    reference: binary((a, b) => a + 0.25 * b),
  },
  { layer: 'average', inputs: pairs, reference: binary((a, b) => (a + b) / 2) },
  { layer: 'maximum', inputs: pairs, reference: binary(Math.max) },
  { layer: 'minimum', inputs: pairs, reference: binary(Math.min) },
  {
    ...{
      layer: 'concatenate',
      inputs: [
        [2, 3],
        [2, 1],
        [2, 7],
      ],
    },
    reference: (a, b, c) =>
      build([2, 11], ([i, j]) =>
        j! < 3 ? at(a!, [i!, j!]) : j! < 4 ? at(b!, [i!, 0]) : at(c!, [i!, j! - 4]),
      ),
  },
  {
    ...{
      layer: 'concatenate',
      options: { axis: 1 },
      inputs: [
        [2, 3, 5],
        [2, 2, 5],
      ],
    },
    reference: (a, b) =>
      build([2, 5, 5], ([i, j, k]) => (j! < 3 ? at(a!, [i!, j!, k!]) : at(b!, [i!, j! - 3, k!]))),
  },
];
