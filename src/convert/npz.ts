/** NumPy's .npz files: zip archives of .npy files, read when they are asked for. */
import { FormatError } from '../values/errors.ts';
import type { ModelFiles } from './files.ts';
import { type NumPyArray, readNpy } from './npy.ts';
import { zipFiles } from './zip.ts';

export interface NumPyArchive {
  /** In the order of the file. */
  readonly names: readonly string[];
  /** Throws `FormatError`. */
  read(name: string): Promise<NumPyArray>;
}

/** The arrays in the archive `path` of `files`. Throws `FormatError` that says what is wrong, and where. */
export async function readNpz(files: ModelFiles, path: string): Promise<NumPyArchive> {
  const archive = await zipFiles(files, path);
  const members = (await archive.list()) ?? [];
  const names = members.filter((name) => name.endsWith('.npy')).map((name) => name.slice(0, -4));
  if (names.length === 0)
    throw new FormatError(`${files.name}: no arrays in it; use what numpy.savez writes`);
  return {
    names,
    read: async (name) => readNpy(`${files.name}: ${name}.npy`, await archive.read(`${name}.npy`)),
  };
}
