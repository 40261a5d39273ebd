// Metrics against plain counting, and which accuracy the shapes of labels and predictions ask for.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { number } from './step.ts';

const test = suite('metrics');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open();
});
test.after(() => engine.close());

test('metrics by plain counting', async () => {
  const { metrics } = ht;
  const p = ht.tensor([
    [0.1, 0.7, 0.2],
    [0.5, 0.3, 0.2],
    [0.2, 0.2, 0.6],
    [0.4, 0.4, 0.2],
  ]);
  const half = ht.cast(p, 'float16');
  for (const predictions of [p, half]) {
    assert.is(
      await number(metrics.sparseCategoricalAccuracy(ht.tensor([1, 0, 0, 0]), predictions)),
      0.75,
      'the first of equals counts',
    );
    assert.is(
      await number(metrics.sparseCategoricalAccuracy(ht.tensor([[1], [2], [2], [1]]), predictions)),
      0.5,
    );
    const rows = ht.tensor([
      [0, 1, 0],
      [0, 1, 0],
      [0, 0, 1],
      [0, 1, 0],
    ]);
    assert.is(await number(metrics.categoricalAccuracy(rows, predictions)), 0.5);
    const value = metrics.accuracy(rows, predictions);
    assert.equal([value.dtype, value.shape], ['float32', []]);
  }
  const binary = ht.tensor([[0.5], [0.51], [0.2], [0.9]]);
  assert.is(
    await number(metrics.binaryAccuracy(ht.tensor([[0], [1], [1], [1]]), binary)),
    0.75,
    '0.5 itself is on the side of 0',
  );
  assert.is(await number(metrics.meanSquaredError(ht.tensor([[1, 2]]), ht.tensor([[2, 4]]))), 2.5);
});

test('accuracy goes by the shapes of labels and predictions', async () => {
  const { accuracy } = ht.metrics;
  const of = async (labels: ht.Tensor, predictions: ht.Tensor) => number(accuracy(labels, predictions));
  const classes = ht.tensor([
    [0.1, 0.9],
    [0.8, 0.2],
    [0.3, 0.7],
  ]);
  assert.is(await of(ht.tensor([1, 0, 0]), classes), Math.fround(2 / 3), 'class numbers (n)');
  assert.is(await of(ht.tensor([[1], [0], [0]]), classes), Math.fround(2 / 3), 'class numbers (n, 1)');
  assert.is(
    await of(
      ht.tensor([
        [0, 1],
        [1, 0],
        [0, 1],
      ]),
      classes,
    ),
    1,
    'rows (n, classes)',
  );
  const one = ht.tensor([[0.1], [0.9], [0.7]]);
  assert.is(await of(ht.tensor([[0], [1], [0]]), one), Math.fround(2 / 3), 'two classes, (n, 1)');
  assert.is(await of(ht.tensor([0, 1, 0]), one), Math.fround(2 / 3), 'two classes, labels (n)');
  assert.is(
    await of(ht.tensor([0, 1, 0]), ht.tensor([0.1, 0.9, 0.7])),
    Math.fround(2 / 3),
    'two classes, both (n)',
  );
  assert.is(await of(ht.tensor(Int32Array.of(0, 1, 1)), ht.cast(one, 'float16')), 1, 'integers and halves');
});
