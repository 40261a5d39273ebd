// Losses and metrics against plain loops: logits and probabilities, class numbers and rows, float16 predictions.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { randomOf } from './ops/draws.ts';
import { build, type Plain, sizeOf } from './reference/array.ts';
import { castValue } from './reference/cast.ts';
import { derivative } from './reference/difference.ts';
import { meanOf } from './reference/reduce.ts';
import { denseCrossEntropy, softmax, sparseCrossEntropy } from './reference/softmax.ts';
import { number, numbers } from './step.ts';
import { assertClose } from './tolerances.ts';

const test = suite('losses and metrics');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open();
});
test.after(() => engine.close());

const EPSILON = 1e-7;
const clipped = (p: number) => Math.min(Math.max(p, EPSILON), 1 - EPSILON);

/** Loss of labels and predictions by a plain loop; the labels' shape is as given. */
type Loop = (labels: Plain, predictions: Plain) => number;

const squared: Loop = (labels, predictions) =>
  meanOf(labels.data.map((label, i) => (predictions.data[i]! - label) ** 2));

/** Rows are scaled to the sum 1 first, as Keras does. */
const categorical: Loop = (labels, { shape, data }) => {
  const classes = shape.at(-1)!;
  const rows = Array.from({ length: data.length / classes }, (_, row) => {
    const own = data.slice(row * classes, (row + 1) * classes);
    const sum = own.reduce((total, p) => total + p, 0);
    return -own.reduce(
      (total, p, c) => total + labels.data[row * classes + c]! * Math.log(clipped(p / sum)),
      0,
    );
  });
  return meanOf(rows);
};

const sparse: Loop = (labels, { shape, data }) =>
  meanOf(labels.data.map((label, row) => -Math.log(clipped(data[row * shape.at(-1)! + label]!))));

const rowsOf = (labels: Plain, { shape }: Plain): Plain => ({ shape: shape.slice(0, -1), data: labels.data });

interface Case {
  readonly name: string;
  run(labels: ht.Tensor, predictions: ht.Tensor): ht.Tensor;
  readonly loop: Loop;
  readonly predictions: 'probabilities' | 'logits';
  readonly labels: 'rows' | 'numbers';
}

const { meanSquaredError, categoricalCrossentropy, sparseCategoricalCrossentropy } = ht.losses;
const LOGITS = { fromLogits: true };
const CASES: readonly Case[] = [
  { name: 'meanSquaredError', run: meanSquaredError, loop: squared, predictions: 'logits', labels: 'rows' },
  {
    name: 'categoricalCrossentropy',
    run: categoricalCrossentropy,
    loop: categorical,
    predictions: 'probabilities',
    labels: 'rows',
  },
  {
    name: 'categoricalCrossentropy from logits',
    run: (labels, predictions) => categoricalCrossentropy(labels, predictions, LOGITS),
    loop: (labels, predictions) => meanOf(denseCrossEntropy(predictions, labels).data),
    predictions: 'logits',
    labels: 'rows',
  },
  {
    name: 'sparseCategoricalCrossentropy',
    run: sparseCategoricalCrossentropy,
    loop: sparse,
    predictions: 'probabilities',
    labels: 'numbers',
  },
  {
    name: 'sparseCategoricalCrossentropy from logits',
    run: (labels, predictions) => sparseCategoricalCrossentropy(labels, predictions, LOGITS),
    loop: (labels, predictions) => meanOf(sparseCrossEntropy(predictions, rowsOf(labels, predictions)).data),
    predictions: 'logits',
    labels: 'numbers',
  },
];

for (const { name, run, loop, predictions: kind, labels: form } of CASES) {
  for (const dtype of ['float32', 'float16'] as const) {
    test(`${name}, ${dtype} predictions: value and gradient`, async () => {
      // The probability of one class alone is 1, where the bound makes a kink.
      for (const shape of [
        [5, 3],
        [1, kind === 'logits' ? 1 : 2],
        [2, 3, 4],
        [7, 10],
      ]) {
        const random = randomOf(`${name} ${shape}`);
        const raw: Plain = { shape, data: Array.from({ length: sizeOf(shape) }, () => 6 * random() - 3) };
        const { data } = kind === 'logits' ? raw : softmax(raw);
        const predictions = { shape, data: data.map((value) => castValue(value, dtype)) };
        const classes = shape.at(-1)!;
        const weights = softmax({ shape, data: raw.data.map(() => 4 * random()) });
        const rows = shape.slice(0, -1);
        const labelShapes = form === 'rows' ? [shape] : [rows, [...rows, 1]];
        for (const labelShape of labelShapes) {
          const labels: Plain =
            form === 'rows'
              ? weights
              : { shape: labelShape, data: build(labelShape, () => Math.floor(classes * random())).data };
          const y = ht.tensor(
            form === 'rows' ? Float64Array.from(labels.data) : Int32Array.from(labels.data),
            { shape: labelShape },
          );
          const p = ht.tensor(Float64Array.from(predictions.data), { shape, dtype });
          const { value, gradients } = ht.valueAndGradients((x) => run(y, x), [p]);
          const op = `${name} (${shape}) (${labelShape})`;
          assert.equal([value.dtype, value.shape, gradients[0]!.dtype], ['float32', [], dtype]);
          const terms = kind === 'probabilities' ? 16 : 4; // a division and a logarithm more
          assertClose([await number(value)], [loop(labels, predictions)], { op, dtype: 'float32', terms });
          const wanted = predictions.data.map((_, j) =>
            derivative(
              ([moved]) => loop(labels, moved!),
              [predictions],
              [predictions.data.map((__, k) => (j === k ? 1 : 0))],
              1e-6,
            ),
          );
          assertClose(await numbers(gradients[0]!), wanted, { op, dtype, pass: 'gradient' });
        }
      }
    });
  }
}

test('class numbers may be of any dtype, and labels nested arrays', async () => {
  const p = ht.tensor([
    [0.5, 0.25, 0.25],
    [0.125, 0.125, 0.75],
  ]);
  const expected = [(Math.log(2) + Math.log(4 / 3)) / 2];
  for (const labels of [
    [0, 2],
    ht.tensor([0, 2]),
    ht.tensor(Int32Array.of(0, 2)),
    ht.tensor(Uint32Array.of(0, 2)),
    ht.tensor([0, 2], { dtype: 'float16' }),
  ]) {
    assertClose([await number(sparseCategoricalCrossentropy(labels, p))], expected, {
      op: 'sparse',
      dtype: 'float32',
    });
  }
  assert.is(await number(meanSquaredError([[1, 2]], ht.tensor([[2, 4]], { dtype: 'float16' }))), 2.5);
});

test('probabilities of 0 and 1 give finite losses', async () => {
  const p = ht.tensor([
    [0, 1],
    [1, 0],
  ]);
  const far = -Math.log(EPSILON);
  assertClose([await number(sparseCategoricalCrossentropy(ht.tensor([0, 1]), p))], [far], {
    op: 'sparse',
    dtype: 'float32',
  });
  assertClose(
    [
      await number(
        categoricalCrossentropy(
          ht.tensor([
            [1, 0],
            [0, 1],
          ]),
          p,
        ),
      ),
    ],
    [far],
    { op: 'dense', dtype: 'float32' },
  );
  assert.ok((await number(sparseCategoricalCrossentropy(ht.tensor([1, 0]), p))) < 1e-6);
});

test('large logits give finite losses and gradients, in float16 too', async () => {
  for (const dtype of ['float32', 'float16'] as const) {
    const x = ht.tensor([[60000, -60000, 0]], { dtype });
    const { value, gradients } = ht.valueAndGradients(
      (logits) => sparseCategoricalCrossentropy(ht.tensor([1]), logits, LOGITS),
      [x],
    );
    assert.ok(Math.abs((await number(value)) - 120000) <= 64, `${await number(value)}`);
    assert.equal(await numbers(gradients[0]!), [1, -1, 0]);
  }
});

test('a squared error beyond float16 is computed in float32', async () => {
  const p = ht.tensor([[300, -300]], { dtype: 'float16' });
  assert.is(await number(meanSquaredError(ht.tensor([[0, 0]]), p)), 90000);
});

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

test('shapes that do not fit are refused by name, before any GPU work', () => {
  const p = ht.ones([2, 3]);
  const before = engine.made.submits;
  const cases: readonly [() => ht.Tensor, RegExp][] = [
    [
      () => meanSquaredError(ht.ones([2, 1]), p),
      /^meanSquaredError: labels are \(2, 1\), predictions \(2, 3\); use equal shapes/,
    ],
    [() => meanSquaredError(ht.ones([2]), p), /labels are \(2\), predictions \(2, 3\)/],
    [
      () => categoricalCrossentropy(ht.ones([2]), p),
      /^categoricalCrossentropy: labels are \(2\).*sparseCategoricalCrossentropy for class numbers/,
    ],
    [
      () => sparseCategoricalCrossentropy(ht.ones([2, 3]), p),
      /^sparseCategoricalCrossentropy: labels are \(2, 3\), predictions \(2, 3\); use labels \(2\)/,
    ],
    [() => sparseCategoricalCrossentropy(ht.ones([3]), p, LOGITS), /labels are \(3\)/],
    [
      () => ht.metrics.sparseCategoricalAccuracy(ht.ones([3]), p),
      /^sparseCategoricalAccuracy: labels are \(3\)/,
    ],
    [() => ht.metrics.categoricalAccuracy(ht.ones([2]), p), /^categoricalAccuracy: labels are \(2\)/],
    [() => ht.metrics.binaryAccuracy(ht.ones([2]), p), /^binaryAccuracy: labels are \(2\)/],
    [() => ht.metrics.accuracy(ht.ones([3, 1]), p), /labels are \(3, 1\)/],
  ];
  for (const [run, message] of cases) {
    assert.throws(
      run,
      (error: Error) => error instanceof ht.ShapeError && message.test(error.message),
      String(message),
    );
  }
  assert.is(engine.made.submits, before);
});
