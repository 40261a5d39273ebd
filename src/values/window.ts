/** Windows that slide over images: where each one of a convolution or a pooling begins, how many there are, and their padding. */
import { list, show } from './dtype.ts';
import { ArgumentError, ShapeError } from './errors.ts';
import { showShape } from './shape.ts';

/** Down and across. */
export type Pair = readonly [down: number, across: number];
/** Of volumes. */
export type Triple = readonly [through: number, down: number, across: number];

/** Element `k` of window `o` lies at `o * strides + k * dilations - before` of the image, on each axis; outside is nothing. */
export interface Window {
  readonly image: Pair;
  readonly filter: Pair;
  readonly strides: Pair;
  readonly dilations: Pair;
  /** Padding above and to the left; what is below and to the right follows from the rest. */
  readonly before: Pair;
  /** Windows down and across. */
  readonly positions: Pair;
}

/** Padding of an image of shape (batch, height, width, channels): none before and after its first and last axis. */
export type ExplicitPadding = readonly [
  readonly [0, 0],
  readonly [top: number, bottom: number],
  readonly [left: number, right: number],
  readonly [0, 0],
];

/**
 * `'valid'`: no padding. `'same'`: as many windows as the image has whole strides, what is odd after. A number on all four
 * sides, or each side by itself.
 */
export type Padding = 'valid' | 'same' | number | ExplicitPadding;

/** One number for down and across, or both. Throws `ArgumentError` unless they are whole and at least 1. */
export function checkPair(where: string, name: string, value: unknown): Pair {
  return checkSizes(where, name, value, '[down, across]', 2) as unknown as Pair;
}

/** One number for all three ways, or each. Throws `ArgumentError` unless they are whole and at least 1. */
export function checkTriple(where: string, name: string, value: unknown): Triple {
  return checkSizes(where, name, value, '[through, down, across]', 3) as unknown as Triple;
}

function checkSizes(
  where: string,
  name: string,
  value: unknown,
  form: string,
  count: number,
): readonly number[] {
  const sizes: unknown = typeof value === 'number' ? Array<number>(count).fill(value) : value;
  const isSize = (size: unknown) => Number.isInteger(size) && (size as number) >= 1;
  if (Array.isArray(sizes) && sizes.length === count && sizes.every(isSize)) return [...sizes];
  throw new ArgumentError(`${where}: ${name} ${show(value)}; use a whole number above 0, or ${form} of them`);
}

interface Sides {
  readonly before: Pair;
  readonly after: Pair;
}

/** Padding on each side of an image of these sizes; `extents` are those of a window with what lies between its elements. */
function sidesOf(where: string, padding: unknown, image: Pair, extents: Pair, strides: Pair): Sides {
  const isCount = (count: unknown): count is number => Number.isInteger(count) && (count as number) >= 0;
  if (padding === 'valid') return { before: [0, 0], after: [0, 0] };
  if (padding === 'same') {
    const whole = ([0, 1] as const).map((axis) =>
      Math.max(0, (Math.ceil(image[axis] / strides[axis]) - 1) * strides[axis] + extents[axis] - image[axis]),
    ) as [number, number];
    const before = whole.map((count) => Math.floor(count / 2)) as [number, number];
    return { before, after: [whole[0] - before[0], whole[1] - before[1]] };
  }
  if (isCount(padding)) return { before: [padding, padding], after: [padding, padding] };
  const isSide = (side: unknown) => Array.isArray(side) && side.length === 2 && side.every(isCount);
  if (
    Array.isArray(padding) &&
    padding.length === 4 &&
    padding.every(isSide) &&
    [padding[0], padding[3]].flat().every((count) => count === 0)
  ) {
    const [, [top, bottom], [left, right]] = padding;
    return { before: [top, left], after: [bottom, right] };
  }
  throw new ArgumentError(
    `${where}: pad ${show(padding)}; use ${list(['same', 'valid'])}, a whole number, or [[0, 0], [top, bottom], [left, right], [0, 0]]`,
  );
}

/** The windows of `filter` over `image`. Throws `ArgumentError` for what no window has, `ShapeError` where none fits. */
export function windowOf(
  where: string,
  image: Pair,
  filter: Pair,
  options: { readonly strides?: unknown; readonly dilations?: unknown; readonly pad?: unknown },
): Window {
  const strides = checkPair(where, 'strides', options.strides ?? 1);
  const dilations = checkPair(where, 'dilations', options.dilations ?? 1);
  const extents: Pair = [(filter[0] - 1) * dilations[0] + 1, (filter[1] - 1) * dilations[1] + 1];
  const { before, after } = sidesOf(where, options.pad ?? 'valid', image, extents, strides);
  const positions = ([0, 1] as const).map(
    (axis) => Math.floor((image[axis] + before[axis] + after[axis] - extents[axis]) / strides[axis]) + 1,
  ) as [number, number];
  if (positions.some((count) => count < 1)) {
    throw new ShapeError(
      `${where}: a window of ${showShape(extents)} does not fit an image of ${showShape(image)} with ${showShape(before)} before and ${showShape(after)} after it`,
    );
  }
  return { image, filter, strides, dilations, before, positions };
}

/** How many windows there are along each axis of an image or a volume. Throws as `windowOf`. */
export function positionsOf(
  where: string,
  sizes: readonly number[],
  filter: readonly number[],
  { strides, dilations, pad }: { strides: readonly number[]; dilations: readonly number[]; pad: unknown },
): readonly number[] {
  const along = (from: number, to: number) => {
    // One axis is an image of one column.
    const own = (all: readonly number[]) => [...all.slice(from, to), 1].slice(0, 2) as unknown as Pair;
    const options = { strides: own(strides), dilations: own(dilations), pad };
    return windowOf(where, own(sizes), own(filter), options).positions.slice(0, to - from);
  };
  return sizes.length === 3 ? [...along(0, 1), ...along(1, 3)] : along(0, 2);
}

/** The windows of the upstream gradient that the gradient by the image slides over it, strides being 1. */
export function turned({ image, filter, dilations, before, positions, strides }: Window): Window {
  const padding = ([0, 1] as const).map((axis) => (filter[axis] - 1) * dilations[axis] - before[axis]);
  return {
    ...{ image: positions, filter, strides, dilations, positions: image },
    before: padding as [number, number],
  };
}
