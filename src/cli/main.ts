#!/usr/bin/env node
/** The command `halftape`. Exit codes: 0 done, 1 failed, or a bound that was asked for is not met, 2 not understood. */
import { Command, CommanderError } from 'commander';
import { HalftapeError } from '../values/errors.ts';
import { VERSION } from '../values/version.ts';
import { handleSignals } from './interrupt.ts';

/** Loaded when they are asked for: the engine behind them takes most of a second. */
const COMMANDS: Readonly<
  Record<string, { readonly description: string; readonly load: () => Promise<Command> }>
> = {
  convert: {
    description: 'Convert a trained model to mixed precision, and measure what that does to its results.',
    load: async () => (await import('./convert.ts')).convertCommand(),
  },
  train: {
    description: 'Train a model on, in mixed precision if asked for, and write it.',
    load: async () => (await import('./train.ts')).trainCommand(),
  },
  inspect: {
    description:
      "Show a trained model's layers or ops, its weights and training configuration; needs no GPU.",
    load: async () => (await import('./inspect.ts')).inspectCommand(),
  },
  info: {
    description: 'Show the adapter; --advise measures what mixed precision gains or costs on it.',
    load: async () => (await import('./info.ts')).infoCommand(),
  },
};

handleSignals();

const program = new Command('halftape')
  .description('Mixed-precision training on WebGPU.')
  .version(VERSION, '--version', 'print the version')
  .helpCommand(false)
  .showHelpAfterError('(--help shows what is accepted)')
  .configureHelp({ subcommandTerm: (command) => command.name() })
  .exitOverride();

for (const [name, { description, load }] of Object.entries(COMMANDS)) {
  const command = process.argv.includes(name) ? await load() : new Command(name);
  program.addCommand(command.copyInheritedSettings(program).description(description));
}

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
