/** Where commands write models: looked at before there is work that could be lost. */
import { mkdtemp, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { filesInMemory } from '../convert/files.ts';
import { GraphModel } from '../convert/graph/graph-model.ts';
import type { Trained } from '../convert/layer-calls.ts';
import { type ModelTarget, writerFor } from '../convert/save-model.ts';
import { filesInFolder } from '../node/folder-files.ts';
import {
  ArgumentError,
  type Engine,
  loadGraphModel,
  loadModel,
  Model,
  saveGraphModel,
  saveModel,
} from '../node.ts';

/** Throws `ArgumentError` for a format that is none, and a path that cannot be written. */
export async function checkOutput(path: string, format: string | undefined): Promise<void> {
  const { extension } = writerFor(path, format);
  const found = await stat(path).catch(() => undefined);
  if (found && extension !== undefined && found.isDirectory())
    throw new ArgumentError(`${path}: a folder; this format is one file, such as model${extension}`);
  if (found?.isFile() && extension === undefined && basename(path) !== 'model.json')
    throw new ArgumentError(`${path}: a file; this format is a folder of several`);
  await checkWritable(path);
}

/** Throws `ArgumentError` unless a file or folder can be made at `path`. */
export async function checkWritable(path: string): Promise<void> {
  for (let place = resolve(path); ; place = dirname(place)) {
    const found = await stat(place).catch(() => undefined);
    if (!found) continue;
    const folder = found.isDirectory() ? place : dirname(place);
    try {
      // Rights alone do not tell: some file systems take no files.
      await rmdir(await mkdtemp(join(folder, '.halftape-')));
    } catch (cause) {
      throw new ArgumentError(`${path}: nothing can be written in ${folder}`, { cause });
    }
    if (found.isDirectory() || place === resolve(path)) return;
    throw new ArgumentError(`${path}: ${place} is a file, no folder`);
  }
}

/** What is written, and where. */
export interface Output {
  readonly path: string;
  /** As `save` is told it. */
  readonly format: string;
  readonly halfWeights: boolean;
}

/** Writes the model; of a graph-model the files at `source` again, with the model's rules. */
export async function writeModel(
  model: Trained,
  source: string,
  { path, format, halfWeights }: Output,
  target: string | ModelTarget = path,
): Promise<void> {
  if (model instanceof Model) await saveModel(model as never, target, { format, halfWeights });
  else await saveGraphModel(source, target, { halfWeights, autocast: model.autocast });
}

/** The model as a file holds it, written to memory and read back: with the weights, the policies and the rules that it has there. */
export async function readBack(
  model: Trained,
  source: string,
  output: Output,
  engine: Engine,
): Promise<Trained> {
  const files = new Map<string, Uint8Array>();
  const target: ModelTarget = {
    name: basename(output.path),
    write: async (name, bytes) => {
      files.set(name, Buffer.concat(bytes));
    },
  };
  await writeModel(model, source, output, target);
  const held = filesInMemory(files);
  if (model instanceof GraphModel) return loadGraphModel(held, { engine });
  return (await loadModel(held, { engine, compile: false })) as unknown as Model;
}

/** `444,150 bytes`. */
export async function sizeOfFiles(path: string): Promise<string> {
  return `${(await bytesAt(path)).toLocaleString('en-US')} bytes`;
}

/** Bytes of the file, or of all files of the folder, at `path`. */
async function bytesAt(path: string): Promise<number> {
  const files = await filesInFolder(basename(path) === 'model.json' ? dirname(path) : path);
  if (files.main !== undefined) return (await files.size(files.main)) ?? 0;
  const sizes = await Promise.all(((await files.list()) ?? []).map((name) => files.size(name)));
  return sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
}
