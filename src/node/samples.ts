/** `loadSamples`: samples from files, as `predict` and `fit` take them: NumPy's arrays, and pictures. */
import { readFile, stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { type NumPyArray, readNpy } from '../convert/npy.ts';
import { readNpz } from '../convert/npz.ts';
import { checkCount } from '../nn/checks.ts';
import { show } from '../values/dtype.ts';
import { ArgumentError, FormatError } from '../values/errors.ts';
import { checkOptions } from '../values/options.ts';
import { type Shape, sizeOf } from '../values/shape.ts';
import { filesInFolder } from './folder-files.ts';
import { type ImageOptions, isImage, readImages } from './images.ts';

export interface LoadSamplesOptions extends ImageOptions {
  /** What all values are multiplied by. Default 1: pictures are numbers from 0 to 255. */
  scale?: number;
  /** What is added then. Default 0. */
  offset?: number;
}

export interface LoadedSamples {
  readonly values: Float32Array | Int32Array;
  /** (n, ...). */
  readonly shape: Shape;
  /** Of a folder with a folder for each class: class numbers (n). Of a .npz: its labels. */
  readonly labels?: NumPyArray;
  /** By class number. */
  readonly classNames?: readonly string[];
}

/** What archives call their samples and labels: by hand, as Keras's data sets do, and where nothing is named. */
const NAMES = [
  ['x', 'y'],
  ['x_train', 'y_train'],
  ['arr_0', 'arr_1'],
] as const;
const OPTIONS = ['size', 'channels', 'limit', 'verbose', 'scale', 'offset'];

/**
 * Samples from a `.npy` file (the first axis counts them), from a `.npz` file (`x`, with labels `y`; or `x_train` and `y_train`, or its first two
 * arrays where they have no names), a picture, or a folder of pictures in the order of their names; folders in it are classes. Pictures are PNG or JPEG. Throws `FormatError` that says which file and where, `DataError` for pictures of several sizes, `ArgumentError`; what the
 * file system refuses, it throws.
 */
export async function loadSamples(path: string, options: LoadSamplesOptions = {}): Promise<LoadedSamples> {
  const { scale = 1, offset = 0, limit } = checked(options);
  const file = (await stat(path)).isFile();
  const extension = file ? extname(path).toLowerCase() : undefined;
  if (extension === '.npy') {
    return scaled(firstOf(path, readNpy(path, await readFile(path)), limit), scale, offset);
  }
  if (extension === '.npz') {
    const archive = await readNpz(await filesInFolder(path), basename(path));
    const [x, y] = NAMES.find(([x]) => archive.names.includes(x)) ?? [archive.names[0]!, ''];
    if (y === '' && archive.names.length > 1)
      throw new FormatError(`${path}: arrays ${archive.names.join(', ')}; call the samples x, and labels y`);
    const samples = firstOf(`${path}: ${x}`, await archive.read(x), limit);
    const labels = archive.names.includes(y)
      ? firstOf(`${path}: ${y}`, await archive.read(y), limit)
      : undefined;
    return { ...scaled(samples, scale, offset), ...(labels ? { labels } : {}) };
  }
  if (file && !isImage(path))
    throw new FormatError(
      `${path}: unknown extension '${extension}'; use .npy, .npz, .png, .jpg or a folder of pictures`,
    );
  const { values, shape, labels, classNames } = await readImages(path, options);
  return {
    ...scaled({ values, shape }, scale, offset),
    ...(labels ? { labels: { values: labels, shape: [labels.length] } } : {}),
    ...(classNames ? { classNames } : {}),
  };
}

/** Throws `ArgumentError`. */
function checked(options: LoadSamplesOptions): LoadSamplesOptions {
  checkOptions('loadSamples', options, OPTIONS);
  const { size, channels = 3, limit } = options;
  if (![1, 3, 4].includes(channels))
    throw new ArgumentError(`loadSamples: channels ${show(channels)}; use 1, 3 or 4`);
  if (size !== undefined && !(Array.isArray(size) && size.length === 2))
    throw new ArgumentError(`loadSamples: size ${show(size)}; use [rows, columns]`);
  for (const count of size ?? []) checkCount('loadSamples', 'size', count);
  if (limit !== undefined) checkCount('loadSamples', 'limit', limit);
  for (const name of ['scale', 'offset'] as const)
    if (!Number.isFinite(options[name] ?? 1))
      throw new ArgumentError(`loadSamples: ${name} ${show(options[name])}; use a finite number`);
  return options;
}

function firstOf(where: string, { values, shape }: NumPyArray, limit = shape[0]): NumPyArray {
  if (shape.length === 0 || limit === undefined)
    throw new FormatError(`${where}: one number; its first axis must count samples`);
  const count = Math.min(limit, shape[0]!);
  return { values: values.subarray(0, count * sizeOf(shape.slice(1))), shape: [count, ...shape.slice(1)] };
}

function scaled({ values, shape }: NumPyArray, scale: number, offset: number): NumPyArray {
  if (scale === 1 && offset === 0) return { values, shape };
  return { values: Float32Array.from(values, (value) => value * scale + offset), shape };
}
