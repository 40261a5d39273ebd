/** The options of commands that need a GPU, and the engine that they run on. */
import { type Command, Option } from 'commander';
import { type Engine, open } from '../node.ts';

export interface OpenFlags {
  adapter?: string;
  packed?: boolean;
}

/** `command` with the options that choose an adapter. */
export function adapterOptions(command: Command): Command {
  return command
    .addOption(new Option('--adapter <name>', "part of an adapter's name, to choose among several"))
    .addOption(new Option('--packed', 'pack halves in words even where the adapter has shader-f16'));
}

/** Opens the engine that the options ask for, and closes it whatever becomes of `work`. */
export async function withEngine<T>(
  { adapter, packed }: OpenFlags,
  work: (engine: Engine) => Promise<T>,
): Promise<T> {
  const engine = await open({
    ...(adapter === undefined ? {} : { adapter }),
    ...(packed ? { f16: 'packed' } : {}),
  });
  try {
    return await work(engine);
  } finally {
    engine.close();
  }
}
