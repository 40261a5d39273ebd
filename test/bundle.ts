// Bundles test files and the scripts that they start, so that a process loads a few files in place of six hundred.
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { root } from './script.ts';

/** Bundled modules believe that they lie where their sources do. */
const inPlace: Plugin = {
  name: 'in place',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.m?[jt]s$/ }, ({ path }) => {
      const here = JSON.stringify(pathToFileURL(path).href);
      const text = readFileSync(path, 'utf8').replaceAll('import.meta.url', here);
      return { contents: text, loader: path.endsWith('.ts') ? 'ts' : 'js' };
    }),
};

/** Bundles these files of the project, what they share in files of its own. The folder goes when this process ends. */
export async function bundle(paths: readonly string[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'halftape-tests-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
  await build({
    entryPoints: [...paths],
    outdir: folder,
    outbase: root,
    bundle: true,
    splitting: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    keepNames: true,
    ignoreAnnotations: true, // package.json says which files of dist/ have side effects, and these are none of them
    sourcemap: true,
    sourcesContent: false,
    plugins: [inPlace],
  });
  return folder;
}
