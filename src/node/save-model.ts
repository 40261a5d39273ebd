/** `model.save` in Node: to a path as well, each file there as a whole or not at all. */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { ModelSource } from '../convert/load-model.ts';
import { saveGraphModel as saveGraph, type WriteGraphOptions } from '../convert/save-graph-model.ts';
import {
  type ModelTarget,
  type SaveOptions,
  type SaveTarget,
  saveModel as save,
  writerFor,
} from '../convert/save-model.ts';
import type { Model } from '../nn/model.ts';
import { writeAtomic } from './atomic.ts';
import { filesInFolder } from './folder-files.ts';

/** As in `halftape`; a string is a path, of a file where the format is one of files, else of a folder, which is made. */
export async function saveModel(
  model: Model<never, never>,
  target: string | SaveTarget,
  options: SaveOptions = {},
): Promise<void> {
  const folder = typeof target === 'string' && writerFor(target, options.format).extension === undefined;
  await save(model, typeof target === 'string' ? targetAt(target, folder) : target, options);
}

/** As in `halftape/convert`; strings are paths, the target's of a folder, which is made. */
export async function saveGraphModel(
  source: ModelSource,
  target: string | SaveTarget,
  options: WriteGraphOptions = {},
): Promise<void> {
  const from = typeof source === 'string' ? await filesInFolder(source) : source;
  await saveGraph(from, typeof target === 'string' ? targetAt(target, true) : target, options);
}

/** A path that ends in `model.json` names the folder that it is in. */
function targetAt(path: string, isFolder: boolean): ModelTarget {
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
