/** Unpacks the Vulkan loader and Mesa's software driver into the project's `.vulkan/`, for users who are not root. */

import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { missingEntries, updateAndInstall } from './apt.mjs';
import { formatStanza, readSources } from './apt-sources.mjs';
import { must, SetupError, say } from './process.mjs';

const DRIVER = 'libvulkan_lvp.so';
const MANIFEST = 'lvp_icd.json';
const ABOUT = 'about.json';
// Separators of the library path and the driver list, and the quote of apt's settings.
const UNUSABLE = /[:;"\\]/;
const ABANDONED_MS = 3_600_000;

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
  mkdirSync(store, { recursive: true });
  removeUnfinished(store);

  const work = join(store, `partial-${process.pid}`);
  const tree = join(work, 'driver');
  try {
    const debs = await download(join(work, 'apt'), os);
    mkdirSync(tree, { recursive: true });
    for (const deb of debs) await must('dpkg-deb', ['--extract', deb, tree]);
    prune(tree);
    describe(tree, os);
    // Another set-up in the same folder may have been faster, and may be using its own by now.
    if (!driverEnvironment(project, os)) publish(tree, join(store, 'driver'), work);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Downloads the packages that the system does not have, with private copies of all that apt-get writes to. */
async function download(folder, os) {
  const place = (...names) => join(folder, ...names);
  for (const name of ['lists/partial', 'archives/partial', 'sources', 'log'])
    mkdirSync(place(name), { recursive: true });
  const entries = readSources().filter((entry) => entry.types.includes('deb'));
  const stanzas = [...entries, ...missingEntries(entries, os)].map((entry) =>
    formatStanza({ ...entry, types: ['deb'], fields: { ...entry.fields, targets: 'Packages' } }),
  );
  writeFileSync(place('sources', 'halftape.sources'), stanzas.join('\n'));
  const settings = {
    'Dir::State': folder,
    'Dir::State::status': '/var/lib/dpkg/status',
    'Dir::State::lists': place('lists'),
    'Dir::Cache': folder,
    'Dir::Cache::archives': place('archives'),
    'Dir::Log': place('log'),
    'Dir::Etc::sourcelist': '/dev/null',
    'Dir::Etc::sourceparts': place('sources'),
    'Debug::NoLocking': 'true',
    'APT::Sandbox::User': '',
  };
  // Hooks are for the system's own lists, and a user may fail in them.
  const hooks = ['APT::Update::Pre-Invoke', 'APT::Update::Post-Invoke', 'APT::Update::Post-Invoke-Success'];
  const lines = [
    ...hooks.map((name) => `#clear ${name};\n`),
    ...Object.entries(settings).map(([name, value]) => `${name} "${value}";\n`),
  ];
  writeFileSync(place('apt.conf'), lines.join(''));
  await updateAndInstall(os, [`-c=${place('apt.conf')}`], ['--download-only', '--reinstall']);
  // The C library has to be the one that Node was started with.
  return readdirSync(place('archives'))
    .filter((name) => name.endsWith('.deb') && !name.startsWith('libc6_'))
    .map((name) => place('archives', name));
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
function describe(tree, os) {
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
  writeFileSync(join(tree, ABOUT), `${JSON.stringify({ system: systemName(os), libraries }, null, 2)}\n`);
}

/** One rename makes it whole. */
function publish(tree, final, work) {
  if (existsSync(final)) renameSync(final, join(work, 'replaced'));
  renameSync(tree, final);
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

function systemName(os) {
  return [os.ID, os.VERSION_ID ?? os.VERSION_CODENAME, process.arch].join(' ');
}

function filesOf(tree) {
  return readdirSync(tree, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => ({ name: entry.name, folder: entry.parentPath ?? entry.path }));
}
