/** `halftape convert`: a trained model in mixed precision, planned, held against float32, and written. */
import { Command, Option } from 'commander';
import { inputBatches } from '../convert/layer-calls.ts';
import { plan } from '../convert/plan.ts';
import type { Plan } from '../convert/planned.ts';
import { type SaveOptions, writerFor } from '../convert/save-model.ts';
import type { Verification } from '../convert/verification.ts';
import { verify } from '../convert/verify.ts';
import type { CallOptions } from '../nn/layer.ts';
import type { Tensors } from '../nn/several.ts';
import { writeTextAtomic } from '../node/atomic.ts';
import {
  type Advice,
  ArgumentError,
  type AutocastOptions,
  advise,
  autocast,
  type Engine,
  jit,
  type Model,
  type Shape,
  saveModel,
  type Tensor,
} from '../node.ts';
import { textTable, threeDigits } from '../values/text-table.ts';
import { adapterOptions, type OpenFlags, withEngine } from './engine.ts';
import { type GivenModel, givenModel } from './models.ts';
import { bound, wholeNumber } from './numbers.ts';
import { checkOutput, checkWritable, readBack, sizeOfFiles } from './output.ts';
import { randomSamples, type SampleFlags, sampleOptions, samplesFor } from './samples.ts';

export interface ConvertFlags extends OpenFlags, SampleFlags {
  out: string;
  format?: string;
  policy?: 'mixed_float16' | 'float16' | 'float32';
  rules?: 'tensorflow' | 'pytorch';
  calibrate?: string;
  batchSize: number;
  maxError?: number;
  halfWeights?: boolean;
  report?: string;
  force?: boolean;
}

const EXAMPLES = `
Exit codes: 0 written; 1 failed, or the bound is not kept: nothing is written; 2 not understood.

Examples:
  halftape convert model.json --out mixed                       plan by layers, random inputs
  halftape convert trained.h5 --out mixed.keras --calibrate photos --scale 1/255 --max-error 1e-2
  halftape convert model.json --out half --half-weights --report report.html
  halftape convert model.json --out same --rules tensorflow     precision by op, as TensorFlow's graph rewrite`;

export function convertCommand(): Command {
  const command = new Command('convert')
    .description('Convert a trained model to mixed precision, and measure what that does to its results.')
    .argument('<model>', 'a file or a folder: model.json, .h5, .keras, ...')
    .requiredOption('--out <path>', 'where the model goes: a folder for TensorFlow.js, else a file')
    .addOption(new Option('--format <name>', "the format; default: by the path's end"))
    .addOption(
      new Option('--policy <name>', 'what layers get that nothing speaks against; default: mixed_float16')
        .choices(['mixed_float16', 'float16', 'float32'])
        .conflicts('rules'),
    )
    .addOption(
      new Option('--rules <name>', 'precision by op instead of by layer').choices(['tensorflow', 'pytorch']),
    )
    .option(
      '--calibrate <path>',
      'sample inputs: .npy, .npz, a picture, or a folder of them; default: random',
    )
    .addOption(new Option('--batch-size <n>', 'samples in a batch').default(8).argParser(wholeNumber));
  return adapterOptions(sampleOptions(command))
    .addOption(
      new Option('--max-error <share>', 'most that a result may differ, of the largest result').argParser(
        bound,
      ),
    )
    .option('--half-weights', 'write weights as float16: half the size')
    .option('--report <path>', 'write a page with plots: errors, ranges, time and memory')
    .option('--force', 'write the model though the bound is not kept')
    .addHelpText('after', EXAMPLES)
    .action(convert);
}

async function convert(path: string, flags: ConvertFlags): Promise<void> {
  const { out, format, report, halfWeights = false } = flags;
  await checkOutput(out, format);
  if (report !== undefined) await checkWritable(report);
  const given = await givenModel(path);
  const passed = await withEngine(flags, async (engine) => {
    const model = await given.load(engine);
    console.log(`${path}: ${given.stored.format}, ${countOf(model)} weights`);
    const { samples, words } = await calibrationOf(model, flags);
    console.log(`Calibration: ${words}\n`);
    const rules: AutocastOptions | undefined = flags.rules && { rules: flags.rules };
    const planned = rules ? undefined : await planFor(model, samples, flags);
    const explained = rules && (await explain(model, samples, rules, engine, flags));
    console.log(`${planned ?? explained}\n`);
    const options: SaveOptions = { format: writerFor(out, format).key, halfWeights };
    const written = await readBack(model, out, options, engine);
    const checks = { ...(rules ? { autocast: rules } : {}), batchSize: flags.batchSize, against: model };
    const found = await verify(written, samples, {
      ...checks,
      ...(flags.maxError === undefined ? {} : { maxError: flags.maxError }),
    });
    written.dispose();
    console.log(`Results of what is written, against float32:\n${found}\n`);
    const advice = await adviceOn(given, samples, planned, rules, engine, flags);
    console.log(`${advice}\n`);
    if (report !== undefined) {
      const title = `${path} in ${rules ? `precision by op, rules '${flags.rules}'` : planned!.policy.name}`;
      // Plots take seconds to load.
      const { reportOf } = await import('./convert-report.ts');
      const page = reportOf({ title, calibration: words, plan: planned, verification: found, advice });
      await writeTextAtomic(report, page);
    }
    if (!found.passed && !flags.force) return false;
    await saveModel(model as never, out, options);
    await summarise(out, options, found, advice);
    if (rules)
      console.log(
        `The rules are not in the file, which has policies by layer: run it within ht.autocast({ rules: '${flags.rules}' }, ...), or compile({ autocast }).`,
      );
    return true;
  });
  if (!passed)
    throw new ArgumentError(
      `${out}: not written, since ${flags.maxError === undefined ? 'results are not finite' : 'the bound is not kept'}; --force writes it all the same`,
    );
}

type Samples = Awaited<ReturnType<typeof samplesFor>> | ReturnType<typeof randomSamples>['samples'];

async function calibrationOf(
  model: Model,
  flags: ConvertFlags,
): Promise<{ readonly samples: Samples; readonly words: string }> {
  const { calibrate } = flags;
  if (calibrate === undefined) {
    const { samples, words } = randomSamples(model, Math.min(flags.limit ?? 2, flags.batchSize), flags);
    return { samples, words: `${words}; --calibrate measures real ones` };
  }
  const { values, shape } = await samplesFor(model, calibrate, flags);
  return { samples: { values, shape }, words: `${calibrate}, (${shape.join(', ')})` };
}

async function planFor(model: Model, samples: Samples, flags: ConvertFlags): Promise<Plan> {
  const { policy = 'mixed_float16', batchSize } = flags;
  const planned = await plan(model, { policy, calibration: samples as never, batchSize });
  await planned.apply(model);
  return planned;
}

/** The precision of each op of a prediction. */
async function explain(
  model: Model,
  samples: Samples,
  rules: AutocastOptions,
  engine: Engine,
  { batchSize }: ConvertFlags,
): Promise<string> {
  const predict = jit((...inputs: Tensor[]) =>
    autocast(rules, () => {
      const masks = inputs.map(() => null);
      return model.pass(inputs, masks, {} as CallOptions<Tensors>).outputs;
    }),
  );
  try {
    for await (const inputs of inputBatches('convert', model, engine, samples as never, batchSize))
      return String(predict.program(...inputs).explainPrecision());
    return '';
  } finally {
    predict.dispose();
  }
}

/** Time and memory of predictions, in float32 and as planned. */
async function adviceOn(
  given: GivenModel,
  samples: Samples,
  planned: Plan | undefined,
  rules: AutocastOptions | undefined,
  engine: Engine,
  { batchSize }: ConvertFlags,
): Promise<Advice> {
  const shapes: readonly Shape[] = (Array.isArray(samples) ? samples : [samples]).map(({ shape }) => shape);
  return advise(() => given.load(engine, { silent: true, compile: false }), {
    ...(rules ? { autocast: rules } : { policy: planned!.policies }),
    batchSize: Math.min(batchSize, shapes[0]![0]!),
    sampleShapes: shapes.map((shape) => shape.slice(1)),
    training: false,
    rounds: 3,
    engine,
  });
}

async function summarise(
  out: string,
  { format, halfWeights }: SaveOptions,
  found: Verification,
  { rows: [row] }: Advice,
): Promise<void> {
  const percent = (of: number) => `${threeDigits(100 * of)} %`;
  const { mixed, float32, spread } = row!;
  const head = ['written', 'format', 'weights', 'size', 'error', 'time', 'memory'];
  const cells = [
    ...[out, format!, halfWeights ? 'float16' : 'float32', await sizeOfFiles(out)],
    ...[percent(found.error), spread.map(percent).join(' to '), percent(mixed.bytes / float32.bytes)],
  ];
  console.log(`${textTable(head, [cells])}\nTime and memory: of a prediction, as shares of float32's.`);
}

function countOf({ weights }: Model): string {
  return weights.reduce((sum, { size }) => sum + size, 0).toLocaleString('en-US');
}
