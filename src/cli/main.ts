#!/usr/bin/env node
/** The command `halftape`. Exit codes: 0 done, 1 failed, or a bound that was asked for is not met, 2 not understood. */
import { Command, CommanderError } from 'commander';
import { HalftapeError } from '../values/errors.ts';
import { VERSION } from '../values/version.ts';
import { convertCommand } from './convert.ts';
import { infoCommand } from './info.ts';
import { inspectCommand } from './inspect.ts';
import { handleSignals } from './interrupt.ts';
import { trainCommand } from './train.ts';

handleSignals();

const program = new Command('halftape')
  .description('Mixed-precision training on WebGPU.')
  .version(VERSION, '--version', 'print the version')
  .helpCommand(false)
  .showHelpAfterError('(--help shows what is accepted)')
  .exitOverride();

for (const command of [convertCommand(), trainCommand(), inspectCommand(), infoCommand()])
  program.addCommand(command.copyInheritedSettings(program));

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}

/** Says what went wrong; of one's own errors the message alone, of all others the stack too. */
function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const expected = error instanceof HalftapeError || (error instanceof Error && 'code' in error);
  console.error(expected ? `halftape: ${error.message}` : error);
  return 1;
}
