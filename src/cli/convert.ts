/** `halftape convert`: a trained model in mixed precision, planned, held against float32, and written. */
import { Command, Option } from 'commander';
import { GraphModel } from '../convert/graph/graph-model.ts';
import type { Trained } from '../convert/layer-calls.ts';
import { plan } from '../convert/plan.ts';
import type { Plan } from '../convert/planned.ts';
import { OpPlan } from '../convert/planned-ops.ts';
import { writerFor } from '../convert/save-model.ts';
import type { Verification } from '../convert/verification.ts';
import { verify } from '../convert/verify.ts';
import { writeTextAtomic } from '../node/atomic.ts';
import { type Advice, ArgumentError, advise, type Engine, type Shape } from '../node.ts';
import { textTable, threeDigits } from '../values/text-table.ts';
import { adapterOptions, type OpenFlags, withEngine } from './engine.ts';
import { type GivenGraph, type GivenModel, givenAny } from './models.ts';
import { bound, wholeNumber } from './numbers.ts';
import { checkOutput, checkWritable, type Output, readBack, sizeOfFiles, writeModel } from './output.ts';
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
  halftape convert model.json --out same --rules tensorflow     precision by op, as TensorFlow's graph rewrite
  halftape convert graph/model.json --out half --half-weights   a graph-model: always by op`;

export function convertCommand(): Command {
  const command = new Command('convert')
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
  const given = await givenAny(path);
  checkFlags(given, flags);
  const passed = await withEngine(flags, async (engine) => {
    const model = await given.load(engine);
    console.log(`${path}: ${given.format}, ${countOf(model)} weights`);
    const { samples, words } = await calibrationOf(model, flags);
    console.log(`Calibration: ${words}\n`);
    const planned = await planFor(model, samples, flags);
    console.log(`${planned}\n`);
    const output: Output = { path: out, format: writerFor(out, format).key, halfWeights };
    const written = await readBack(model, path, output, engine);
    const found = await verify(written, samples, {
      ...{ batchSize: flags.batchSize, against: model, engine },
      ...(flags.maxError === undefined ? {} : { maxError: flags.maxError }),
    });
    written.dispose();
    console.log(`Results of what is written, against float32:\n${found}\n`);
    const advice = await adviceOn(given, samples, planned, engine, flags);
    console.log(`${advice}\n`);
    if (report !== undefined) {
      const title = `${path} in ${planned instanceof OpPlan ? `precision by op, rules '${planned.rules.rules}'` : planned.policy.name}`;
      // Plots take seconds to load.
      const { reportOf } = await import('./convert-report.ts');
      const page = reportOf({ title, calibration: words, plan: planned, verification: found, advice });
      await writeTextAtomic(report, page);
    }
    if (!found.passed && !flags.force) return false;
    await writeModel(model, path, output);
    await summarise(model, output, found, advice);
    return true;
  });
  if (!passed)
    throw new ArgumentError(
      `${out}: not written, since ${flags.maxError === undefined ? 'results are not finite' : 'the bound is not kept'}; --force writes it all the same`,
    );
}

/** What graph-models have no use for, told before there is work. Throws `ArgumentError`. */
function checkFlags({ kind, path }: GivenModel | GivenGraph, { policy, out, format }: ConvertFlags): void {
  if (kind === 'layers') return;
  if (policy !== undefined)
    throw new ArgumentError(
      `${path}: a graph-model, which has ops and no layers; use --rules tensorflow or --rules pytorch`,
    );
  const { key } = writerFor(out, format);
  if (key !== 'tfjs')
    throw new ArgumentError(`${out}: a graph-model is written as one of TensorFlow.js; name a folder`);
}

type Samples = Awaited<ReturnType<typeof samplesFor>> | ReturnType<typeof randomSamples>['samples'];

async function calibrationOf(
  model: Trained,
  flags: ConvertFlags,
): Promise<{ readonly samples: Samples; readonly words: string }> {
  const { calibrate } = flags;
  if (calibrate === undefined) {
    const fixed = model instanceof GraphModel ? model.batchSize : undefined;
    const count = fixed ?? Math.min(flags.limit ?? 2, flags.batchSize);
    const { samples, words } = randomSamples(model, count, flags);
    return { samples, words: `${words}; --calibrate measures real ones` };
  }
  const { values, shape } = await samplesFor(model, calibrate, flags);
  return { samples: { values, shape }, words: `${calibrate}, (${shape.join(', ')})` };
}

/** By op where there are rules or no layers, else by layers; carried out. */
async function planFor(
  model: Trained,
  samples: Samples,
  { policy, rules, batchSize }: ConvertFlags,
): Promise<Plan | OpPlan> {
  const measured = { calibration: samples as never, batchSize };
  const planned =
    rules !== undefined || model instanceof GraphModel
      ? await plan(model, { rules: rules ?? 'tensorflow', ...measured })
      : await plan(model, { policy: policy ?? 'mixed_float16', ...measured });
  await planned.apply(model as never);
  return planned;
}

/** Time and memory of predictions, in float32 and as planned. */
async function adviceOn(
  given: GivenModel | GivenGraph,
  samples: Samples,
  planned: Plan | OpPlan,
  engine: Engine,
  { batchSize }: ConvertFlags,
): Promise<Advice> {
  const shapes: readonly Shape[] = (Array.isArray(samples) ? samples : [samples]).map(({ shape }) => shape);
  const make = async () => {
    const model = await given.load(engine, { silent: true, compile: false });
    // What the file says does not count: the plan's rules come from outside, and float32 has none.
    model.autocast = undefined;
    return model;
  };
  return advise(make, {
    ...(planned instanceof OpPlan ? { autocast: planned.rules } : { policy: planned.policies }),
    batchSize: Math.min(batchSize, shapes[0]![0]!),
    sampleShapes: shapes.map((shape) => shape.slice(1)),
    training: false,
    rounds: 3,
    engine,
  });
}

async function summarise(
  model: Trained,
  { path, format, halfWeights }: Output,
  found: Verification,
  { rows: [row] }: Advice,
): Promise<void> {
  const [half, whole] =
    model instanceof GraphModel ? ['float16 or less', 'as they were'] : ['float16', 'float32'];
  const weights = halfWeights ? half! : whole!;
  const percent = (of: number) => `${threeDigits(100 * of)} %`;
  const { mixed, float32, spread } = row!;
  const head = ['written', 'format', 'weights', 'size', 'error', 'time', 'memory'];
  const cells = [
    ...[path, format, weights, await sizeOfFiles(path)],
    ...[percent(found.error), spread.map(percent).join(' to '), percent(mixed.bytes / float32.bytes)],
  ];
  console.log(`${textTable(head, [cells])}\nTime and memory: of a prediction, as shares of float32's.`);
}

function countOf({ weights }: Trained): string {
  return weights.reduce((sum, { size }) => sum + size, 0).toLocaleString('en-US');
}
