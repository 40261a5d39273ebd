/** `advise`: what mixed precision gains or costs for a model on the adapter at hand, in time, memory and casts. */
import { type Jitted, jit } from '../autograd/jit.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import { defaultEngine } from '../gpu/default-engine.ts';
import type { Engine } from '../gpu/engine.ts';
import { add } from '../ops/add.ts';
import { cast } from '../ops/cast.ts';
import { randomUniform, zeros } from '../ops/creation.ts';
import { mean } from '../ops/mean.ts';
import { square } from '../ops/square.ts';
import { type AutocastOptions, autocast } from '../precision/autocast.ts';
import { type PolicyLike, toPolicy } from '../precision/policy.ts';
import { isFloat } from '../values/dtype.ts';
import { ArgumentError } from '../values/errors.ts';
import { median } from '../values/median.ts';
import { checkOptions } from '../values/options.ts';
import { isKnown, type Shape } from '../values/shape.ts';
import { Advice, type AdviceRow, type Measured } from './advice.ts';
import type { InputSpec } from './batches.ts';
import { checkCount } from './checks.ts';
import type { CallOptions } from './layer.ts';
import { Embedding } from './layers/embedding.ts';
import { Model } from './model.ts';
import { Adam } from './optimizers/adam.ts';
import { LossScaleOptimizer } from './optimizers/loss-scale-optimizer.ts';
import { createProgress } from './progress.ts';
import { like, type Tensors } from './several.ts';

export interface AdviseOptions {
  /** What is held against float32: a policy, or policies by layers. Default `'mixed_float16'`. */
  policy?: PolicyLike;
  /** Instead of a policy: rules by op. */
  autocast?: AutocastOptions;
  /** Samples in a batch. Default 32. */
  batchSize?: number;
  /** Shape of one sample for each input, where the model does not declare it. */
  sampleShapes?: readonly Shape[];
  /** Whether training steps are measured too. Default true. */
  training?: boolean;
  /** Rounds that are measured, all works in turns. Default 7. */
  rounds?: number;
  /** Shortest sample, in milliseconds. Default 50. */
  minMs?: number;
  /** Default: the default engine. */
  engine?: Engine;
  /** 0 is silent. Default 1. */
  verbose?: 0 | 1;
}

const OPTIONS = [
  ...['policy', 'autocast', 'batchSize', 'sampleShapes', 'training', 'rounds', 'minMs', 'engine', 'verbose'],
];

/** What predicts and does not train, such as a graph-model. */
export interface Predictor {
  readonly inputSpecs: readonly InputSpec[];
  pass(inputs: readonly Tensor[]): readonly Tensor[];
  dispose(): void;
}

type Kind = 'predict' | 'train';

interface Precision {
  readonly label: string;
  readonly policy: PolicyLike;
  readonly autocast?: AutocastOptions | undefined;
}

/** One kind of work in one precision, and how often it fits into a sample. */
interface Work {
  readonly kind: Kind;
  readonly precision: Precision;
  readonly step: Jitted<Tensor[], Tensor>;
  readonly times: number[];
  repeats: number;
}

/**
 * Measures predictions and training steps (Adam on the mean of squared results, loss-scaled where it is mixed) of one model under `float32` and
 * under `mixed_float16`, or what else is asked for, in turns, on random inputs; of a graph-model predictions alone, by TensorFlow's rules unless others are given. `make` gives the model, once for each; both are disposed. Throws
 * `ArgumentError` where a sample's shape is not known.
 */
export async function advise(
  make: () => Model | Predictor | Promise<Model | Predictor>,
  options: AdviseOptions = {},
): Promise<Advice> {
  checkOptions('advise', options, OPTIONS);
  const { engine = defaultEngine('advise'), verbose = 1 } = options;
  const rounds = checkCount('advise', 'rounds', options.rounds ?? 7);
  const batchSize = checkCount('advise', 'batchSize', options.batchSize ?? 32);
  const made: { dispose(): void }[] = [];
  const progress = verbose === 1 ? createProgress() : undefined;
  try {
    const works: Work[] = [];
    let inputs: readonly Tensor[] | undefined;
    let training = options.training ?? true;
    let mixed = chosen(options);
    for (const which of ['float32', 'mixed'] as const) {
      const model = await make();
      made.push(model);
      const isModel = model instanceof Model;
      if (!isModel && options.autocast === undefined) mixed = chosen({ autocast: { rules: 'tensorflow' } });
      training &&= isModel;
      const precision = which === 'float32' ? FLOAT32 : mixed;
      const samples = samplesOf(model, options.sampleShapes);
      if (isModel) {
        model.dtypePolicy = precision.policy;
        model.build(like<Tensors, Shape>(samples.length > 1 || model.inputSpecs.length > 1, samples), engine);
      }
      inputs ??= exampleInputs(engine, model, samples, batchSize);
      const steps = stepsOf(engine, model, precision, training, made);
      works.push(...steps.map(([kind, step]): Work => ({ kind, precision, step, times: [], repeats: 1 })));
    }
    made.push(...inputs!);
    progress?.start('Measuring', works.length * (rounds + 1));
    const minMs = options.minMs ?? 50;
    await measure(engine, works, inputs!, rounds, minMs, (done) =>
      progress?.step({ done, total: works.length * (rounds + 1), numbers: {} }),
    );
    const rows = [];
    for (const kind of training ? (['predict', 'train'] as const) : (['predict'] as const)) {
      const [float32, mixed] = works.filter((work) => work.kind === kind);
      rows.push(await rowOf(kind, float32!, mixed!, inputs!));
    }
    progress?.end({ rounds });
    return new Advice(engine.info, batchSize, rows, mixed.label);
  } finally {
    progress?.stop();
    for (const one of made.reverse()) one.dispose();
  }
}

const FLOAT32: Precision = { label: 'float32', policy: 'float32' };

/** What is held against float32. */
function chosen({ policy = 'mixed_float16', autocast }: AdviseOptions): Precision {
  if (!autocast) return { label: toPolicy(policy).name, policy };
  return { label: `rules '${autocast.rules ?? 'tensorflow'}'`, policy: 'float32', autocast };
}

function samplesOf(model: Model | Predictor, given: readonly Shape[] | undefined): readonly Shape[] {
  const { inputSpecs } = model;
  return inputSpecs.map(({ name, sample }, index) => {
    const shape = given?.[index] ?? sample;
    if (shape && isKnown(shape)) return shape;
    throw new ArgumentError(
      `advise: the model does not declare the whole shape of '${name}'; give sampleShapes, one for each input`,
    );
  });
}

function exampleInputs(
  engine: Engine,
  model: Model | Predictor,
  samples: readonly Shape[],
  batchSize: number,
): Tensor[] {
  const looksUp = model instanceof Model && model.layers[0] instanceof Embedding;
  return model.inputSpecs.map(({ dtype = looksUp ? 'int32' : 'float32' }, index) => {
    const shape = [batchSize, ...samples[index]!];
    return isFloat(dtype)
      ? randomUniform(shape, 0, 1, 'float32', { engine })
      : zeros(shape, dtype, { engine });
  });
}

/** What users run: a prediction, and a step of training. */
function stepsOf(
  engine: Engine,
  model: Model | Predictor,
  { policy, autocast: rules }: Precision,
  training: boolean,
  made: { dispose(): void }[],
): [Kind, Jitted<Tensor[], Tensor>][] {
  const results = (inputs: readonly Tensor[], training: boolean): Tensor => {
    const masks = inputs.map(() => null);
    const outputs =
      model instanceof Model
        ? model.pass(inputs, masks, { training } as CallOptions<Tensors>).outputs
        : model.pass(inputs);
    return outputs.map((output) => mean(square(cast(output, 'float32')))).reduce((a, b) => add(a, b));
  };
  const within = <T>(work: () => T): T => (rules ? autocast({ ...rules, engine }, work) : work());
  const predict = jit((...inputs: Tensor[]) => within(() => results(inputs, false)));
  made.push(predict);
  if (!training || !(model instanceof Model)) return [['predict', predict]];
  const adam = new Adam({});
  const optimizer = rules || toPolicy(policy).name === 'mixed_float16' ? new LossScaleOptimizer(adam) : adam;
  const train = jit((...inputs: Tensor[]) =>
    within(() => optimizer.minimize(() => results(inputs, true), model.trainableVariables)),
  );
  made.push(optimizer, train);
  return [
    ['predict', predict],
    ['train', train],
  ];
}

/** All works in turns, every other round backwards: what slows the machine for a while slows all of them. The first round warms up. */
async function measure(
  engine: Engine,
  works: readonly Work[],
  inputs: readonly Tensor[],
  rounds: number,
  minMs: number,
  progress: (done: number) => void,
): Promise<void> {
  let done = 0;
  const run = async ({ step, repeats }: Work) => {
    const start = performance.now();
    for (let time = 0; time < repeats; time++) tidy(() => void step(...inputs));
    await engine.settle();
    return performance.now() - start;
  };
  for (let round = 0; round <= rounds; round++) {
    for (const work of round % 2 === 0 ? works : [...works].reverse()) {
      if (round === 0) {
        // Twice: shaders compile in the first.
        await run(work);
        work.repeats = Math.min(1000, Math.max(1, Math.ceil(minMs / Math.max(await run(work), 1e-3))));
      } else work.times.push((await run(work)) / work.repeats);
      progress(++done);
    }
  }
}

async function rowOf(kind: Kind, float32: Work, mixed: Work, inputs: readonly Tensor[]): Promise<AdviceRow> {
  // Of each round by itself: a machine that is slow for a while is slow for both.
  const ratios = mixed.times.map((ms, round) => ms / float32.times[round]!).sort((a, b) => a - b);
  return {
    kind,
    float32: await measuredOf(float32, inputs),
    mixed: await measuredOf(mixed, inputs),
    ratio: median(ratios),
    spread: [ratios[Math.floor(ratios.length / 4)]!, ratios.at(-1 - Math.floor(ratios.length / 4))!],
  };
}

async function measuredOf({ step, times }: Work, inputs: readonly Tensor[]): Promise<Measured> {
  const program = step.program(...inputs);
  const report = program.report();
  const profile = await program.profile();
  const casts = profile.kernels.filter(({ label }) => label.startsWith('cast '));
  const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
  return {
    ms: median(times),
    bytes: report.bytes + sum(Object.values(report.outside)),
    dispatches: report.dispatches,
    casts: sum(casts.map(({ calls }) => calls)),
    castShare: sum(casts.map(({ share }) => share)),
  };
}
