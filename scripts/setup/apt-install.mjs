/** Installs the Vulkan loader and Mesa's software driver in the system, as root. */

import { rmSync, writeFileSync } from 'node:fs';
import { missingEntries, PACKAGES, updateAndInstall } from './apt.mjs';
import { formatStanza, readSources } from './apt-sources.mjs';
import { newerSuite } from './plan.mjs';
import { run, say } from './process.mjs';

const ADDED_SOURCE = '/etc/apt/sources.list.d/halftape-backports.sources';
const OLDEST_MESA = '24';

/** Whether the system has both packages, and not a Mesa that is known to be too old. */
export async function isDriverInstalled(os) {
  const format = `\${db:Status-Status} \${Version}\n`;
  const query = await run('dpkg-query', ['-W', '-f', format, ...PACKAGES]);
  const [mesa, loader] = query.stdout.split('\n').map((line) => line.split(' '));
  if (mesa?.[0] !== 'installed' || loader?.[0] !== 'installed') return false;
  if (!newerSuite(os)) return true;
  return (await run('dpkg', ['--compare-versions', mesa[1], 'ge', OLDEST_MESA])).ok;
}

export async function installDriver(os) {
  say("There is no WebGPU adapter with shader-f16 here. Installing the Vulkan loader and Mesa's software");
  say(`driver (${PACKAGES.join(', ')}) with apt-get: about 55 MB to download, 250 MB on disk.`);
  const missing = missingEntries(readSources(), os);
  if (missing.length > 0) {
    say(`This release's own Mesa is too old: adding ${newerSuite(os)}, from the mirror that apt uses, in`);
    say(`${ADDED_SOURCE}.`);
    writeFileSync(ADDED_SOURCE, missing.map(formatStanza).join('\n'));
  }
  try {
    await updateAndInstall(os, [], ['-o', 'DPkg::Lock::Timeout=300', '-o', 'Dpkg::Use-Pty=0']);
  } catch (error) {
    if (missing.length > 0) rmSync(ADDED_SOURCE, { force: true });
    throw error;
  }
}
