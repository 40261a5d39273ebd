/** Runs `npm ci` when node_modules is not what package-lock.json says, and only then. */

import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { must, SetupError, say } from './process.mjs';

// npm writes this file last, so it is absent while an installation is unfinished.
const INSTALLED = join('node_modules', '.package-lock.json');
const STAMP = join('node_modules', '.halftape-setup.json');

export async function ensurePackages(project) {
  const text = read(project, 'package-lock.json');
  if (text === undefined)
    throw new SetupError('package-lock.json is missing: this is not a whole copy of the project.');
  const host = { platform: process.platform, arch: process.arch, libc: libcOfThisNode() };
  const stamp = stampOf(text, host);

  const reason = whyInstall({
    lock: JSON.parse(text),
    installed: parse(read(project, INSTALLED)),
    stamped: read(project, STAMP) === stamp,
    exists: (path) => existsSync(join(project, path)),
    host,
  });
  if (reason === undefined) return;

  say(`Installing the npm packages with npm ci, since ${reason}. About 140 MB to download, 340 MB on disk.`);
  // `npm ci` deletes the old files in any order: without its list an interrupted run is seen as one.
  rmSync(join(project, INSTALLED), { force: true });
  const [command, ...args] = npmCommand(process.env);
  const flags = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund'];
  await must(command, [...args, ...flags], {
    cwd: project,
    shell: command === 'npm' && process.platform === 'win32',
  });
  writeFileSync(join(project, STAMP), stamp);
}

/** The npm that started this process, if one did. */
export function npmCommand(env) {
  const script = env.npm_execpath;
  return script && /^npm-cli\.c?js$/.test(basename(script)) ? [process.execPath, script] : ['npm'];
}

/** A text that is the same as long as the lock file and the kind of machine are. */
export function stampOf(lockText, host) {
  const hash = createHash('sha256').update(lockText).digest('hex');
  return `${JSON.stringify({ lock: hash, ...host })}\n`;
}

/**
 * Why node_modules needs `npm ci`, or undefined where it does not.
 * `lock` and `installed` are package-lock.json and npm's own list inside node_modules; `stamped` tells that a set-up
 * finished for this very lock file and machine, so that what is absent is what npm chose to leave out.
 */
export function whyInstall({ lock, installed, stamped, exists, host }) {
  if (!exists('node_modules')) return 'node_modules is missing';
  if (!installed?.packages) return 'node_modules is unfinished';
  for (const [path, wanted] of Object.entries(lock.packages)) {
    if (path === '' || wanted.link) continue;
    const found = installed.packages[path];
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    if (!found) {
      if (wanted.optional && (stamped || !isFor(host, wanted))) continue;
      return `${name} ${wanted.version} is not in node_modules`;
    }
    if (found.version !== wanted.version) return `${name} is ${found.version} and not ${wanted.version}`;
    if (found.integrity && wanted.integrity && found.integrity !== wanted.integrity) {
      return `${name} is not the file that package-lock.json names`;
    }
    if (!exists(`${path}/package.json`)) return `${name} is not in node_modules`;
  }
  return undefined;
}

/** Whether an optional package is one for this very platform; those that name none are npm's to leave out. */
function isFor(host, { os, cpu, libc }) {
  if (!os && !cpu && !libc) return false;
  return allows(os, host.platform) && allows(cpu, host.arch) && (!host.libc || allows(libc, host.libc));
}

function allows(list, value) {
  if (!list) return true;
  const names = [list].flat();
  if (names.includes(`!${value}`)) return false;
  const positive = names.filter((name) => !name.startsWith('!'));
  return positive.length === 0 || positive.includes(value) || positive.includes('any');
}

function libcOfThisNode() {
  if (process.platform !== 'linux') return null;
  // The report would look up the names of all open connections.
  process.report.excludeNetwork = true;
  return process.report.getReport().header.glibcVersionRuntime ? 'glibc' : 'musl';
}

function read(project, name) {
  try {
    return readFileSync(join(project, name), 'utf8');
  } catch {
    return undefined;
  }
}

function parse(text) {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
