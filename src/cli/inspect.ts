/** `halftape inspect`: what a trained model's files hold, and what float16 would make of its weights. */
import { Command } from 'commander';
import { inspect } from '../convert/inspect.ts';
import { filesInFolder } from '../node/folder-files.ts';
import { printFacts } from './facts.ts';
import { during } from './progress.ts';

export function inspectCommand(): Command {
  return new Command('inspect')
    .argument('<model>', 'a file or a folder: model.json, .h5, .keras, ...')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  halftape inspect model.json\n  halftape inspect trained.h5 --json | jq .weights',
    )
    .action(show);
}

async function show(path: string, { json = false }: { json?: boolean }): Promise<void> {
  const found = await during('Reading weights', json, async (onProgress) =>
    inspect(await filesInFolder(path), { onProgress }),
  );
  if (json) {
    console.log(JSON.stringify(found, null, 2));
    return;
  }
  printFacts(found.facts);
  console.log(`\n${found}`);
}
