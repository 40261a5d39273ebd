// Metrics that count over an epoch: against plain counting of all samples at once, whatever the batches.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { number } from './step.ts';

const test = suite('counted metrics');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ seed: 8 });
});
test.after(() => engine.close());

const COUNT = 45;
const labels = Float32Array.from({ length: COUNT }, (_, i) => Number((i * 7) % 5 < 2));
const scores = Float32Array.from({ length: COUNT }, (_, i) => {
  const noise = Math.sin(12.9898 * i) * 43758.5453;
  return Math.fround(0.6 * (noise - Math.floor(noise)) + 0.4 * labels[i]!);
});
const indices = Array.from({ length: COUNT }, (_, i) => i);
const count = (holds: (i: number) => boolean) => indices.filter(holds).length;
const isTrue = (i: number) => labels[i] === 1;

/** Keras's areas, by their definition. */
function area(curve: 'ROC' | 'PR', thresholds: number): number {
  const points = Array.from({ length: thresholds }, (_, k) => {
    const t = k === 0 ? -1e-7 : k === thresholds - 1 ? 1 + 1e-7 : Math.fround(k / (thresholds - 1));
    const tp = count((i) => isTrue(i) && scores[i]! > t);
    return { tp, fp: count((i) => !isTrue(i) && scores[i]! > t) };
  });
  const [positives, negatives] = [count(isTrue), count((i) => !isTrue(i))];
  let sum = 0;
  for (const [k, { tp, fp }] of points.slice(0, -1).entries()) {
    const next = points[k + 1]!;
    if (curve === 'ROC') {
      sum += ((fp - next.fp) / negatives) * ((tp + next.tp) / positives / 2);
      continue;
    }
    const [p, q] = [tp + fp, next.tp + next.fp];
    const slope = p > q ? (tp - next.tp) / (p - q) : 0;
    const growth = p > 0 && q > 0 ? p / q : 1;
    sum += (slope * (tp - next.tp + (next.tp - slope * q) * Math.log(growth))) / positives;
  }
  return sum;
}

/** A model that gives its input, compiled with metrics. */
function echo(metrics: readonly ht.MetricLike[], policy: ht.PolicyName = 'float32') {
  const model = ht.sequential([
    ht.layers.activation({ activation: 'linear', inputShape: [1], dtype: policy }),
  ]);
  model.compile({ loss: 'mse', metrics });
  return model;
}

const x = { values: scores, shape: [COUNT, 1] };
const y = { values: labels, shape: [COUNT, 1] };

test('precision, recall, areas and the root of squares are those of all samples, in any batches', async () => {
  const { auc, precision, recall, rootMeanSquaredError } = ht.metrics;
  const model = echo([
    ...(['precision', 'recall', 'AUC', 'rmse', 'mae'] as const),
    precision({ threshold: 0.7, name: 'precise' }),
    recall({ threshold: 0.7, name: 'recalled' }),
    auc({ curve: 'PR', numThresholds: 31, name: 'pr' }),
    rootMeanSquaredError({ name: 'root' }),
  ]);
  const at = (t: number) => {
    const right = count((i) => isTrue(i) && scores[i]! > t);
    return { precision: right / count((i) => scores[i]! > t), recall: right / count(isTrue) };
  };
  const differences = indices.map((i) => Math.abs(scores[i]! - labels[i]!));
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / COUNT;
  const root = Math.sqrt(mean(differences.map((d) => d * d)));
  const expected: Record<string, number> = {
    ...at(0.5),
    ...{ auc: area('ROC', 200), rootMeanSquaredError: root, mae: mean(differences), root },
    ...{ precise: at(0.7).precision, recalled: at(0.7).recall, pr: area('PR', 31) },
  };
  for (const batchSize of [45, 16, 7]) {
    const logs = await model.evaluate(x, y, { batchSize });
    assert.equal(Object.keys(logs).sort(), ['loss', ...Object.keys(expected)].sort());
    for (const [name, value] of Object.entries(expected))
      assert.ok(
        Math.abs(logs[name]! - value) < 1e-5,
        `${name} in batches of ${batchSize}: ${logs[name]}, not ${value}`,
      );
  }
});

test('logits, nothing positive, a history by epoch with validation', async () => {
  const { auc, precision } = ht.metrics;
  const logits = scores.map((score) => Math.log(score / (1 - score)));
  const model = echo([auc({ fromLogits: true })]);
  const logs = await model.evaluate({ values: logits, shape: [COUNT, 1] }, y, { batchSize: 10 });
  assert.ok(Math.abs(logs.auc! - area('ROC', 200)) < 0.01, `${logs.auc}`);
  const none = echo([precision({ threshold: 1 })]);
  assert.is((await none.evaluate(x, y)).precision, 0);

  const trained = ht.sequential([ht.layers.dense({ units: 1, activation: 'sigmoid', inputShape: [1] })]);
  trained.compile({
    optimizer: ht.optimizers.adam({ learningRate: 0.1 }),
    loss: 'binaryCrossentropy',
    metrics: ['AUC', 'recall'],
  });
  const options = { epochs: 3, batchSize: 9, verbose: 0, validationData: [x, y] } as const;
  const { history } = await trained.fit(x, y, options);
  assert.equal(Object.keys(history).sort(), ['auc', 'loss', 'recall', 'val_auc', 'val_loss', 'val_recall']);
  assert.ok(
    Math.abs(history.val_auc!.at(-1)! - area('ROC', 200)) < 0.02,
    'a rising function keeps the order',
  );
});

test('the label among the k largest', async () => {
  const { topKCategoricalAccuracy, sparseTopKCategoricalAccuracy } = ht.metrics;
  const p = ht.tensor([
    [0.1, 0.4, 0.2, 0.3],
    [0.4, 0.3, 0.2, 0.1],
    [0.1, 0.2, 0.3, 0.4],
  ]);
  const classes = ht.tensor(Int32Array.of(3, 2, 3));
  for (const [k, share] of [
    [1, 1 / 3],
    [2, 2 / 3],
    [3, 1],
  ] as const) {
    assert.is(await number(sparseTopKCategoricalAccuracy(classes, p, k)), Math.fround(share));
    assert.is(await number(topKCategoricalAccuracy(ht.oneHot(classes, 4), p, k)), Math.fround(share));
  }
});

test('what they refuse', async () => {
  assert.throws(
    () => ht.metrics.precision({ threshold: 2 }),
    /^precision: threshold 2; use a number from 0 to 1$/,
  );
  assert.throws(() => ht.metrics.auc({ curve: 'X' as never }), /^auc: unknown curve 'X'; use 'ROC' or 'PR'$/);
  assert.throws(
    () => ht.metrics.auc({ numThresholds: 1 }),
    /^auc: numThresholds 1; use a whole number from 2 on$/,
  );
});
