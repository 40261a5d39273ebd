// Layer table: elements in other places.
import { at, build, type Plain } from '../reference/array.ts';
import { pad, reshape, slice, transpose } from '../reference/movement.ts';
import { type LayerRow, rows } from './row.ts';

const image = [[2, 5, 4, 3]] as const;

/** Each element from `from` of its index. */
export const picked = (x: Plain, shape: readonly number[], from: (index: readonly number[]) => number[]) =>
  build(shape, (index) => at(x, from(index)));

/** Between neighbours, elements being squares: what UpSampling2D interpolates. */
function bilinear(x: Plain, factor: number): Plain {
  const [n, h, w, c] = x.shape as [number, number, number, number];
  const place = (i: number, size: number) => {
    const p = Math.min(Math.max((i + 0.5) / factor - 0.5, 0), size - 1);
    return { low: Math.floor(p), high: Math.min(Math.floor(p) + 1, size - 1), share: p - Math.floor(p) };
  };
  return build([n, h * factor, w * factor, c], ([b, i, j, k]) => {
    const [r, s] = [place(i!, h), place(j!, w)];
    const value = (y: number, z: number) => at(x, [b!, y, z, k!]);
    const top = value(r.low, s.low) * (1 - s.share) + value(r.low, s.high) * s.share;
    const bottom = value(r.high, s.low) * (1 - s.share) + value(r.high, s.high) * s.share;
    return top * (1 - r.share) + bottom * r.share;
  });
}

export const PLACES: readonly LayerRow[] = [
  ...rows(
    'reshape',
    { targetShape: [-1, 2] },
    (x) => reshape(x!, [x!.shape[0]!, x!.data.length / x!.shape[0]! / 2, 2]),
    [
      [3, 8],
      [1, 7, 2],
    ],
  ),
  ...rows('permute', { dims: [2, 1] }, (x) => transpose(x!, [0, 2, 1]), [
    [2, 3, 5],
    [1, 33, 7],
  ]),
  ...rows('permute', { dims: [3, 1, 2] }, (x) => transpose(x!, [0, 3, 1, 2]), image),
  ...rows(
    'repeatVector',
    { n: 3 },
    (x) => picked(x!, [x!.shape[0]!, 3, x!.shape[1]!], ([i, , k]) => [i!, k!]),
    [
      [2, 7],
      [33, 1],
    ],
  ),
  ...rows('flatten', {}, (x) => reshape(x!, [2, 60]), image),
  ...rows(
    'zeroPadding1d',
    {},
    (x) =>
      pad(x!, [
        [0, 0],
        [1, 1],
        [0, 0],
      ]),
    [[2, 3, 5]],
  ),
  ...rows(
    'zeroPadding1d',
    { padding: [2, 0] },
    (x) =>
      pad(x!, [
        [0, 0],
        [2, 0],
        [0, 0],
      ]),
    [[2, 3, 5]],
  ),
  ...rows(
    'zeroPadding2d',
    {},
    (x) =>
      pad(x!, [
        [0, 0],
        [1, 1],
        [1, 1],
        [0, 0],
      ]),
    image,
  ),
  ...rows(
    'zeroPadding2d',
    { padding: [2, 1] },
    (x) =>
      pad(x!, [
        [0, 0],
        [2, 2],
        [1, 1],
        [0, 0],
      ]),
    image,
  ),
  ...rows(
    'zeroPadding2d',
    {
      padding: [
        [0, 1],
        [3, 2],
      ],
    },
    (x) =>
      pad(x!, [
        [0, 0],
        [0, 1],
        [3, 2],
        [0, 0],
      ]),
    image,
  ),
  ...rows('cropping1D', {}, (x) => slice(x!, [0, 1, 0], [2, 1, 5]), [[2, 3, 5]]),
  ...rows(
    'cropping2D',
    {
      cropping: [
        [1, 2],
        [0, 1],
      ],
    },
    (x) => slice(x!, [0, 1, 0, 0], [2, 2, 3, 3]),
    image,
  ),
  ...rows(
    'upSampling1d',
    { size: 3 },
    (x) => picked(x!, [2, 9, 5], ([i, j, k]) => [i!, Math.floor(j! / 3), k!]),
    [[2, 3, 5]],
  ),
  ...rows(
    'upSampling2d',
    {},
    (x) => picked(x!, [2, 10, 8, 3], ([i, j, k, l]) => [i!, j! >> 1, k! >> 1, l!]),
    image,
  ),
  ...rows(
    'upSampling2d',
    { size: [3, 1] },
    (x) => picked(x!, [2, 15, 4, 3], ([i, j, k, l]) => [i!, Math.floor(j! / 3), k!, l!]),
    image,
  ),
  ...rows('upSampling2d', { interpolation: 'bilinear' }, (x) => bilinear(x!, 2), image),
];
