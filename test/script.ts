// Scripts of the project in processes of their own: their bundles where the run made some, which start ten times sooner.
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** The environment variable that tells a test file's process where the bundles are. */
export const BUNDLES = 'HALFTAPE_TEST_BUNDLES';
/** Errors tell their places in the sources. */
export const MAPPED = '--enable-source-maps';

/** What tests start, and is bundled with them. */
export function scripts(): string[] {
  const examples = readdirSync(join(root, 'examples')).filter((file) => file.endsWith('.ts'));
  return [
    'src/cli/main.ts',
    'bench/main.ts',
    'examples/demo/main.ts',
    ...examples.map((file) => `examples/${file}`),
  ];
}

/** Node's arguments for a script, given by its path in the project. */
export function script(path: string): string[] {
  const bundles = process.env[BUNDLES];
  return bundles ? [MAPPED, bundled(bundles, join(root, path))] : [...process.execArgv, join(root, path)];
}

export function bundled(bundles: string, file: string): string {
  return join(bundles, relative(root, file).replace(/\.ts$/, '.js'));
}
