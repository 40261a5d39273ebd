/** `model.save` in Node: to a path as well, each file there as a whole or not at all. */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import {
  type ModelTarget,
  type SaveOptions,
  type SaveTarget,
  saveModel as save,
  writerFor,
} from '../convert/save-model.ts';
import type { Model } from '../nn/model.ts';
import { writeAtomic } from './atomic.ts';

/** As in `halftape`; a string is a path, of a file where the format is one of files, else of a folder, which is made. */
export async function saveModel(
  model: Model<never, never>,
  target: string | SaveTarget,
  options: SaveOptions = {},
): Promise<void> {
  await save(model, typeof target === 'string' ? targetAt(target, options.format) : target, options);
}

/** A path that ends in `model.json` names the folder that it is in. */
function targetAt(path: string, format: string | undefined): ModelTarget {
  const isFolder = writerFor(path, format).extension === undefined;
  const folder = !isFolder || basename(path) === 'model.json' ? dirname(path) : path;
  return {
    name: path,
    write: async (name, bytes) => {
      const whole = join(folder, name);
      await mkdir(dirname(whole), { recursive: true });
      await writeAtomic(whole, bytes);
    },
    list: async () => (isFolder ? readdir(folder) : []),
    remove: (name) => rm(join(folder, name), { force: true }),
  };
}
