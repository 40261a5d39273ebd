/** Weights in float16 without float32 masters, rounded in three ways, beside mixed precision on the digits. Run: npx tsx examples/half-weights.ts */
import Table from 'cli-table3';
import * as ht from '../src/node.ts';
import { CLASSES, loadDigits, PIXELS } from './demo/digits.ts';

const quick = process.argv.includes('--quick');
const { train, test } = loadDigits(quick ? 1000 : 8000);
const epochs = quick ? 2 : 8;
const BATCH = 64;

/** What is kept between steps, besides the loss: masters and their copies, or weights in float16. */
const WAYS: readonly { name: string; policy: ht.PolicyName; options: ht.Float16Options }[] = [
  { name: 'float32 masters', policy: 'mixed_float16', options: {} },
  ...(['nearest', 'stochastic', 'kahan'] as const).map((float16Weights) => ({
    ...{ name: `float16, ${float16Weights}`, policy: 'float16' as const, options: { float16Weights } },
  })),
];

/** Adam moves a weight by about its rate, whatever the gradient is; 0.00001 is one for fine-tuning. SGD's steps are as small as gradients. */
const OPTIMIZERS: Readonly<Record<string, (options: ht.OptimizerOptions) => ht.Optimizer>> = {
  'Adam 0.00001': (options) => ht.optimizers.adam({ learningRate: 1e-5, ...options }),
  'Adam 0.001': (options) => ht.optimizers.adam({ learningRate: 1e-3, ...options }),
  'SGD 0.05': (options) => ht.optimizers.sgd({ learningRate: 0.05, ...options }),
};

const samples = ({ images, count }: typeof train) => ({ values: images, shape: [count, PIXELS] });

/** Trains 784-512-512-10 from the same weights and with the same batches, with a dynamic loss scale. */
async function run(optimizer: string, { policy, options }: (typeof WAYS)[number]) {
  const engine = await ht.open({ policy, seed: 1 });
  const model = ht.sequential([
    ht.layers.dense({ units: 512, activation: 'relu', inputShape: [PIXELS] }),
    ht.layers.dense({ units: 512, activation: 'relu' }),
    ht.layers.dense({ units: CLASSES }),
    ht.layers.activation({ activation: 'linear', dtype: 'float32' }),
  ]);
  model.compile({
    optimizer: new ht.LossScaleOptimizer(OPTIMIZERS[optimizer]!(options)),
    loss: { name: 'sparseCategoricalCrossentropy', fromLogits: true },
    metrics: ['accuracy'],
  });
  const { history } = await model.fit(samples(train), train.labels, { epochs, batchSize: BATCH, verbose: 0 });
  const { byKind } = engine.memory();
  const kept = (['weights', 'f16 copies', 'optimizer slots'] as const).map((kind) => byKind[kind] ?? 0);
  const { accuracy } = await model.evaluate(samples(test), test.labels, { batchSize: 500 });
  engine.close();
  return { loss: history.loss!.at(-1)!, accuracy: accuracy!, kept };
}

const MiB = (bytes: number) => (bytes / 2 ** 20).toFixed(2);
const table = new Table({
  head: [
    'optimizer',
    'weights',
    'loss',
    'test accuracy',
    'weights MiB',
    'copies MiB',
    'slots MiB',
    'all MiB',
  ],
  style: { head: [], border: [], compact: true },
});
for (const optimizer of Object.keys(OPTIMIZERS).slice(0, quick ? 1 : 3)) {
  for (const way of WAYS) {
    const { loss, accuracy, kept } = await run(optimizer, way);
    const all = kept.reduce((sum, bytes) => sum + bytes, 0);
    table.push([
      ...[optimizer, way.name, loss.toFixed(4), `${(100 * accuracy).toFixed(2)} %`],
      ...[...kept, all].map(MiB),
    ]);
  }
}
console.log(
  `784-512-512-10, ${train.count} digits, ${epochs} epochs of batches of ${BATCH}, dynamic loss scale`,
);
console.log(table.toString());
