/** Pictures in files: one, or all of a folder, as float32 samples; and pictures written as PNG. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';
import type { Tensor } from '../autograd/tensor.ts';
import {
  type Channels,
  MOST_PIXELS,
  numbersOfPixels,
  type Pixels,
  pixelsOfNumbers,
  resized,
} from '../convert/pixels.ts';
import { readPng, writePng } from '../convert/png.ts';
import { createProgress } from '../nn/progress.ts';
import { DataError, FormatError, ShapeError } from '../values/errors.ts';
import { type Shape, showShape, sizeOf } from '../values/shape.ts';
import { writeAtomic } from './atomic.ts';
import { readJpeg } from './jpeg.ts';

export interface ImageOptions {
  /** Rows and columns that every picture is resized to. Default: as they are, which must then be the same for all. */
  size?: readonly [rows: number, columns: number];
  /** Grey, RGB or RGBA. Default 3. */
  channels?: Channels;
  /** No more pictures than these: of classes in turn, else the first ones. Default: all. */
  limit?: number;
  /** 0 is silent. Default 1. */
  verbose?: 0 | 1;
}

export interface Images {
  /** Numbers from 0 to 255. */
  readonly values: Float32Array;
  /** (n, rows, columns, channels). */
  readonly shape: Shape;
  /** Their files, relative to the folder. */
  readonly names: readonly string[];
  /** Of folders with a folder for each class: the classes in the order of their names, and the class of each picture. */
  readonly classNames?: readonly string[];
  readonly labels?: Int32Array;
}

const READERS: Readonly<Record<string, (where: string, file: Uint8Array) => Pixels | Promise<Pixels>>> = {
  ...{ '.png': readPng, '.jpg': readJpeg, '.jpeg': readJpeg },
};

/** Whether a file's name is that of a picture that can be read. */
export function isImage(path: string): boolean {
  return extname(path).toLowerCase() in READERS;
}

/** The pictures at `path`, a file or a folder. Throws `FormatError`, `DataError`, and what the file system refuses. */
export async function readImages(path: string, options: ImageOptions = {}): Promise<Images> {
  const { size, channels = 3, verbose = 1 } = options;
  const single = !(await stat(path)).isDirectory();
  const { names, classNames, labels } = single
    ? { names: [''], classNames: undefined, labels: undefined }
    : chosen(path, await namesIn(path), options.limit);
  const progress = verbose && names.length > 1 ? createProgress() : undefined;
  progress?.start('Reading pictures', names.length);
  let values: Float32Array | undefined;
  let sample: Shape = [];
  try {
    for (const [index, name] of names.entries()) {
      const file = join(path, name);
      const pixels = await READERS[extname(file).toLowerCase()]!(file, await readFile(file));
      const own = size ?? [pixels.height, pixels.width];
      if (!values) {
        sample = [...own, channels];
        if (sizeOf(sample) * names.length > MOST_PIXELS * 16)
          throw new DataError(
            `${path}: ${names.length} pictures of ${showShape(sample)} are too much memory; choose a limit or a size`,
          );
        values = new Float32Array(sizeOf(sample) * names.length);
      }
      if (own[0] !== sample[0] || own[1] !== sample[1])
        throw new DataError(
          `${file}: ${own[1]} x ${own[0]} pixels, ${join(path, names[0]!)} ${sample[1]} x ${sample[0]}; choose a size that all are resized to`,
        );
      const numbers = numbersOfPixels(pixels, channels);
      const { height, width } = pixels;
      values.set(resized(numbers, [height, width, channels], own), index * sizeOf(sample));
      progress?.step({ done: index + 1, total: names.length, numbers: {} });
    }
    progress?.end({ pictures: names.length });
  } finally {
    progress?.stop();
  }
  return {
    ...{ values: values!, shape: [names.length, ...sample], names },
    ...(classNames ? { classNames, labels } : {}),
  };
}

/** Pictures anywhere in a folder, by the order of their code units. Throws `FormatError` where there are none. */
async function namesIn(path: string): Promise<string[]> {
  const all = await readdir(path, { recursive: true });
  const names = all.filter((name) => isImage(name) && !name.split(sep).some((part) => part.startsWith('.')));
  if (names.length === 0) throw new FormatError(`${path}: no pictures in this folder; use .png or .jpg`);
  return names.sort((a, b) => (a < b ? -1 : 1));
}

/** Folders in the folder are classes. */
function chosen(path: string, names: readonly string[], limit = names.length) {
  const classes = names.map((name) => (name.includes(sep) ? name.slice(0, name.indexOf(sep)) : undefined));
  const classNames = [...new Set(classes)];
  if (classNames.length === 1 && classNames[0] === undefined) return { names: names.slice(0, limit) };
  const stray = classes.indexOf(undefined);
  if (stray >= 0)
    throw new FormatError(
      `${join(path, names[stray]!)}: a picture beside folders; use one folder for each class`,
    );
  const numbers = classes.map((name) => classNames.indexOf(name));
  // The first of each class, then the second of each, ...
  const seen = classNames.map(() => 0);
  const rank = numbers.map((number) => seen[number]!++);
  const kept = [...names.keys()]
    .sort((a, b) => rank[a]! - rank[b]! || a - b)
    .slice(0, limit)
    .sort((a, b) => a - b);
  return {
    names: kept.map((index) => names[index]!),
    classNames: classNames as string[],
    labels: Int32Array.from(kept, (index) => numbers[index]!),
  };
}

/**
 * Writes numbers from 0 to 255 of shape (rows, columns, channels), or (1, rows, columns, channels), as a PNG of 8 bits: rounded, and cut off
 * where they leave the range. 1 to 4 channels: grey, grey and alpha, RGB, RGBA. The file is there as a whole or as it was. Throws `ShapeError`;
 * what the file system refuses, it throws.
 */
export async function saveImage(
  image: Tensor | { readonly values: ArrayLike<number>; readonly shape: Shape },
  path: string,
): Promise<void> {
  const values = 'data' in image ? await image.data() : image.values;
  const shape = image.shape.length === 4 && image.shape[0] === 1 ? image.shape.slice(1) : image.shape;
  if (shape.length !== 3 || shape[2]! > 4 || sizeOf(shape) !== values.length || values.length === 0)
    throw new ShapeError(
      `saveImage: ${values.length} values of shape ${showShape(image.shape)}; use (rows, columns, channels) of 1 to 4 channels`,
    );
  await writeAtomic(path, [await writePng(pixelsOfNumbers(values, shape))]);
}
