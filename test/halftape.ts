// The command `halftape` in a process of its own.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));

export function halftape(...args: string[]) {
  return spawnSync(process.execPath, [...process.execArgv, main, ...args], { encoding: 'utf8' });
}

/** The same, while it runs. */
export function started(...args: string[]): ChildProcess {
  return spawn(process.execPath, [...process.execArgv, main, ...args], { stdio: 'pipe' });
}
