/** One training step, as users write it: 784-512-512-10, batches of 64, Adam, cross-entropy, under `jit`. */
import * as ht from '../src/node.ts';
import { hostFacts } from './host.ts';
import { Repeated, type Run } from './measure.ts';
import { stepInputs } from './peers/inputs.ts';
import { ADAM, CHECKED_STEPS, type StepProblem } from './peers/peer.ts';
import { referenceLosses } from './peers/reference.ts';
import type { Case, StepFacts } from './rows.ts';
import { messageOf, type Prepared, type Ready, type Refused } from './suite.ts';

export const STEP: StepProblem = { suite: 'step', batch: 64, widths: [784, 512, 512, 10] };

/** Of 1, 2, 4 and 8 times the width and the batch, for --scaling, beside `STEP` itself. */
const SCALED: readonly StepProblem[] = [
  ...[128, 256, 1024].map((width) => ({ ...STEP, widths: [784, width, width, 10] })),
  ...[128, 256, 512].map((batch) => ({ ...STEP, batch })),
];

/** Small enough that many of them take little time, for --steps. */
const SMALL: StepProblem = { ...STEP, batch: 16, widths: [64, 64, 64, 10] };

interface Form {
  readonly name: string;
  readonly policy: 'float32' | 'mixed_float16';
  readonly f16: ht.HalfForm;
}

function formsOf(native: boolean): readonly Form[] {
  const f16 = native ? 'native' : 'packed';
  return [
    { name: 'float32', policy: 'float32', f16 },
    ...(native ? [{ name: 'mixed_float16', policy: 'mixed_float16', f16 } as const] : []),
    { name: 'mixed_float16 packed', policy: 'mixed_float16', f16: 'packed' },
  ];
}

/**
 * Keras adds epsilon before it corrects the bias of the moments, the reference and the peers after it: this is theirs at
 * the third step, the middle one of those whose losses are compared.
 */
const EPSILON = ADAM.epsilon * Math.sqrt(1 - ADAM.beta2 ** 3);

/** How far the losses of the first steps may be from those of f64, relative to them. */
const TOLERANCE = { float32: 1e-3, mixed_float16: 2e-2 };

export interface StepSuite {
  readonly native: boolean;
  readonly scaling: boolean;
  /** How often the small step is made; 0 for not at all. */
  readonly steps: number;
  readonly wanted: (name: string) => boolean;
}

/** Each policy has an engine of its own. */
export async function prepareStep({ native, scaling, steps, wanted }: StepSuite): Promise<Prepared> {
  const cases: (Ready | Refused)[] = [];
  const engines: ht.Engine[] = [];
  const problems = [STEP, ...(scaling ? SCALED : []), ...(steps > 0 ? [SMALL] : [])];
  for (const { name, policy, f16 } of formsOf(native)) {
    const asked = problems.filter((problem) => {
      const of = caseOf(problem, name);
      return wanted(`${of.name} ${of.storage}`);
    });
    if (asked.length === 0) continue;
    const engine = await ht.open({ policy, f16, seed: 1 });
    engines.push(engine);
    for (const problem of asked) {
      const times = problem === SMALL ? steps : 0;
      cases.push(await prepared(engine, problem, { name, policy, times }));
    }
  }
  ht.mixedPrecision.setGlobalPolicy('float32');
  return {
    cases,
    release: () => {
      for (const engine of engines) engine.close();
    },
  };
}

async function prepared(
  engine: ht.Engine,
  problem: StepProblem,
  { name, policy, times }: Pick<Form, 'name' | 'policy'> & { readonly times: number },
): Promise<Ready | Refused> {
  const of = caseOf(problem, name);
  try {
    const { step, program } = trainingStep(engine, problem, policy === 'mixed_float16');
    const losses = await firstLosses(step);
    const failure = wrongLosses(losses, TOLERANCE[policy], problem);
    if (failure) return { ...of, failure };
    const work = new StepWork(engine, step);
    const facts = {
      ...{ model: problem.widths.join('-'), batch: problem.batch },
      ...(await hostFacts(engine, program(), step)),
      ...(times > 0 ? { drift: await driftOf(work, times) } : {}),
    };
    return { ...of, step: facts, work };
  } catch (error) {
    return { ...of, failure: messageOf(error) };
  }
}

function caseOf({ batch, widths }: StepProblem, storage: string): Case {
  const products = widths.slice(1).map((outputs, index) => ({
    weights: widths[index]! * outputs,
    // Forward, by the weights, and by the input; nobody asks for the gradient by the images.
    passes: index === 0 ? 2 : 3,
  }));
  return {
    suite: 'step',
    name: `${widths.join('-')} batch ${batch}`,
    storage,
    kernel: 'jit',
    flops: products.reduce((sum, { weights, passes }) => sum + 2 * batch * weights * passes, 0),
    // Adam alone: gradient, weight and two moments read, the last three written.
    bytes: products.reduce((sum, { weights }) => sum + weights * 4 * 7, 0),
    limit: 'fmaF32',
  };
}

type Step = () => ht.Tensor;

function trainingStep(engine: ht.Engine, problem: StepProblem, mixed: boolean) {
  const { x, labels, layers } = stepInputs(problem);
  const { batch, widths } = problem;
  const model = ht.sequential(
    layers.map(({ outputs }, index) =>
      ht.layers.dense({
        units: outputs,
        ...(index < layers.length - 1 ? { activation: 'relu' } : {}),
        ...(index === 0 ? { inputShape: [widths[0]!] } : {}),
      }),
    ),
  );
  model.build([widths[0]!], engine);
  model.setWeights(layers.flatMap(({ kernel, bias }) => [kernel, bias]));
  const adam = ht.optimizers.adam({ ...ADAM, epsilon: EPSILON });
  const optimizer = mixed ? new ht.LossScaleOptimizer(adam) : adam;
  const images = ht.tensor(x, { shape: [batch, widths[0]!], engine });
  const classes = ht.tensor(labels, { engine });
  const train = ht.jit((xs: ht.Tensor, ys: ht.Tensor) =>
    optimizer.minimize(
      () => ht.losses.sparseCategoricalCrossentropy(ys, model.apply(xs), { fromLogits: true }),
      model.trainableVariables,
    ),
  );
  return { step: () => train(images, classes), program: () => train.program(images, classes) };
}

async function firstLosses(step: Step): Promise<number[]> {
  const losses: number[] = [];
  for (let index = 0; index < CHECKED_STEPS; index++) {
    const loss = step();
    losses.push((await loss.data())[0]!);
    loss.dispose();
  }
  return losses;
}

/** Why these are not the losses of the first steps; nothing if they are. */
export function wrongLosses(
  losses: readonly number[],
  tolerance: number,
  problem: StepProblem = STEP,
): string | undefined {
  for (const [step, expected] of referenceLosses(problem).entries()) {
    const loss = losses[step]!;
    if (!(Math.abs(loss - expected) <= tolerance * expected))
      return `the loss of step ${step} is ${loss}, expected ${expected} within ${tolerance * 100} %`;
  }
  return losses.at(-1)! < losses[0]! ? undefined : `the loss does not fall: ${losses.join(', ')}`;
}

/** Steps submitted one after the other, and one wait at the end: as `fit` does it. */
class StepWork extends Repeated {
  readonly run: Run;

  constructor(engine: ht.Engine, step: Step) {
    const run: Run = async (times) => {
      const start = performance.now();
      for (let time = 0; time < times; time++) {
        step().dispose();
        if (time % 16 === 15) await engine.settle(2);
      }
      await engine.settle();
      return performance.now() - start;
    };
    super(run);
    this.run = run;
  }

  dispose(): void {}
}

/** The time of a step in each tenth of so many. */
async function driftOf({ run }: StepWork, steps: number): Promise<NonNullable<StepFacts['drift']>> {
  const msPerStep: number[] = [];
  for (let tenth = 0; tenth < 10; tenth++) msPerStep.push((await run(steps / 10)) / (steps / 10));
  return { steps, msPerStep };
}
