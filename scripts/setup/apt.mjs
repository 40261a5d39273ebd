/** What both ways of getting the driver with apt-get share: the packages, the extra suite, and the two commands. */

import { backportsEntry, isConfigured } from './apt-sources.mjs';
import { newerSuite, releaseOf } from './plan.mjs';
import { describeFailure, run, SetupError, say } from './process.mjs';

export const PACKAGES = ['mesa-vulkan-drivers', 'libvulkan1'];

const options = {
  env: {
    ...process.env,
    // `su` leaves these folders out for root.
    PATH: `${process.env.PATH}:/usr/sbin:/sbin`,
    LC_ALL: 'C',
    DEBIAN_FRONTEND: 'noninteractive',
  },
};

/** The entries that apt needs besides its own: that of the newer suite, unless it has it already. */
export function missingEntries(entries, os) {
  const suite = newerSuite(os);
  if (suite === undefined || isConfigured(entries, suite)) return [];
  const entry = backportsEntry(entries, releaseOf(os));
  if (!entry) {
    throw new SetupError(
      `This release's Mesa is too old, and apt's sources name no mirror to take ${suite} from.`,
    );
  }
  return [entry];
}

/** Updates apt's lists and installs the packages, both with these further arguments, until `deadline`, a time in ms. */
export async function updateAndInstall(os, settings, flags, { packages = PACKAGES, deadline } = {}) {
  const timed = () =>
    deadline === undefined ? options : { ...options, timeout: Math.max(1, deadline - Date.now()) };
  // Without Error-Mode apt-get reports success when it reached nothing; sources of no interest here may fail, though.
  const update = await run(
    'apt-get',
    [...settings, 'update', '-q', '-o', 'APT::Update::Error-Mode=any'],
    timed(),
  );
  const suite = newerSuite(os);
  const target = suite ? ['-t', suite] : [];
  const args = [
    ...settings,
    'install',
    '-q',
    '-y',
    '--no-install-recommends',
    ...flags,
    ...target,
    ...packages,
  ];
  let install = await run('apt-get', args, timed());
  if (!install.ok && /dpkg --configure -a|--fix-broken/.test(install.output)) {
    say('An earlier installation was interrupted: finishing it first.');
    await run('dpkg', ['--configure', '-a', '--force-confold'], options);
    install = await run('apt-get', [...args, '--fix-broken'], options);
  }
  if (install.ok) return;
  const failures = update.ok ? [install] : [update, install];
  throw new SetupError(failures.map(describeFailure).join('\n'));
}
