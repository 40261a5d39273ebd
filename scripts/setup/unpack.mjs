/** Unpacks the Vulkan loader and Mesa's software driver into the project's `.vulkan/`, for users who are not root. */

import { readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { missingEntries } from './apt.mjs';
import { readSources } from './apt-sources.mjs';
import { ABOUT, fillTree, MANIFEST, publishTree, UNUSABLE, workFolder } from './driver-tree.mjs';
import { downloadPackages } from './private-apt.mjs';
import { SetupError, say } from './process.mjs';

/** The environment that uses `.vulkan/`, or undefined where it is absent, made for another system or out of reach. */
export function driverEnvironment(project, os, env = process.env) {
  if (UNUSABLE.test(project)) return undefined;
  const folder = join(project, '.vulkan', 'driver');
  let about;
  try {
    about = JSON.parse(readFileSync(join(folder, ABOUT), 'utf8'));
  } catch {
    return undefined;
  }
  if (about.system !== systemName(os)) return undefined;
  const libraries = about.libraries.map((name) => join(folder, name));
  return {
    ...env,
    LD_LIBRARY_PATH: [...libraries, env.LD_LIBRARY_PATH].filter((name) => name).join(':'),
    VK_DRIVER_FILES: join(folder, MANIFEST),
  };
}

export async function unpackDriver(project, os) {
  if (UNUSABLE.test(project)) {
    throw new SetupError(
      `The driver cannot be used from a folder with one of : ; " \\ in its name: move the project out of ${project}.`,
    );
  }
  say('There is no WebGPU adapter with shader-f16 here, and this user cannot install packages.');
  say(
    "Unpacking the Vulkan loader and Mesa's software driver into .vulkan/ instead: about 55 MB to download,",
  );
  say('190 MB on disk (350 MB while it works).');
  const store = join(project, '.vulkan');
  const work = workFolder(store);
  const tree = join(work, 'driver');
  try {
    await fillTree(tree, await download(join(work, 'apt'), os), systemName(os));
    // Another set-up in the same folder may have been faster, and may be using its own by now.
    if (!driverEnvironment(project, os)) publishTree(tree, join(store, 'driver'), work);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The packages that the system does not have, and the driver's own. */
async function download(folder, os) {
  const entries = readSources().filter((entry) => entry.types.includes('deb'));
  const sources = [...entries, ...missingEntries(entries, os)];
  const debs = await downloadPackages(folder, sources, '/var/lib/dpkg/status', os, ['--reinstall']);
  // The C library has to be the one that Node was started with.
  return debs.filter((path) => !basename(path).startsWith('libc6_'));
}

function systemName(os) {
  return [os.ID, os.VERSION_ID ?? os.VERSION_CODENAME, process.arch].join(' ');
}
