// Losses against plain loops: logits and probabilities, class numbers and rows, float16 predictions.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { randomOf } from './ops/draws.ts';
import { build, type Plain, sizeOf } from './reference/array.ts';
import { castValue } from './reference/cast.ts';
import { derivative } from './reference/difference.ts';
import {
  bernoulli,
  categorical,
  EPSILON,
  elements,
  type Loop,
  logistic,
  rowsOf,
  sparse,
  spread,
  squared,
  sums,
} from './reference/losses.ts';
import { meanOf } from './reference/reduce.ts';
import { denseCrossEntropy, softmax, sparseCrossEntropy } from './reference/softmax.ts';
import { number, numbers } from './step.ts';
import { assertClose } from './tolerances.ts';

const test = suite('losses');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open();
});
test.after(() => engine.close());

interface Case {
  readonly name: string;
  run(labels: ht.Tensor, predictions: ht.Tensor): ht.Tensor;
  readonly loop: Loop;
  readonly predictions: 'probabilities' | 'logits';
  readonly labels: 'rows' | 'numbers';
}

const { meanSquaredError, categoricalCrossentropy, sparseCategoricalCrossentropy } = ht.losses;
const { binaryCrossentropy, huber, klDivergence, meanAbsoluteError } = ht.losses;
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
  {
    ...{ name: 'meanAbsoluteError', run: meanAbsoluteError, loop: elements((y, p) => Math.abs(p - y)) },
    ...{ predictions: 'logits', labels: 'rows' },
  },
  {
    name: 'huber',
    run: (labels, predictions) => huber(labels, predictions, { delta: 0.7 }),
    loop: elements((y, p) => {
      const e = Math.abs(p - y);
      return e <= 0.7 ? e ** 2 / 2 : 0.7 * e - 0.7 ** 2 / 2;
    }),
    ...{ predictions: 'logits', labels: 'rows' },
  },
  {
    ...{ name: 'binaryCrossentropy', run: binaryCrossentropy, loop: elements(bernoulli) },
    ...{ predictions: 'probabilities', labels: 'rows' },
  },
  {
    name: 'binaryCrossentropy from logits, smoothed',
    run: (labels, predictions) => binaryCrossentropy(labels, predictions, { ...LOGITS, labelSmoothing: 0.2 }),
    loop: spread(elements(logistic), 0.2, 2),
    ...{ predictions: 'logits', labels: 'rows' },
  },
  {
    name: 'categoricalCrossentropy from logits, smoothed',
    run: (labels, predictions) =>
      categoricalCrossentropy(labels, predictions, { ...LOGITS, labelSmoothing: 0.1 }),
    loop: spread((labels, predictions) => meanOf(denseCrossEntropy(predictions, labels).data), 0.1),
    ...{ predictions: 'logits', labels: 'rows' },
  },
  {
    ...{ name: 'klDivergence', run: klDivergence, loop: sums((y, p) => y * Math.log(y / p)) },
    ...{ predictions: 'probabilities', labels: 'rows' },
  },
];

test('reductions, and weights of samples', async () => {
  const y = ht.tensor([
    [0, 1],
    [2, 3],
    [4, 5],
  ]);
  const p = ht.tensor([
    [1, 1],
    [2, 5],
    [4, 8],
  ]);
  const each = [0.5, 2, 4.5];
  assert.equal(await numbers(meanSquaredError(y, p, { reduction: 'none' })), each);
  assert.is(await number(meanSquaredError(y, p, { reduction: 'sum' })), 7);
  const weighted = { sampleWeight: [1, 0, 2] };
  assert.is(await number(meanSquaredError(y, p, { ...weighted, reduction: 'sum' })), 9.5);
  assert.is(await number(ht.mul(meanSquaredError(y, p, weighted), 3)), 9.5);
  assert.throws(
    () => meanSquaredError(y, p, { sampleWeight: [1, 2] }),
    /^meanSquaredError: sampleWeight is \(2\), samples \(3\)/,
  );
  assert.throws(
    () => meanSquaredError(y, p, { reduction: 'mean' as never }),
    /unknown reduction 'mean'; use 'sumOverBatchSize'/,
  );
  assert.throws(() => huber(y, p, { delta: 0 }), /^huber: delta 0; use a number above 0/);
  assert.throws(
    () => binaryCrossentropy(y, p, { labelSmoothing: 2 }),
    /^binaryCrossentropy: labelSmoothing 2/,
  );
});

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
