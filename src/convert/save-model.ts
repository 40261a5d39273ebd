/** `saveModel`: a model as files of a format, in the order in which a half-written one never passes for whole. */
import type { Model } from '../nn/model.ts';
import { setSave } from '../nn/saving.ts';
import { list, show } from '../values/dtype.ts';
import { ArgumentError } from '../values/errors.ts';
import { checkOptions } from '../values/options.ts';
import type { FormatWriter, WriteOptions, WrittenFile } from './format.ts';
import { FORMATS } from './formats.ts';

export interface SaveOptions extends WriteOptions {
  /** `'tfjs'`: a folder with `model.json`. Default: by how the target's name ends, a folder where it ends like no file. */
  readonly format?: string;
}

/** Where files go. What is written last makes the others a model. */
export interface ModelTarget {
  /** What messages call it, and by whose end the format is known. */
  readonly name: string;
  /** Puts a file in place as a whole. */
  write(path: string, bytes: readonly Uint8Array[]): Promise<void>;
  /** Names of the files that there are, for what an earlier model left; without it all stay. */
  list?(): Promise<readonly string[]>;
  remove?(path: string): Promise<void>;
}

setSave(saveModel);

const OPTIONS = ['format', 'halfWeights', 'includeOptimizer'];

/** Files by their names, or what takes them one by one. */
export type SaveTarget = Map<string, Uint8Array> | ModelTarget;

/**
 * Writes the model; what was there before stays whole until the last file is in place. Throws `ArgumentError`, before it writes, for what
 * the format cannot hold.
 */
export async function saveModel(
  model: Model<never, never>,
  target: SaveTarget,
  options: SaveOptions = {},
): Promise<void> {
  checkOptions('save', options, OPTIONS);
  const to = targetFrom(target);
  const writer = writerFor(to.name, options.format);
  const main = to.name.split(/[\\/]/).at(-1)!;
  const whole = model as unknown as Model;
  whole.build();
  await writeFiles(to, writer.write(whole, options, main), writer.isPart);
}

/** Writes the files in order; then removes what an earlier model left of those that `isPart` knows. */
export async function writeFiles(
  to: ModelTarget,
  files: AsyncIterable<WrittenFile>,
  isPart: (path: string) => boolean = () => false,
): Promise<void> {
  const written = new Set<string>();
  for await (const { path, bytes } of files) {
    await to.write(path, bytes);
    written.add(path);
  }
  for (const path of (await to.list?.()) ?? [])
    if (isPart(path) && !written.has(path)) await to.remove?.(path);
}

/** Throws `ArgumentError` for what takes no files. */
export function targetFrom(target: SaveTarget): ModelTarget {
  const to = target instanceof Map ? targetIn(target) : target;
  if (typeof to?.write === 'function') return to;
  throw new ArgumentError(
    `save: ${show(target)}; use a Map, an object with write(path, bytes), or in Node a path`,
  );
}

/** The writer of a format that is named, else of the extension. Throws `ArgumentError`. */
export function writerFor(name: string, format: string | undefined): FormatWriter {
  const writers = FORMATS.flatMap(({ writer }) => writer ?? []);
  const found =
    format === undefined
      ? (writers.find(({ extension }) => extension !== undefined && name.endsWith(extension)) ??
        writers.find(({ extension }) => extension === undefined))
      : writers.find(({ key }) => key === format);
  if (found) return found;
  throw new ArgumentError(`save: unknown format ${show(format)}; use ${list(writers.map(({ key }) => key))}`);
}

function targetIn(files: Map<string, Uint8Array>): ModelTarget {
  return {
    name: '',
    write: async (path, bytes) => {
      const whole = new Uint8Array(bytes.reduce((sum, part) => sum + part.length, 0));
      let at = 0;
      for (const part of bytes) {
        whole.set(part, at);
        at += part.length;
      }
      files.set(path, whole);
    },
    list: async () => [...files.keys()],
    remove: async (path) => {
      files.delete(path);
    },
  };
}
