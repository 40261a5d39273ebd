/** Samples and labels that a command trains on: from one file, from two, or from a folder with a folder for each class. */
import { extname } from 'node:path';
import type { NumPyArray } from '../convert/npy.ts';
import { ArgumentError, loadSamples, type Model } from '../node.ts';
import { RandomStream } from '../values/random.ts';
import { sizeOf } from '../values/shape.ts';
import { type SampleFlags, samplesFor } from './samples.ts';

export interface DataFlags extends SampleFlags {
  data: string;
  labels?: string;
  validationSplit?: number;
}

export interface TrainingData {
  readonly x: NumPyArray;
  readonly y: NumPyArray;
  /** Of folders: by class number. */
  readonly classNames: readonly string[] | undefined;
}

/** Throws `ArgumentError` where labels are missing, `FormatError` for broken files. */
export async function trainingData(model: Model, flags: DataFlags): Promise<TrainingData> {
  const { data, labels: path } = flags;
  const { values, shape, labels, classNames } = await samplesFor(model, data, flags);
  const y = path === undefined ? labels : await labelsAt(path, flags);
  if (!y)
    throw new ArgumentError(
      `${data}: no labels in it; give --labels, a .npz with x and y, or a folder with a folder for each class`,
    );
  if (y.shape[0] !== shape[0])
    throw new ArgumentError(
      `${path ?? data}: ${y.shape[0]} labels for ${shape[0]} samples; use as many of both`,
    );
  const x = { values, shape };
  const names = path === undefined ? classNames : undefined;
  if (!flags.validationSplit) return { x, y, classNames: names };
  // Validation gets the last ones: of sorted classes that would be one class.
  const order = new RandomStream(1, 1).permutation(shape[0]!);
  return { x: inOrder(x, order), y: inOrder(y, order), classNames: names };
}

/** Numbers as they are; pictures as the samples are. */
async function labelsAt(path: string, { scale = 1, offset = 0, limit }: DataFlags): Promise<NumPyArray> {
  const numbers = extname(path) === '.npy';
  return loadSamples(path, {
    ...(numbers ? {} : { scale, offset }),
    ...(limit === undefined ? {} : { limit }),
  });
}

function inOrder({ values, shape }: NumPyArray, order: Uint32Array): NumPyArray {
  const stride = sizeOf(shape.slice(1));
  const sorted = values.slice();
  for (const [to, from] of order.entries())
    sorted.set(values.subarray(from * stride, (from + 1) * stride), to * stride);
  return { values: sorted, shape };
}

/** Class numbers (n) or (n, 1) as rows of 0 and one 1. */
export function oneHotOf({ values, shape }: NumPyArray, classes: number): NumPyArray {
  const rows = new Float32Array(shape[0]! * classes);
  for (const [row, number] of values.entries()) rows[row * classes + number] = 1;
  return { values: rows, shape: [shape[0]!, classes] };
}
