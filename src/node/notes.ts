/** What was measured on this machine, kept in files of the user's cache folder: one a key. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Notes } from '../gpu/engine-options.ts';

/** Larger files are not ours. */
const MAX_BYTES = 2 ** 20;

function folder(): string {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (process.platform === 'win32' && LOCALAPPDATA) return join(LOCALAPPDATA, 'halftape');
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'halftape');
  return join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'halftape');
}

function fileOf(key: string): string {
  return join(folder(), `${createHash('sha256').update(key).digest('hex').slice(0, 32)}.json`);
}

export const fileNotes: Notes = {
  read: async (key) => {
    try {
      const text = await readFile(fileOf(key), 'utf8');
      return text.length <= MAX_BYTES ? text : undefined;
    } catch {
      return undefined;
    }
  },
  write: async (key, text) => {
    const path = fileOf(key);
    const own = `${path}.${process.pid}`;
    try {
      await mkdir(folder(), { recursive: true });
      await writeFile(own, text);
      await rename(own, path);
    } catch {
      await rm(own, { force: true }).catch(() => {});
    }
  },
};
