/** `stridedSlice`: elements at even steps of a tensor, with Python's rules for bounds. */
import type { Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import { show } from '../values/dtype.ts';
import { ArgumentError, ShapeError } from '../values/errors.ts';
import { checkShape, type Shape, showShape } from '../values/shape.ts';
import { cut } from './cut.ts';
import { type TensorLike, toTensor } from './input.ts';
import { reshape } from './reshape.ts';

export interface Range {
  readonly begin: number;
  readonly size: number;
  readonly step: number;
}

/** TensorFlow's, bit i of each for entry i. */
export interface SliceMasks {
  readonly begin: number;
  readonly end: number;
  readonly ellipsis: number;
  readonly newAxis: number;
  readonly shrinkAxis: number;
}

/**
 * `x[begin:end:strides, ...]` as in NumPy, for the first axes of `x`; those that are not named are whole. Negative bounds count
 * from the back, and bounds beyond an edge stop there. The masks are TensorFlow's, bit i of each for entry i: `beginMask` and
 * `endMask` leave out a bound, `ellipsisMask` marks the entry that stands for all axes not named, `newAxisMask` one that is a new
 * axis of size 1, and `shrinkAxisMask` one of which `begin` alone is taken and whose axis goes. Throws `ShapeError` where
 * nothing is left, `ArgumentError`.
 */
export function stridedSlice(
  x: TensorLike,
  begin: readonly number[],
  end: readonly number[],
  strides?: readonly number[],
  beginMask = 0,
  endMask = 0,
  ellipsisMask = 0,
  newAxisMask = 0,
  shrinkAxisMask = 0,
): Tensor {
  return tidy(() => {
    const tensor = toTensor('stridedSlice', x);
    const { shape } = tensor;
    const steps = strides ?? (Array.isArray(begin) ? begin.map(() => 1) : []);
    const masks = {
      ...{ begin: beginMask, end: endMask, ellipsis: ellipsisMask },
      ...{ newAxis: newAxisMask, shrinkAxis: shrinkAxisMask },
    };
    const { ranges, result } = stridedRanges('stridedSlice', shape, begin, end, steps, masks);
    const empty = ranges.findIndex(({ size }) => size < 1);
    if (empty >= 0) {
      throw new ShapeError(
        `stridedSlice: begin ${show(begin)}, end ${show(end)}, strides ${show(steps)} leave nothing of axis ${empty} of shape ${showShape(shape)}`,
      );
    }
    const taken = cut(tensor, {
      begin: ranges.map((range) => range.begin),
      size: ranges.map(({ size }) => size),
      steps: ranges.map(({ step }) => step),
    });
    return reshape(taken, checkShape('stridedSlice', result));
  });
}

/**
 * What `stridedSlice` takes of each axis of `shape`, which may be nothing, and the shape of the result. Throws `ArgumentError`.
 */
export function stridedRanges(
  where: string,
  shape: Shape,
  begin: readonly number[],
  end: readonly number[],
  steps: readonly number[],
  masks: SliceMasks,
): { ranges: readonly Range[]; result: readonly number[] } {
  const refuse = (rule: string): never => {
    throw new ArgumentError(
      `${where}: begin ${show(begin)}, end ${show(end)}, strides ${show(steps)}; ${rule}`,
    );
  };
  for (const list of [begin, end, steps]) {
    if (!Array.isArray(list) || list.length !== begin.length || !list.every(Number.isInteger))
      refuse('use lists of whole numbers, of equal lengths');
  }
  if (steps.includes(0)) refuse('a stride of 0 goes nowhere');
  const has = (mask: number, entry: number) => ((mask >> entry) & 1) === 1;
  const entries = [...begin.keys()];
  const ellipses = entries.filter((entry) => has(masks.ellipsis, entry)).length;
  if (ellipses > 1) refuse('ellipsisMask marks more than one entry');
  const named = entries.filter((entry) => !has(masks.newAxis, entry) && !has(masks.ellipsis, entry)).length;
  if (named > shape.length) refuse(`${named} axes for shape ${showShape(shape)}`);

  const ranges: Range[] = [];
  const result: number[] = [];
  const whole = (count: number) => {
    for (let i = 0; i < count; i++) {
      const size = shape[ranges.length]!;
      ranges.push({ begin: 0, size, step: 1 });
      result.push(size);
    }
  };
  for (const entry of entries) {
    if (has(masks.ellipsis, entry)) {
      whole(shape.length - named);
    } else if (has(masks.newAxis, entry)) {
      result.push(1);
    } else if (has(masks.shrinkAxis, entry)) {
      ranges.push(oneOf(begin[entry]!, shape[ranges.length]!));
    } else {
      const range = rangeOf(
        has(masks.begin, entry) ? undefined : begin[entry]!,
        has(masks.end, entry) ? undefined : end[entry]!,
        steps[entry]!,
        shape[ranges.length]!,
      );
      ranges.push(range);
      result.push(range.size);
    }
  }
  whole(shape.length - ranges.length);
  return { ranges, result };
}

/** Python's `slice.indices`: what `begin:end:step` takes of an axis. */
function rangeOf(begin: number | undefined, end: number | undefined, step: number, whole: number): Range {
  const [low, high] = step > 0 ? [0, whole] : [-1, whole - 1];
  const bound = (value: number) => Math.min(Math.max(value < 0 ? value + whole : value, low), high);
  const first = begin === undefined ? (step > 0 ? low : high) : bound(begin);
  const last = end === undefined ? (step > 0 ? high : low) : bound(end);
  return { begin: first, size: Math.max(0, Math.ceil((last - first) / step)), step };
}

function oneOf(index: number, whole: number): Range {
  const begin = index < 0 ? index + whole : index;
  return { begin, size: begin >= 0 && begin < whole ? 1 : 0, step: 1 };
}
