/** Runs a TypeScript file on an adapter with subgroup matrices: the system's, or Mesa 26's software driver beside it. */

import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { askForAdapter } from './setup/driver.mjs';
import { fetchNewerMesa, launcherOf, newerMesaFolder } from './setup/newer-mesa.mjs';
import { runInForeground, SetupError, say, typescript } from './setup/process.mjs';

const USAGE = `Usage: node scripts/mesa26.mjs [--within=SECONDS] [script.ts [arguments...]]

Runs the script under Node on an adapter with chromium-experimental-subgroup-matrix, and ends with its exit code. Where
the system has no such adapter, Mesa 26's software driver is fetched once, from Debian's packages, into
halftape/mesa26 of XDG_CACHE_HOME or ~/.cache; the system's own driver stays as it is. Fetching takes 600 s at most,
or SECONDS. Without a script it names the adapter. Exit code 75: there is none to be had, and one line says why.
In the script process.execPath is no Node: it cannot start another one.`;

const CANNOT_BE_HAD = 75;
/** What the system answers where there is no permission or no space; its message says enough. */
const REFUSALS = ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'ENOSPC', 'EDQUOT'];
const project = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** `{ command, env }` that starts Node where there are subgroup matrices. Throws where that cannot be had. */
async function findLauncher(seconds) {
  const folder = newerMesaFolder();
  const kept = launcherOf(folder);
  if (kept) return kept;
  const own = { command: [process.execPath], env: process.env };
  if ((await askForAdapter(project, own.env)).matrix) return own;
  await fetchNewerMesa(project, folder, seconds);
  return launcherOf(folder);
}

async function main(args) {
  const [, limit] = /^--within=(\d+)$/.exec(args[0] ?? '') ?? [];
  const [script, ...rest] = limit ? args.slice(1) : args;
  if (script?.startsWith('-')) {
    console.log(USAGE);
    return script === '--help' || script === '-h' ? 0 : 1;
  }
  if (script !== undefined && !existsSync(script)) {
    say(`There is no file ${script}.`);
    return 1;
  }
  let launcher;
  try {
    launcher = await findLauncher(Number(limit ?? 600));
  } catch (error) {
    if (!(error instanceof SetupError) && !REFUSALS.includes(error.code)) throw error;
    say(`No subgroup matrices: ${reasonOf(error.message)}`);
    return CANNOT_BE_HAD;
  }
  const { command, env } = launcher;
  if (script !== undefined) {
    const [program, ...before] = [...command, ...typescript(project), script, ...rest];
    return runInForeground(program, before, { env });
  }
  const { name, matrix, detail } = await askForAdapter(project, env, command);
  console.log(
    `WebGPU adapter: ${name ?? `none\n${detail}`}, ${matrix ? 'with' : 'without'} subgroup matrices.`,
  );
  return matrix ? 0 : 1;
}

/** One line: of apt's many, the first that names an error. */
function reasonOf(message) {
  const lines = message.split('\n').map((line) => line.replace(/^ *\| */, ''));
  return lines.find((line) => line.startsWith('E: ')) ?? lines[0];
}

process.exitCode = await main(process.argv.slice(2));
