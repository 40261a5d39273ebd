/** apt-get with a folder of its own for all that it writes, so that any user may download what the system will not install. */

import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { updateAndInstall } from './apt.mjs';
import { formatStanza } from './apt-sources.mjs';

// Hooks are for the system's own lists, and a user may fail in them.
const HOOKS = ['APT::Update::Pre-Invoke', 'APT::Update::Post-Invoke', 'APT::Update::Post-Invoke-Success'];

/**
 * Downloads packages and what they need beyond those of `status`, a file of dpkg's (by default nothing counts as
 * installed), from these sources alone, into `folder`. Resolves to the paths of the .deb files. `limits` are those of `updateAndInstall`, and further settings of apt.
 */
export async function downloadPackages(
  folder,
  entries,
  status,
  os,
  flags,
  { settings = {}, ...limits } = {},
) {
  const place = (...names) => join(folder, ...names);
  for (const name of ['lists/partial', 'archives/partial', 'sources', 'log'])
    mkdirSync(place(name), { recursive: true });
  writeFileSync(place('status'), '');
  const stanzas = entries.map((entry) =>
    formatStanza({ ...entry, types: ['deb'], fields: { ...entry.fields, targets: 'Packages' } }),
  );
  writeFileSync(place('sources', 'halftape.sources'), stanzas.join('\n'));
  const all = {
    'Dir::State': folder,
    'Dir::State::status': status ?? place('status'),
    'Dir::State::lists': place('lists'),
    'Dir::Cache': folder,
    'Dir::Cache::archives': place('archives'),
    'Dir::Log': place('log'),
    'Dir::Etc::sourcelist': '/dev/null',
    'Dir::Etc::sourceparts': place('sources'),
    'Debug::NoLocking': 'true',
    'APT::Sandbox::User': '',
    ...settings,
  };
  const lines = [
    ...HOOKS.map((name) => `#clear ${name};\n`),
    ...Object.entries(all).map(([name, value]) => `${name} "${value}";\n`),
  ];
  writeFileSync(place('apt.conf'), lines.join(''));
  await updateAndInstall(os, [`-c=${place('apt.conf')}`], ['--download-only', ...flags], limits);
  return readdirSync(place('archives'))
    .filter((name) => name.endsWith('.deb'))
    .map((name) => place('archives', name));
}
