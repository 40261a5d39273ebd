/** `halftape train`: a trained model trains on, with loss scaling where it is mixed, and is written. */
import { Command, Option } from 'commander';
import { plan } from '../convert/plan.ts';
import { writerFor } from '../convert/save-model.ts';
import type { CompileOptions } from '../nn/compile.ts';
import { optimizerFromConfig } from '../nn/optimizers/registry.ts';
import { ArgumentError, type History, losses, type Model, optimizers, saveModel } from '../node.ts';
import { textTable } from '../values/text-table.ts';
import { adapterOptions, type OpenFlags, withEngine } from './engine.ts';
import { stoppable } from './interrupt.ts';
import { type GivenModel, givenAny } from './models.ts';
import { bound, share, wholeNumber } from './numbers.ts';
import { checkOutput, sizeOfFiles } from './output.ts';
import { sampleOptions } from './samples.ts';
import { type DataFlags, oneHotOf, trainingData } from './training-data.ts';

interface TrainFlags extends OpenFlags, DataFlags {
  out: string;
  format?: string;
  policy?: 'mixed_float16' | 'float16' | 'float32';
  epochs: number;
  batchSize: number;
  learningRate?: number;
  loss?: keyof typeof losses;
  metrics?: string[];
  optimizer?: string;
  halfWeights?: boolean;
}

const EXAMPLES = `
Data: a .npz with x and y, a .npy with --labels, or a folder of pictures with a folder for each class (labels are class
numbers in the order of the folders' names). With --validation-split samples are shuffled first.
Ctrl-C ends the training after the present step and writes what was learned; a second one ends at once.
Exit codes: 0 trained and written; 1 failed or interrupted; 2 not understood.

Examples:
  halftape train mixed --data digits.npz --epochs 5 --out trained
  halftape train model.json --data x.npy --labels y.npy --loss meanSquaredError --policy mixed_float16 --out trained.keras
  halftape train classifier.h5 --data photos --scale 1/255 --validation-split 0.2 --policy mixed_float16 --out tuned.h5`;

export function trainCommand(): Command {
  const command = new Command('train')
    .argument('<model>', 'a file or a folder: model.json, .h5, .keras, ...')
    .requiredOption('--data <path>', 'samples: .npz, .npy, or a folder of pictures by class')
    .option('--labels <path>', 'labels, where they are not in the data: .npy, or a folder of pictures')
    .requiredOption('--out <path>', 'where the model goes: a folder for TensorFlow.js, else a file')
    .addOption(new Option('--format <name>', "the format; default: by the path's end"))
    .addOption(
      new Option('--policy <name>', "of the layers; results stay float32; default: the file's").choices([
        'mixed_float16',
        'float16',
        'float32',
      ]),
    )
    .addOption(new Option('--epochs <n>', 'passes over the samples').default(1).argParser(wholeNumber))
    .addOption(new Option('--batch-size <n>', 'samples in a step').default(32).argParser(wholeNumber))
    .addOption(new Option('--validation-split <share>', 'share of samples held back').argParser(share))
    .addOption(
      new Option('--learning-rate <number>', "default: the optimizer's, or the file's").argParser(bound),
    )
    .addOption(
      new Option('--loss <name>', "default: the file's; for classes in folders, their cross-entropy").choices(
        Object.keys(losses),
      ),
    )
    .option('--metrics <names...>', "such as accuracy; default: the file's")
    .addOption(
      new Option(
        '--optimizer <name>',
        "default: the file's, with its state where the file has it; else adam",
      ).choices(Object.keys(optimizers)),
    )
    .option('--half-weights', 'write weights as float16: half the size');
  return adapterOptions(sampleOptions(command)).addHelpText('after', EXAMPLES).action(train);
}

async function train(path: string, flags: TrainFlags): Promise<void> {
  const { out, format, epochs, batchSize, validationSplit, halfWeights = false } = flags;
  await checkOutput(out, format);
  const given = await givenAny(path);
  if (given.kind === 'graph')
    throw new ArgumentError(
      `${path}: a graph-model, whose layers are gone and whose weights are frozen; train its layers-model or Keras file`,
    );
  const stopped = await withEngine(flags, async (engine) => {
    const model = await given.load(engine);
    const { x, y, classNames } = await trainingData(model, flags);
    if (flags.policy) await (await plan(model, { policy: flags.policy, engine })).apply(model);
    const { options, words } = compileOptionsFor(model, given, flags, classNames !== undefined);
    model.compile(options);
    if (flags.learningRate !== undefined) model.optimizer.learningRate = flags.learningRate;
    if (classNames)
      console.log(`Classes: ${classNames.map((name, number) => `${number} ${name}`).join(', ')}`);
    console.log(`${path}: ${given.format}; ${x.shape[0]} samples; ${model.policy.name}; ${words}\n`);
    const rows = classNames && isOneHot(options.loss);
    const labels = rows ? oneHotOf(y, classNames.length) : y;
    let interrupted = false;
    const stop = () => {
      interrupted = true;
      model.stopTraining = true;
      console.error('\nhalftape: stopping after this step; Ctrl-C again ends at once');
    };
    const history = await stoppable(stop, () =>
      model.fit(x, labels, {
        ...{ epochs, batchSize },
        ...(validationSplit ? { validationSplit } : {}),
      }),
    );
    await saveModel(model as never, out, { format: writerFor(out, format).key, halfWeights });
    await summarise(out, history);
    return interrupted;
  });
  if (stopped) throw new ArgumentError(`interrupted: ${out} holds what was learned until then`);
}

/** What the file says, changed by what the user says. Throws `ArgumentError` where neither names a loss. */
function compileOptionsFor(
  model: Model,
  { path, stored }: GivenModel,
  flags: TrainFlags,
  byClass: boolean,
): { readonly options: CompileOptions; readonly words: string } {
  const known = model.compileOptions;
  const loss = flags.loss ?? known?.loss ?? (byClass ? 'sparseCategoricalCrossentropy' : undefined);
  if (loss === undefined)
    throw new ArgumentError(
      `${path}: the file names no loss; give --loss, one of ${Object.keys(losses).join(', ')}`,
    );
  const own = flags.optimizer === undefined ? known?.optimizer : undefined;
  const optimizer = own ?? optimizerFromConfig({ className: flags.optimizer ?? 'adam', config: {} });
  const scored = /crossentropy/i.test(nameOf(loss)) ? ['accuracy'] : [];
  const metrics = flags.metrics ?? known?.metrics ?? scored;
  const state = own && stored.optimizerWeights?.length ? ', with its state from the file' : '';
  const name = typeof optimizer === 'string' ? optimizer : optimizer.constructor.name;
  return {
    // Another policy than the file's decides anew whether the loss is scaled.
    options: {
      ...{ ...known, optimizer, loss, metrics },
      ...(flags.policy && { autoScaleLoss: undefined }),
    } as CompileOptions,
    words: `${nameOf(loss)}; ${name}${state}`,
  };
}

function nameOf(loss: CompileOptions['loss']): string {
  if (typeof loss === 'string') return loss;
  return typeof loss === 'object' && loss !== null && 'name' in loss
    ? String(loss.name)
    : 'losses of the file';
}

function isOneHot(loss: CompileOptions['loss']): boolean {
  return nameOf(loss) === 'categoricalCrossentropy';
}

async function summarise(out: string, { history, epochs, msPerStep }: History): Promise<void> {
  const last = Object.entries(history).map(([name, values]) => [
    name,
    show(values[0]!),
    show(values.at(-1)!),
  ]);
  console.log(`\n${textTable(['', 'first epoch', 'last epoch'], last)}`);
  console.log(
    `\n${epochs} ${epochs === 1 ? 'epoch' : 'epochs'}, ${show(msPerStep)} ms a step; ${out} written, ${await sizeOfFiles(out)}`,
  );
}

function show(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));
}
