// Inputs for tests: repeatable random numbers, drawn so that no input lies on a kink of the function under test.
import type { DType } from '../../src/values/dtype.ts';
import { sizeOf } from '../reference/array.ts';

/** A number in [0, 1). */
export type Random = () => number;

export interface Draw {
  /** The input's dtype where it is not that of the run. */
  readonly dtype?: DType;
  /** As many numbers as the shape has elements; `position` is the input's place among the op's inputs. */
  draw(random: Random, shape: readonly number[], position: number): number[];
}

/** Repeatable random numbers for a test of this name (mulberry32, seeded by FNV-1a). */
export function randomOf(name: string): Random {
  let state = [...name].reduce(
    (hash, letter) => Math.imul(hash ^ letter.charCodeAt(0), 0x01000193),
    0x811c9dc5,
  );
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function each(element: (random: Random, position: number) => number): Draw['draw'] {
  return (random, shape, position) => Array.from({ length: sizeOf(shape) }, () => element(random, position));
}

export function uniform(low: number, high: number): Draw {
  return { draw: each((random) => low + (high - low) * random()) };
}

/** Multiples of 1/64 and a part of it that differs by input: never 0, never equal between two inputs, exact as halves. */
export function steps(low: number, high: number): Draw {
  return {
    draw: each(
      (random, position) => (Math.floor(64 * (low + (high - low) * random())) + (position + 1) / 4) / 64,
    ),
  };
}

/** Whole numbers around 0 in random order, none twice; exact as halves up to 4096 elements. */
export const distinct: Draw = {
  draw(random, shape) {
    const size = sizeOf(shape);
    const keys = Array.from({ length: size }, (_, index) => ({ index, key: random() }));
    return keys.sort((a, b) => a.key - b.key).map(({ index }) => index - Math.floor(size / 2));
  },
};

/** Whole numbers from low to high, of this dtype or of the run's. */
export function integers(low: number, high: number, dtype?: DType): Draw {
  return { ...(dtype && { dtype }), draw: each((random) => low + Math.floor((high - low + 1) * random())) };
}

/** Weights of at least 0 whose sum over the last axis is near 1, always float32. */
export const weights: Draw = {
  dtype: 'float32',
  draw: (random, shape) => Array.from({ length: sizeOf(shape) }, () => (2 * random()) / shape.at(-1)!),
};
