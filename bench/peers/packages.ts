/** The peers' npm packages: whether they are there, how they get there, and how a peer loads them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

const folder = new URL('./', import.meta.url);
const require = createRequire(new URL('package.json', folder));

export const INSTALL = 'npm ci --prefix bench/peers';

interface Manifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

function manifest(path: string): Manifest {
  return JSON.parse(readFileSync(new URL(path, folder), 'utf8'));
}

/** The version of a package that `package.json` pins. */
export function pinned(name: string): string {
  return manifest('package.json').dependencies[name]!;
}

/** Packages that are not installed, or not as pinned. */
export function missingPackages(): string[] {
  return Object.entries(manifest('package.json').dependencies)
    .filter(([name, version]) => {
      const path = `node_modules/${name}/package.json`;
      return !existsSync(new URL(path, folder)) || manifest(path).version !== version;
    })
    .map(([name]) => name);
}

/** Installs what is missing and shows npm's output. Throws with the command to run by hand. */
export async function installPackages(say: (line: string) => void = console.error): Promise<void> {
  const missing = missingPackages();
  if (missing.length === 0) return;
  say(`Installing the peers into bench/peers/node_modules (700 MB; not there yet: ${missing.join(', ')})`);
  const npm = spawn('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: fileURLToPath(folder),
    // npm's lines go where other progress goes: stdout may be the bench's JSON.
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  const [code] = await once(npm, 'exit').catch((cause) => {
    throw new Error(`The peers could not be installed; run: ${INSTALL}`, { cause });
  });
  if (code !== 0)
    throw new Error(`The peers could not be installed (npm exit code ${code}); run: ${INSTALL}`);
}

/** A package's exports. `T` describes the part that is called, so that nothing here needs the package's types. */
export function load<T>(name: string): T {
  return require(name) as T;
}

/** Path of a file in a package, next to what the package's name resolves to. */
export function fileBeside(name: string, file: string): string {
  return fileURLToPath(new URL(file, pathToFileURL(require.resolve(name))));
}
