/** A model's files in the file system: a folder, or one file and those beside it. */
import { type FileHandle, open, readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { checkPath, checkRange, type ModelFiles, missing } from '../convert/files.ts';
import { FormatError } from '../values/errors.ts';

/** Throws `FormatError` where there is nothing. Links that lead out of the folder are not followed. */
export async function filesInFolder(path: string): Promise<ModelFiles> {
  const found = await stat(path).catch(() => undefined);
  if (!found) throw new FormatError(`${path}: no such file or folder`);
  const folder = found.isDirectory() ? path : dirname(path);
  const root = await realpath(folder);

  const opened = async (name: string): Promise<FileHandle | undefined> => {
    const whole = join(folder, checkPath(path, name));
    const real = await realpath(whole).catch(() => undefined);
    if (real === undefined) return undefined;
    if (name !== main && !real.startsWith(root.endsWith(sep) ? root : root + sep))
      throw new FormatError(`${path}: ${name} is a link out of the model's folder`);
    return open(real, 'r');
  };
  const main = found.isDirectory() ? undefined : basename(path);
  return {
    name: path,
    main,
    list: async () => {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true });
      return entries
        .filter((entry) => entry.isFile())
        .map((entry) =>
          join(entry.parentPath, entry.name)
            .slice(join(folder, '.').length + 1)
            .replaceAll(sep, '/'),
        );
    },
    size: async (name) => {
      const file = await opened(name);
      if (!file) return undefined;
      try {
        const { size } = await file.stat();
        return size;
      } finally {
        await file.close();
      }
    },
    read: async (name, range) => {
      const file = await opened(name);
      if (!file) throw missing(`${path}: ${name}`);
      try {
        const { size } = await file.stat();
        const { from, to } = range ?? { from: 0, to: size };
        checkRange(`${path}: ${name}`, size, { from, to });
        const bytes = new Uint8Array(to - from);
        for (let at = 0; at < bytes.length; ) {
          const { bytesRead } = await file.read(bytes, at, bytes.length - at, from + at);
          if (bytesRead === 0) throw new FormatError(`${path}: ${name}: it became shorter while it was read`);
          at += bytesRead;
        }
        return bytes;
      } finally {
        await file.close();
      }
    },
  };
}
