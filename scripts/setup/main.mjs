/** The steps of the set-up in their order: npm packages, generated shaders, a driver, then the script. */

import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findDriver } from './driver.mjs';
import { ensurePackages } from './packages.mjs';
import { must, runInForeground, SetupError, say, typescript } from './process.mjs';

const USAGE = `Usage: node scripts/setup.mjs [script.ts [arguments...]]

Installs the npm packages if they are not those of package-lock.json, generates the shader modules,
finds a WebGPU adapter with shader-f16 (on Debian and Ubuntu it installs Mesa's software driver when
there is none: with apt-get as root, into .vulkan/ otherwise), then runs the script.
Without a script it names the adapter and stops.`;

const project = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');

export async function main(args) {
  if (args[0] === '--help' || args[0] === '-h') {
    console.log(USAGE);
    return;
  }
  try {
    process.exitCode = await steps(args);
  } catch (error) {
    // An error of the system says enough: no space, no permission, read-only.
    if (!(error instanceof SetupError) && !error.syscall) throw error;
    say(error.message);
    process.exitCode = 1;
  }
}

async function steps([script, ...args]) {
  if (script !== undefined && !existsSync(script)) throw new SetupError(`There is no file ${script}.`);
  await ensurePackages(project);
  await must(process.execPath, [...typescript(project), join('scripts', 'generate.ts')], { cwd: project });
  const { adapter, env } = await findDriver(project);
  if (script !== undefined) {
    return runInForeground(process.execPath, [...typescript(project), script, ...args], { env });
  }
  console.log(`WebGPU adapter: ${adapter.name}, ${adapter.kind === 'f16' ? 'with' : 'without'} shader-f16.`);
  return 0;
}
