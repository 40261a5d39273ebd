// Tests of the set-up's decisions: when npm ci is due, what a machine without an adapter gets.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from './harness.ts';

type OsRelease = Record<string, string>;
interface Facts {
  adapter: 'f16' | 'f32' | 'none' | 'unloadable';
  platform: string;
  os: OsRelease;
  aptGet: boolean;
  root: boolean;
  chosenDriver?: string;
  installed?: boolean;
  unpacked?: boolean;
}
interface Plan {
  parseOsRelease(content: string): OsRelease;
  isDebianLike(os: OsRelease): boolean;
  newerSuite(os: OsRelease): string | undefined;
  choosePlan(facts: Facts): 'ready' | 'apt' | 'unpack' | 'stop';
  advice(facts: Facts): string;
}
interface Locked {
  version?: string;
  integrity?: string;
  optional?: boolean;
  link?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
}
interface Host {
  platform: string;
  arch: string;
  libc: string | null;
}
interface Packages {
  whyInstall(state: {
    lock: { packages: Record<string, Locked> };
    installed: { packages: Record<string, Locked> } | undefined;
    stamped: boolean;
    exists(path: string): boolean;
    host: Host;
  }): string | undefined;
  npmCommand(env: Record<string, string>): string[];
  stampOf(lockText: string, host: Host): string;
}
interface Unpack {
  driverEnvironment(
    project: string,
    os: OsRelease,
    env: Record<string, string>,
  ): Record<string, string> | undefined;
}
interface Run {
  run(command: string, args: string[], options?: { timeout: number }): Promise<{ ok: boolean; how: string }>;
  describeFailure(result: { line: string; how: string; output: string }): string;
  runInForeground(command: string, args: string[], options: object): Promise<number>;
}

// The set-up runs before anything is installed, so it is plain JavaScript: its types are stated above.
const load = (name: string) => import(new URL(`../scripts/setup/${name}`, import.meta.url).href);
const plan = (await load('plan.mjs')) as Plan;
const packages = (await load('packages.mjs')) as Packages;
const { driverEnvironment } = (await load('unpack.mjs')) as Unpack;
const { run, describeFailure, runInForeground } = (await load('process.mjs')) as Run;

const BOOKWORM = { ID: 'debian', VERSION_ID: '12', VERSION_CODENAME: 'bookworm' };
const TRIXIE = { ID: 'debian', VERSION_ID: '13', VERSION_CODENAME: 'trixie' };

function withFolder(body: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'halftape setup-'));
  try {
    body(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const decide = suite('setup, plan');
const debian: Facts = { adapter: 'none', platform: 'linux', os: TRIXIE, aptGet: true, root: false };

decide('reads os-release with and without quotes', () => {
  const os = plan.parseOsRelease(
    'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n# x\nVERSION_ID=\'12\'\n',
  );
  assert.equal(os, { PRETTY_NAME: 'Debian GNU/Linux 12 (bookworm)', ID: 'debian', VERSION_ID: '12' });
});

decide('knows relatives of Debian, and the releases whose Mesa is too old', () => {
  assert.ok(plan.isDebianLike({ ID: 'linuxmint', ID_LIKE: 'ubuntu debian' }));
  assert.not(plan.isDebianLike({ ID: 'fedora' }));
  assert.is(plan.newerSuite(BOOKWORM), 'bookworm-backports');
  assert.is(
    plan.newerSuite({ ID: 'linuxmint', VERSION_CODENAME: 'faye', DEBIAN_CODENAME: 'bookworm' }),
    'bookworm-backports',
  );
  assert.is(plan.newerSuite(TRIXIE), undefined);
});

decide('installs as root, unpacks as another user, each once', () => {
  assert.is(plan.choosePlan({ ...debian, adapter: 'f16' }), 'ready');
  assert.is(plan.choosePlan(debian), 'unpack');
  assert.is(plan.choosePlan({ ...debian, adapter: 'f32' }), 'unpack');
  assert.is(plan.choosePlan({ ...debian, unpacked: true }), 'stop');
  assert.is(plan.choosePlan({ ...debian, root: true }), 'apt');
  assert.is(plan.choosePlan({ ...debian, root: true, installed: true }), 'stop');
});

decide("leaves other systems and the user's own choice of a driver alone", () => {
  assert.is(plan.choosePlan({ ...debian, chosenDriver: 'VK_DRIVER_FILES' }), 'stop');
  assert.is(plan.choosePlan({ ...debian, adapter: 'unloadable' }), 'stop');
  assert.is(plan.choosePlan({ ...debian, aptGet: false }), 'stop');
  assert.is(plan.choosePlan({ ...debian, os: { ID: 'fedora' } }), 'stop');
  assert.is(plan.choosePlan({ ...debian, platform: 'darwin', os: {} }), 'stop');
});

decide('says what to install elsewhere', () => {
  const on = (os: OsRelease, platform = 'linux') => plan.advice({ ...debian, os, platform, aptGet: false });
  assert.match(on({ ID: 'fedora' }), 'dnf install mesa-vulkan-drivers');
  assert.match(on({ ID: 'manjaro', ID_LIKE: 'arch' }), 'pacman -S vulkan-swrast');
  assert.match(on({ ID: 'opensuse-leap', ID_LIKE: 'suse opensuse' }), 'zypper install libvulkan_lvp');
  assert.match(on({ ID: 'alpine' }), 'glibc');
  assert.match(on({ ID: 'other' }), 'Vulkan loader');
  assert.match(on({}, 'darwin'), 'Metal');
  assert.match(on({}, 'win32'), 'Direct3D 12');
  assert.match(plan.advice({ ...debian, unpacked: true }), 'Delete .vulkan/');
  assert.match(plan.advice({ ...debian, chosenDriver: 'VK_ICD_FILENAMES' }), 'VK_ICD_FILENAMES is set');
  assert.match(plan.advice({ ...debian, adapter: 'unloadable' }), 'glibc 2.34');
});

const modules = suite('setup, npm packages');
const lock: { packages: Record<string, Locked> } = {
  packages: {
    '': { version: '1.0.0' },
    'node_modules/a': { version: '1.2.3', integrity: 'sha512-a' },
    'node_modules/a/node_modules/@b/c': { version: '2.0.0' },
    'node_modules/linux': { version: '1.0.0', optional: true, os: ['linux'], cpu: ['x64'], libc: ['glibc'] },
    'node_modules/windows': { version: '1.0.0', optional: true, os: ['win32'], cpu: ['x64'] },
  },
};
const host = { platform: 'linux', arch: 'x64', libc: 'glibc' };
const { '': _, 'node_modules/windows': __, ...present } = lock.packages;
const complete = {
  lock,
  installed: { packages: present },
  stamped: false,
  exists: (_path: string) => true,
  host,
};
const without = (name: string) => ({
  packages: Object.fromEntries(Object.entries(present).filter(([path]) => path !== name)),
});

modules('a complete installation is left alone, whoever made it', () => {
  assert.is(packages.whyInstall(complete), undefined);
  const more = { packages: { ...present, 'node_modules/extra': { version: '1.0.0' } } };
  assert.is(packages.whyInstall({ ...complete, installed: more }), undefined);
});

modules('absent, unfinished, outdated and damaged ones are installed again', () => {
  const why = (change: Partial<typeof complete> | { installed: undefined }) =>
    packages.whyInstall({ ...complete, ...change });
  const other = (change: Locked) => ({ packages: { ...present, 'node_modules/a': change } });
  assert.match(why({ exists: () => false })!, 'node_modules is missing');
  assert.match(why({ installed: undefined })!, 'unfinished');
  assert.match(why({ installed: without('node_modules/a/node_modules/@b/c') })!, '@b/c 2.0.0 is not in');
  assert.match(why({ installed: other({ version: '1.2.2' }) })!, 'a is 1.2.2 and not 1.2.3');
  assert.match(why({ installed: other({ version: '1.2.3', integrity: 'sha512-x' }) })!, 'not the file');
  assert.match(
    why({ exists: (path) => path !== 'node_modules/a/package.json' })!,
    'a is not in node_modules',
  );
});

modules("this platform's optional packages count until npm itself has left them out", () => {
  const absent = { ...complete, installed: without('node_modules/linux') };
  assert.match(packages.whyInstall(absent)!, 'linux 1.0.0 is not in');
  assert.is(packages.whyInstall({ ...absent, stamped: true }), undefined);
  assert.is(packages.whyInstall({ ...absent, host: { ...host, libc: 'musl' } }), undefined);
  assert.is.not(packages.stampOf('{}', host), packages.stampOf('{}', { ...host, arch: 'arm64' }));
  assert.is.not(packages.stampOf('{}', host), packages.stampOf('{ }', host));
});

modules('npm is the one that runs this, and no other package manager', () => {
  assert.equal(packages.npmCommand({ npm_execpath: '/opt/npm/bin/npm-cli.js' }), [
    process.execPath,
    '/opt/npm/bin/npm-cli.js',
  ]);
  assert.equal(packages.npmCommand({ npm_execpath: '/opt/yarn.js' }), ['npm']);
  assert.equal(packages.npmCommand({}), ['npm']);
});

const unpacked = suite('setup, unpacked driver');

unpacked("is used by a process's environment, wherever the project lies", () => {
  withFolder((folder) => {
    const about = { system: `debian 13 ${process.arch}`, libraries: ['usr/lib/here', 'lib/here'] };
    const driver = join(folder, '.vulkan', 'driver');
    assert.is(driverEnvironment(folder, TRIXIE, {}), undefined);
    mkdirSync(driver, { recursive: true });
    assert.is(driverEnvironment(folder, TRIXIE, {}), undefined, 'unfinished');
    writeFileSync(join(driver, 'about.json'), JSON.stringify(about));
    assert.equal(driverEnvironment(folder, TRIXIE, { HOME: '/h', LD_LIBRARY_PATH: '/own' }), {
      HOME: '/h',
      LD_LIBRARY_PATH: `${driver}/usr/lib/here:${driver}/lib/here:/own`,
      VK_DRIVER_FILES: join(driver, 'lvp_icd.json'),
    });
    assert.is(driverEnvironment(folder, BOOKWORM, {}), undefined, 'of another release');
  });
});

const processes = suite('setup, processes');
const script = (text: string) => ['-e', text];

processes('a failure is told with the command, how it ended, and its first and last lines', async () => {
  const lines = Array.from({ length: 100 }, (_, index) => `line ${index}`);
  const text = describeFailure({ line: 'tool --flag', how: 'exit code 3', output: lines.join('\n') });
  assert.match(text, /^This failed \(exit code 3\): tool --flag\n {2}\| line 0\n/);
  assert.match(text, / {2}\| line 99$/);
  assert.not.match(text, 'line 50');
  const failed = await run(process.execPath, script('process.exit(4)'));
  assert.equal([failed.ok, failed.how], [false, 'exit code 4']);
  assert.match((await run('halftape-no-such-command', [])).how, 'could not be started');
});

processes('a command that takes too long is ended', async () => {
  const { ok, how } = await run(process.execPath, script('setInterval(() => {}, 1000)'), { timeout: 300 });
  assert.equal([ok, how], [false, 'ended by SIGKILL']);
});

processes("the script's exit code is passed on, and 128 and more for a signal", async () => {
  assert.is(await runInForeground(process.execPath, script('process.exit(7)'), {}), 7);
  assert.is(await runInForeground(process.execPath, script('process.kill(process.pid, "SIGTERM")'), {}), 143);
});
