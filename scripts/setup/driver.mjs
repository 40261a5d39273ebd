/** Finds an adapter with shader-f16 and, where there is none, gets a software driver and looks again. */

import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installDriver, isDriverInstalled } from './apt-install.mjs';
import { advice, choosePlan, isDebianLike, parseOsRelease } from './plan.mjs';
import { run, SetupError, say } from './process.mjs';
import { driverEnvironment, unpackDriver } from './unpack.mjs';

const PROBE_MS = 120_000;
const VALUE = { f16: 2, f32: 1, none: 0, unloadable: 0 };

/** Resolves to the adapter and the environment in which a process gets it. */
export async function findDriver(project) {
  const facts = { platform: process.platform, os: osRelease(), ...aptFacts(), chosenDriver: chosenDriver() };
  let best;
  const look = async (env) => {
    const adapter = await askForAdapter(project, env);
    // Of two failures the later one counts: it saw what this set-up did.
    const before = best ? VALUE[best.adapter.kind] : 0;
    if (before === 0 || VALUE[adapter.kind] > before) best = { adapter, env };
  };

  await look(process.env);
  const unpacked = facts.chosenDriver ? undefined : driverEnvironment(project, facts.os);
  if (best.adapter.kind !== 'f16' && unpacked) await look(unpacked);
  facts.adapter = best.adapter.kind;
  facts.unpacked = unpacked !== undefined;
  facts.installed = facts.adapter !== 'f16' && isDebianLike(facts.os) && (await isDriverInstalled(facts.os));

  try {
    const plan = choosePlan(facts);
    if (plan === 'apt') {
      await installDriver(facts.os);
      await look(process.env);
    } else if (plan === 'unpack') {
      await unpackDriver(project, facts.os);
      await look(driverEnvironment(project, facts.os));
    }
  } catch (error) {
    if (best.adapter.kind !== 'f32') throw error;
    say(error.message);
  }

  if (best.adapter.kind === 'f32') {
    say(
      `The WebGPU adapter (${best.adapter.name}) has no shader-f16: halves will be packed in pairs instead.`,
    );
  } else if (best.adapter.kind !== 'f16') {
    const detail = best.adapter.detail ? `\nWebGPU said:\n${best.adapter.detail}` : '';
    throw new SetupError(
      `There is no WebGPU adapter on this machine.\n${advice({ ...facts, adapter: best.adapter.kind })}${detail}`,
    );
  }
  return best;
}

/**
 * `{ kind: 'f16' | 'f32' | 'none' | 'unloadable', name, matrix, detail }` as a process with this environment, started by
 * this command, sees it; `matrix` tells of subgroup matrices.
 */
export async function askForAdapter(project, env, [command, ...args] = [process.execPath]) {
  const probe = join(project, 'scripts', 'setup', 'probe.mjs');
  const result = await run(command, [...args, probe], { env, timeout: PROBE_MS });
  const said = result.output
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('{'))
    .slice(-8)
    .map((line) => `  | ${line}`)
    .join('\n');
  try {
    const answer = JSON.parse(result.stdout.trim().split('\n').at(-1));
    return { ...answer, detail: answer.detail ? `  | ${answer.detail}` : said };
  } catch {
    return { kind: 'none', detail: `  | asking for an adapter: ${result.how}\n${said}` };
  }
}

/** The variable with which the user picks a Vulkan driver, if one is set. */
function chosenDriver() {
  return ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES'].find((name) => process.env[name]);
}

export function osRelease() {
  for (const file of ['/etc/os-release', '/usr/lib/os-release']) {
    try {
      return parseOsRelease(readFileSync(file, 'utf8'));
    } catch {
      // The next one, or none outside Linux.
    }
  }
  return {};
}

function aptFacts() {
  const aptGet = existsSync('/usr/bin/apt-get');
  // A read-only system refuses root as well.
  const folders = ['/usr/lib', '/etc/apt', '/var/lib/dpkg', '/var/lib/apt/lists', '/var/cache/apt'];
  const root = process.getuid?.() === 0 && folders.every(isWritable);
  return { aptGet, root };
}

function isWritable(folder) {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
