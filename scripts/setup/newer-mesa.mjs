/** Fetches the software driver of a newer Mesa, whole with its C library, into the user's cache: the system stays as it is. */

import { existsSync, readFileSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { backportsEntry, readSources } from './apt-sources.mjs';
import { askForAdapter, osRelease } from './driver.mjs';
import { ABOUT, fillTree, MANIFEST, publishTree, UNUSABLE, workFolder } from './driver-tree.mjs';
import { releaseOf } from './plan.mjs';
import { downloadPackages } from './private-apt.mjs';
import { SetupError, say } from './process.mjs';

// The Debian release to take it from: its Mesa is 26, the first whose software driver has subgroup matrices.
const RELEASE = 'forky';
// Of the C library's family all must be of that release, so Node is started by its loader.
const PACKAGES = ['mesa-vulkan-drivers', 'libvulkan1', 'libstdc++6', 'libc6', 'libgcc-s1'];
const LOADER = 'ld-linux-x86-64.so.2';
const PATIENCE = { 'Acquire::Retries': '1', 'Acquire::http::Timeout': '20', 'Acquire::https::Timeout': '20' };

/** Where it lies once it is fetched. */
export function newerMesaFolder(env = process.env) {
  const cache = env.XDG_CACHE_HOME && isAbsolute(env.XDG_CACHE_HOME) ? env.XDG_CACHE_HOME : undefined;
  return join(cache ?? join(homedir(), '.cache'), 'halftape', 'mesa26');
}

/** How to start Node on the driver in `folder`: `{ command, env }`, or undefined where there is none. */
export function launcherOf(folder, env = process.env) {
  let about;
  try {
    about = JSON.parse(readFileSync(join(folder, ABOUT), 'utf8'));
  } catch {
    return undefined;
  }
  const libraries = about.libraries.map((name) => join(folder, name));
  const loader = libraries.map((path) => join(path, LOADER)).find((path) => existsSync(path));
  if (!loader) return undefined;
  const manifest = join(folder, MANIFEST);
  return {
    command: [loader, '--library-path', libraries.join(':'), process.execPath],
    env: { ...env, VK_DRIVER_FILES: manifest, VK_ICD_FILENAMES: manifest },
  };
}

/** Fetches it and looks whether it serves; only then it is kept. Throws a `SetupError` with what was missing. */
export async function fetchNewerMesa(project, folder, seconds) {
  const source = sourceFor(osRelease());
  if (UNUSABLE.test(folder)) {
    throw new SetupError(`the cache folder ${folder} has one of : ; " \\ in its name; set XDG_CACHE_HOME`);
  }
  const deadline = Date.now() + seconds * 1000;
  say(
    `Fetching Mesa 26's software driver from Debian ${RELEASE}, for tests of subgroup matrices: about 77 MB to`,
  );
  say(`download, 200 MB on disk (450 MB while it works), in ${folder}.`);
  const store = join(folder, '..');
  const work = workFolder(store);
  const tree = join(work, 'driver');
  try {
    const limits = { packages: PACKAGES, deadline, settings: PATIENCE };
    const debs = await downloadPackages(join(work, 'apt'), [source], undefined, {}, [], limits);
    await fillTree(tree, debs, 'any', { timeout: Math.max(1, deadline - Date.now()) });
    const { command, env } = launcherOf(tree) ?? {};
    if (!command) throw new SetupError(`the packages of Debian ${RELEASE} hold no ${LOADER}`);
    const adapter = await askForAdapter(project, env, command);
    if (!adapter.matrix) {
      const found = adapter.name ?? `no adapter\n${adapter.detail}`;
      throw new SetupError(`Debian ${RELEASE}'s driver has no subgroup matrices: it gives ${found}`);
    }
    if (!launcherOf(folder)) publishTree(tree, folder, work);
  } catch (error) {
    if (Date.now() >= deadline) throw new SetupError(`it was not there after ${seconds} s`);
    throw error;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The newer release's entry, on the mirror that apt takes this release from. */
function sourceFor(os) {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new SetupError(`it is for Linux on x64, and this is ${process.platform} on ${process.arch}`);
  }
  for (const tool of ['apt-get', 'dpkg-deb']) {
    if (!existsSync(`/usr/bin/${tool}`)) throw new SetupError(`it needs ${tool}, which is not in /usr/bin`);
  }
  const entry = releaseOf(os) && backportsEntry(readSources(), releaseOf(os));
  if (!entry || !(os.ID === 'debian' || os.DEBIAN_CODENAME)) {
    throw new SetupError(
      `apt's sources name no mirror of Debian (this is ${os.PRETTY_NAME ?? 'an unnamed system'})`,
    );
  }
  return { ...entry, suites: [RELEASE] };
}
