/** One training of 784-512-512-10 under one policy: what the demo compares. */
import * as ht from '../../src/node.ts';
import { CLASSES, type Digits, PIXELS } from './digits.ts';
import { type ExponentHistogram, gradientExponents } from './exponents.ts';

export interface Run {
  readonly policy: ht.PolicyName;
  /** Share of test digits told right. */
  readonly testAccuracy: number;
  /** Mean training loss of the last epoch. */
  readonly finalLoss: number;
  readonly msPerStep: number;
  /** Highest number of bytes of GPU memory in use. */
  readonly peakBytes: number;
  readonly skippedSteps: number;
  readonly finalLossScale: number;
  /** Training loss of each step. */
  readonly losses: readonly number[];
  /** Loss scale at the end of each epoch, the starting scale first. */
  readonly lossScales: readonly number[];
}

export interface RunOptions {
  readonly policy: ht.PolicyName;
  readonly train: Digits;
  readonly test: Digits;
  readonly epochs: number;
}

export interface Trained {
  readonly run: Run;
  readonly adapter: string;
  readonly software: boolean;
  /** Of the trained model's gradients where the loss is scaled: without the scale, and with the final one. */
  readonly exponents: readonly ExponentHistogram[];
}

const BATCH = 64;
const LEARNING_RATE = 0.001;
/** The rate falls by this factor each epoch, so that the last epochs settle. */
const DECAY = 0.7;
/** Keras waits 2,000 finite steps before the scale grows; training is shorter here, and should meet the ceiling. */
const GROWTH_STEPS = 50;

/** Trains on an engine of its own, from the same weights and with the same batches for every policy. */
export async function trainDigits(options: RunOptions): Promise<Trained> {
  const { policy, train, test, epochs } = options;
  const engine = await ht.open({ policy, seed: 1 });
  try {
    const model = ht.sequential([
      ht.layers.dense({ units: 512, activation: 'relu', inputShape: [PIXELS] }),
      ht.layers.dense({ units: 512, activation: 'relu' }),
      ht.layers.dense({ units: CLASSES }),
    ]);
    // In float16 throughout the moments are halves too.
    const slotDType = policy === 'float16' ? 'float16' : 'float32';
    const adam = ht.optimizers.adam({ learningRate: LEARNING_RATE, slotDType });
    const scaled =
      policy === 'mixed_float16' ? new ht.LossScaleOptimizer(adam, { growthSteps: GROWTH_STEPS }) : undefined;
    model.compile({
      optimizer: scaled ?? adam,
      loss: { name: 'sparseCategoricalCrossentropy', fromLogits: true },
      metrics: ['accuracy'],
    });
    const losses: number[] = [];
    const lossScales = [scaled?.initialScale ?? 1];
    const { history, msPerStep } = await model.fit(samples(train), train.labels, {
      epochs,
      batchSize: BATCH,
      callbacks: {
        onBatchEnd: (step, { loss }) => {
          losses[step] = loss!;
        },
        onEpochEnd: (epoch, logs) => {
          model.optimizer.learningRate = LEARNING_RATE * DECAY ** (epoch + 1);
          lossScales.push(logs.lossScale ?? 1);
          return undefined;
        },
      },
    });
    const { accuracy } = await model.evaluate(samples(test), test.labels, { batchSize: 500 });
    const { skipped } = await model.optimizer.readState();
    const run: Run = {
      policy,
      testAccuracy: accuracy!,
      finalLoss: history.loss!.at(-1)!,
      msPerStep,
      peakBytes: engine.memory().peakBytes,
      skippedSteps: skipped,
      finalLossScale: lossScales.at(-1)!,
      losses,
      lossScales,
    };
    const exponents: ExponentHistogram[] = [];
    for (const scale of scaled ? [1, run.finalLossScale] : [])
      exponents.push(await gradientExponents(model, train, BATCH, scale));
    return { run, adapter: engine.info.adapter, software: engine.info.software, exponents };
  } finally {
    engine.close();
  }
}

function samples({ images, count }: Digits): { values: Float32Array; shape: number[] } {
  return { values: images, shape: [count, PIXELS] };
}
