/** Decides from facts alone what a machine without a usable adapter gets, and what to tell its owner otherwise. */

// The releases whose own Mesa Dawn refuses, with the suite that has a newer one.
const NEWER_MESA = { bookworm: 'bookworm-backports' };

/** The fields of an os-release file. */
export function parseOsRelease(content) {
  const fields = {};
  for (const line of content.split('\n')) {
    const match = /^(\w+)=(["']?)(.*)\2\s*$/.exec(line);
    if (match) fields[match[1]] = match[3];
  }
  return fields;
}

/** Whether the distribution takes Debian's packages, by its own name or by those that it says it is like. */
export function isDebianLike(os) {
  return `${os.ID ?? ''} ${os.ID_LIKE ?? ''}`
    .split(/\s+/)
    .some((name) => name === 'debian' || name === 'ubuntu');
}

/** The suite to take Mesa from where the release's own is too old, else undefined. */
export function newerSuite(os) {
  return NEWER_MESA[releaseOf(os)];
}

/** Debian's name of the release; a derivative that has names of its own gives it apart. */
export function releaseOf(os) {
  return os.DEBIAN_CODENAME ?? os.VERSION_CODENAME;
}

/**
 * 'ready', 'apt' (install in the system), 'unpack' (into the project) or 'stop' (nothing left to do here).
 * Facts: adapter kind, platform, os, aptGet (there is one), root (may write to the system), chosenDriver (the user's own
 * VK_DRIVER_FILES), installed (the system has the packages, new enough), unpacked (the project has them).
 */
export function choosePlan(facts) {
  if (facts.adapter === 'f16') return 'ready';
  if (facts.adapter === 'unloadable' || facts.chosenDriver) return 'stop';
  if (facts.platform !== 'linux' || !isDebianLike(facts.os) || !facts.aptGet) return 'stop';
  if (facts.root) return facts.installed ? 'stop' : 'apt';
  return facts.unpacked ? 'stop' : 'unpack';
}

/** What to tell somebody whose machine has no adapter and whom this set-up cannot help further. */
export function advice(facts) {
  if (facts.adapter === 'unloadable') {
    return (
      'The webgpu package could not be loaded. Its binaries are for macOS, for Windows (x64, arm64) and for Linux ' +
      '(x64, arm64) with glibc 2.34 or newer, such as Debian 12, Ubuntu 22.04 or Fedora 35.'
    );
  }
  if (facts.chosenDriver) {
    return `${facts.chosenDriver} is set in the environment, and its driver gives no WebGPU adapter. Unset it, or name a working driver.`;
  }
  if (facts.platform === 'darwin') {
    return 'WebGPU uses Metal here and needs no driver, but a GPU that Metal supports; a virtual machine may have none.';
  }
  if (facts.platform === 'win32') {
    return (
      "WebGPU uses Direct3D 12 here: install the current driver from your GPU's maker. " +
      'Without a GPU use WSL with Debian or Ubuntu, where this set-up installs a software driver.'
    );
  }
  if (facts.platform !== 'linux') return 'The webgpu package has no binary for this operating system.';
  return linuxAdvice(facts);
}

function linuxAdvice(facts) {
  const { os, aptGet } = facts;
  const names = `${os.ID ?? ''} ${os.ID_LIKE ?? ''}`.split(/\s+/);
  const is = (...wanted) => wanted.some((name) => names.includes(name));
  const needed =
    "WebGPU needs a Vulkan loader and a Vulkan driver; Mesa's software driver (24 or newer) serves without a GPU.";
  const install = (command) => `${needed}\nInstall them with: ${command}`;
  if (isDebianLike(os)) {
    if (!aptGet) return install('apt-get install mesa-vulkan-drivers libvulkan1');
    const again = facts.unpacked ? ' Delete .vulkan/ to have it unpacked again.' : '';
    return `${needed}\nThis release's own is in place, and WebGPU finds no adapter with it.${again}`;
  }
  if (is('fedora', 'rhel', 'centos')) return install('sudo dnf install mesa-vulkan-drivers vulkan-loader');
  if (is('arch')) return install('sudo pacman -S vulkan-swrast vulkan-icd-loader');
  if (is('suse', 'opensuse')) return install('sudo zypper install libvulkan_lvp libvulkan1');
  if (is('alpine'))
    return 'The webgpu package needs glibc, which Alpine does not have: use a Debian or Ubuntu container.';
  return `${needed}\nInstall your distribution's packages for both; they are often called mesa-vulkan-drivers and libvulkan1.`;
}
