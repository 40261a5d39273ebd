/** `halftape info`: the adapter, what of it Halftape uses, and with `--advise` whether mixed precision is worth it on it. */
import { Command, Option } from 'commander';
import { type Advice, advise } from '../node.ts';
import { adapterOptions, type OpenFlags, withEngine } from './engine.ts';
import { EXAMPLE_MODELS } from './example-models.ts';
import { printFacts } from './facts.ts';
import { wholeNumber } from './numbers.ts';

interface InfoFlags extends OpenFlags {
  advise?: boolean;
  batchSize: number;
  json?: boolean;
}

export function infoCommand(): Command {
  return adapterOptions(new Command('info'))
    .description('Show the adapter; --advise measures what mixed precision gains or costs on it.')
    .option('--advise', 'measure predictions and training steps in float32 and mixed_float16, in turns')
    .addOption(
      new Option('--batch-size <n>', 'samples in a batch, for --advise').default(32).argParser(wholeNumber),
    )
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  halftape info\n  halftape info --advise                    a dense and a convolutional network',
    )
    .action(info);
}

async function info(flags: InfoFlags): Promise<void> {
  await withEngine(flags, async ({ info: adapter }) => {
    const advices = new Map<string, Advice>();
    if (flags.advise) {
      const { batchSize } = flags;
      for (const [name, make] of Object.entries(EXAMPLE_MODELS))
        advices.set(name, await advise(make, { batchSize, verbose: flags.json ? 0 : 1 }));
    }
    if (flags.json) {
      const advice = Object.fromEntries(
        [...advices].map(([name, { rows, words }]) => [name, { rows, words }]),
      );
      console.log(JSON.stringify({ adapter, ...(flags.advise ? { advice } : {}) }, null, 2));
      return;
    }
    const { subgroupSize, limits, matrix } = adapter;
    const megabytes = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`;
    const facts = {
      adapter: adapter.adapter + (adapter.software ? ' (software)' : ''),
      float16: adapter.f16 === 'native' ? 'native (shader-f16)' : 'packed, two to a word',
      features: adapter.features.join(', ') || 'none',
      subgroups: subgroupSize ? subgroupSize.join(' to ') : 'none',
      'matrix units': matrix.map(({ m, n, k, input }) => `${m}x${n}x${k} ${input}`).join(', ') || 'none',
      'largest binding': megabytes(limits.storageBinding),
      'largest buffer': megabytes(limits.buffer),
      workgroup: `${limits.workgroupInvocations} invocations, ${limits.workgroupStorage / 1024} KiB`,
    };
    printFacts(facts);
    for (const [name, advice] of advices) console.log(`\n${name}: ${advice}`);
  });
}
