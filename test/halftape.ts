// The command `halftape` in a process of its own.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { script } from './script.ts';

const main = script('src/cli/main.ts');

export function halftape(...args: string[]) {
  return spawnSync(process.execPath, [...main, ...args], { encoding: 'utf8' });
}

/** The same, while it runs. */
export function started(...args: string[]): ChildProcess {
  return spawn(process.execPath, [...main, ...args], { stdio: 'pipe' });
}
