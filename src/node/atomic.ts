/** `writeAtomic`: a file that is there as a whole, or as it was before. */
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Files that are not in place yet: a process that ends before they are takes them along. */
const unfinished = new Set<string>();
process.on('exit', () => {
  for (const path of unfinished) rmSync(path, { force: true });
});

/** Writes beside `path`, forces it to the disk, and puts it in place; what fails on the way leaves nothing behind. */
export async function writeAtomic(path: string, pieces: readonly Uint8Array[]): Promise<void> {
  const beside = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`);
  unfinished.add(beside);
  try {
    const file = await open(beside, 'wx');
    try {
      for (const piece of pieces) await file.writeFile(piece);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  } finally {
    unfinished.delete(beside);
  }
}

/** The same of text, in a folder that is made where it is not there. */
export async function writeTextAtomic(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeAtomic(path, [new TextEncoder().encode(text)]);
}
