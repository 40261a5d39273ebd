/** A task that float16 learns with loss scaling alone: static, dynamic and adaptive beside none. Run: npx tsx examples/loss-scales.ts */
import { parseArgs } from 'node:util';
import { writeTextAtomic } from '../src/node/atomic.ts';
import * as ht from '../src/node.ts';
import { CLASSES, type Digits, loadDigits, PIXELS } from './demo/digits.ts';
import { renderScaleReport, type ScaledRun } from './demo/scale-report.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    report: { type: 'string', default: 'report/loss-scales.html' },
  },
});
const { digits, epochs } = values.quick ? { digits: 2000, epochs: 8 } : { digits: 4000, epochs: 10 };
const BATCH = 200;
const HIDDEN = 6;

interface Kind {
  readonly policy: ht.PolicyName;
  readonly optimizer: (adam: ht.Optimizer) => ht.Optimizer | ht.LossScaleOptimizer;
  readonly options?: { readonly autoScaleLoss?: boolean; readonly lossScaling?: 'adaptive' };
}

const KINDS: Readonly<Record<string, Kind>> = {
  float32: { policy: 'float32', optimizer: (adam) => adam },
  none: { policy: 'mixed_float16', optimizer: (adam) => adam, options: { autoScaleLoss: false } },
  static: {
    policy: 'mixed_float16',
    optimizer: (adam) =>
      new ht.LossScaleOptimizer(adam, { rules: 'tf.keras', dynamic: false, initialScale: 2 ** 15 }),
  },
  // Keras waits 2,000 finite steps before the scale grows; this run is shorter, and should meet the ceiling.
  dynamic: {
    policy: 'mixed_float16',
    optimizer: (adam) => new ht.LossScaleOptimizer(adam, { growthSteps: 4 }),
  },
  adaptive: { policy: 'mixed_float16', optimizer: (adam) => adam, options: { lossScaling: 'adaptive' } },
};

function network(): ht.Sequential {
  const hidden = Array.from({ length: HIDDEN }, (_, index) =>
    ht.layers.dense({
      ...{ name: `hidden_${index}`, units: 96, activation: 'tanh', kernelInitializer: 'randomUniform' },
      ...(index === 0 ? { inputShape: [PIXELS] } : {}),
    } as const),
  );
  const logits = ht.layers.dense({ name: 'logits', units: CLASSES, kernelInitializer: 'randomUniform' });
  return ht.sequential([...hidden, logits, ht.layers.softmax({ dtype: 'float32' })]);
}

/** Images, and labels as rows with a 1 for the class. */
function samplesOf({ images, labels, count }: Digits) {
  const rows = new Float32Array(count * CLASSES);
  for (const [row, label] of labels.entries()) rows[row * CLASSES + label] = 1;
  return [
    { values: images, shape: [count, PIXELS] },
    { values: rows, shape: [count, CLASSES] },
  ] as const;
}

async function trained(name: string, { policy, optimizer, options }: Kind) {
  const engine = await ht.open({ policy, seed: 1 });
  try {
    const model = network();
    // Adam's default epsilon is larger than these gradients are.
    const adam = ht.optimizers.adam({ learningRate: 0.002, epsilon: 1e-14 });
    model.compile({ optimizer: optimizer(adam), loss: 'mse', metrics: ['accuracy'], ...options });
    const losses: number[] = [];
    const { history, layerScales } = await model.fit(...samplesOf(train), {
      ...{ epochs, batchSize: BATCH, verbose: 0 },
      // Weights that sum to 1: a loss so small that its gradients are.
      sampleWeight: new Float32Array(train.count).fill(1 / train.count),
      callbacks: {
        onBatchEnd: (step, { loss }) => {
          losses[step] = loss! * train.count;
        },
      },
    });
    const { accuracy } = await model.evaluate(...samplesOf(test), { batchSize: 500 });
    const run: ScaledRun = {
      name,
      losses,
      lossScales: history.lossScale ?? losses.map(() => 1),
      layerScales,
    };
    const { skipped, scale } = await model.optimizer.readState();
    const row = [
      ...[name, (history.loss!.at(-1)! * train.count).toFixed(4), `${(accuracy! * 100).toFixed(2)} %`],
      ...[String(skipped), Object.keys(layerScales).length > 0 ? 'by layer' : `2^${Math.log2(scale)}`],
    ];
    return { run, row, adapter: engine.info.adapter };
  } finally {
    engine.close();
  }
}

const { train, test } = loadDigits(digits);
const title = `Loss scaling: ${HIDDEN + 1} layers on ${digits} digits, squared errors in weights that sum to 1`;
console.log(title);
const head = ['scaling', 'loss', 'test accuracy', 'skipped', 'scale'];
const runs: ScaledRun[] = [];
const rows: string[][] = [];
let adapter = '';
const print = (cells: readonly string[]) =>
  console.log(cells.map((cell, i) => (i === 0 ? cell.padEnd(10) : cell.padStart(14))).join(''));
print(head);
for (const [name, kind] of Object.entries(KINDS)) {
  const result = await trained(name, kind);
  runs.push(result.run);
  rows.push(result.row);
  adapter = result.adapter;
  print(result.row);
}
const { layerScales } = runs.at(-1)!;
const shown = Object.entries(layerScales).map(([name, scales]) => `${name} 2^${Math.log2(scales.at(-1)!)}`);
console.log(`layers: ${shown.join(', ')}`);
await writeTextAtomic(values.report, renderScaleReport({ title, adapter, runs, table: { head, rows } }));
console.log(`Plots: ${values.report}`);
