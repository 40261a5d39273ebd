/** `halftape info`: the adapter, what of it Halftape uses, and with `--advise` whether mixed precision is worth it on it. */
import { Command, Option } from 'commander';
import { type Advice, type AdviseOptions, ArgumentError, advise, type Engine } from '../node.ts';
import { adapterOptions, type OpenFlags, withEngine } from './engine.ts';
import { EXAMPLE_MODELS } from './example-models.ts';
import { printFacts } from './facts.ts';
import { givenAny } from './models.ts';
import { size, wholeNumber } from './numbers.ts';
import { sampleShape } from './samples.ts';

interface InfoFlags extends OpenFlags {
  advise?: boolean;
  batchSize: number;
  size?: [rows: number, columns: number];
  json?: boolean;
}

export function infoCommand(): Command {
  return adapterOptions(new Command('info'))
    .argument('[model]', 'for --advise: a file or a folder; default: a dense and a convolutional network')
    .option('--advise', 'measure predictions and training steps in float32 and mixed_float16, in turns')
    .addOption(
      new Option('--batch-size <n>', 'samples in a batch, for --advise').default(32).argParser(wholeNumber),
    )
    .addOption(
      new Option('--size <rows>x<columns>', 'of pictures, where the model takes any').argParser(size),
    )
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Examples:
  halftape info
  halftape info --advise                            a dense and a convolutional network
  halftape info --advise model.json --size 128x128 --batch-size 1`,
    )
    .action(info);
}

async function info(path: string | undefined, flags: InfoFlags): Promise<void> {
  if (path !== undefined && !flags.advise)
    throw new ArgumentError('info: a model is for --advise; give both');
  const models = path === undefined ? exampleModels() : [await measured(path, flags)];
  await withEngine(flags, async (engine) => {
    const { info: adapter } = engine;
    const advices = new Map<string, Advice>();
    if (flags.advise) {
      const { batchSize } = flags;
      for (const { name, make, options } of models) {
        const verbose = flags.json ? 0 : 1;
        advices.set(name, await advise(() => make(engine), { batchSize, verbose, ...options }));
      }
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

/** A model that is measured. */
interface MeasuredModel {
  readonly name: string;
  make(engine: Engine): ReturnType<Parameters<typeof advise>[0]>;
  readonly options?: AdviseOptions;
}

function exampleModels(): MeasuredModel[] {
  return Object.entries(EXAMPLE_MODELS).map(([name, make]) => ({ name, make }));
}

async function measured(path: string, flags: InfoFlags): Promise<MeasuredModel> {
  const given = await givenAny(path);
  return {
    name: path,
    make: (engine) => given.load(engine, { silent: true, compile: false }),
    options: { sampleShapes: given.inputSpecs.map((input) => sampleShape(input, flags)) },
  };
}
