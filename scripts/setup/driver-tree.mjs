/** A folder with an unpacked Vulkan driver: filled from .deb files, described, published whole or not at all. */

import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { must, SetupError } from './process.mjs';

const DRIVER = 'libvulkan_lvp.so';
export const MANIFEST = 'lvp_icd.json';
export const ABOUT = 'about.json';
/** Separators of the library path and the driver list, and the quote of apt's settings: no folder's name may have one. */
export const UNUSABLE = /[:;"\\]/;
const ABANDONED_MS = 3_600_000;

/** Unpacks the packages into `tree`, with a manifest and `about.json` that says which system it is for. */
export async function fillTree(tree, debs, system, limits) {
  mkdirSync(tree, { recursive: true });
  for (const deb of debs) await must('dpkg-deb', ['--extract', deb, tree], limits);
  prune(tree);
  describe(tree, system);
}

/** One rename makes it whole. `work` is a folder of the caller's on the same disk, to be deleted by it. */
export function publishTree(tree, final, work) {
  if (existsSync(final)) renameSync(final, join(work, 'replaced'));
  renameSync(tree, final);
}

/** The folder inside `store` for unfinished work of this process; those of processes that are gone are deleted. */
export function workFolder(store) {
  mkdirSync(store, { recursive: true });
  removeUnfinished(store);
  return join(store, `partial-${process.pid}`);
}

/** Keeps libraries: the documentation and the drivers of GPUs are a quarter of it all. */
function prune(tree) {
  for (const name of ['etc', 'usr/share', 'usr/bin'])
    rmSync(join(tree, name), { recursive: true, force: true });
  for (const file of filesOf(tree)) {
    if (/^libvulkan_.*\.so$|^libVkLayer_/.test(file.name) && file.name !== DRIVER)
      rmSync(join(file.folder, file.name));
  }
}

/** Writes the driver's manifest and `about.json`, both with paths relative to the tree: the project may move. */
function describe(tree, system) {
  const files = filesOf(tree);
  const driver = files.find(({ name }) => name === DRIVER);
  if (!driver) throw new SetupError(`The downloaded packages hold no ${DRIVER}.`);
  const library = relative(tree, join(driver.folder, DRIVER));
  const manifest = {
    file_format_version: '1.0.0',
    ICD: { library_path: `./${library}`, api_version: '1.4.0' },
  };
  writeFileSync(join(tree, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
  const folders = new Set(
    files.filter(({ name }) => /\.so(\.|$)/.test(name)).map(({ folder }) => relative(tree, folder)),
  );
  const triplet = dirname(library).split('/').at(-1);
  const libraries = [...folders].filter((folder) => folder.endsWith(`/${triplet}`));
  writeFileSync(join(tree, ABOUT), `${JSON.stringify({ system, libraries }, null, 2)}\n`);
}

function removeUnfinished(store) {
  for (const name of readdirSync(store)) {
    const [, pid] = /^partial-(\d+)$/.exec(name) ?? [];
    if (!pid) continue;
    const folder = join(store, name);
    // A container gives the same few numbers to other processes again.
    const abandoned = Date.now() - statSync(folder).mtimeMs > ABANDONED_MS;
    if (abandoned || !isRunning(Number(pid))) rmSync(folder, { recursive: true, force: true });
  }
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return pid !== process.pid;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function filesOf(tree) {
  return readdirSync(tree, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => ({ name: entry.name, folder: entry.parentPath ?? entry.path }));
}
