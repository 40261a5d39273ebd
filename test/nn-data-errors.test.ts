// Bad data to fit, evaluate and predict: the class, the message, and nothing changed.
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { refusesUnchanged } from './refusal.ts';

const test = suite('refused data');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ seed: 5 });
});
test.after(() => engine.close());

const { ArgumentError, DataError, ShapeError } = ht;
const X = [
  [1, 2],
  [3, 4],
  [5, 6],
];
const CLASSES = [0, 1, 2];
const ROWS = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
];
const QUIET = { verbose: 0 } as const;

function classifier(
  loss: Parameters<ht.Sequential['compile']>[0]['loss'] = 'sparseCategoricalCrossentropy',
): ht.Sequential {
  const model = ht.sequential([ht.layers.dense({ units: 3, activation: 'softmax', inputShape: [2] })]);
  model.compile({ optimizer: ht.optimizers.adam({ learningRate: 0.1 }), loss, metrics: ['accuracy'] });
  return model;
}

type Case = readonly [given: unknown, type: typeof ht.ArgumentError, message: RegExp];

test('samples', async () => {
  const model = classifier();
  const nan = [
    [1, 2],
    [3, Number.NaN],
    [5, 6],
  ];
  const cases: readonly Case[] = [
    [
      [
        [1, 2, 3],
        [4, 5, 6],
        [7, 8, 9],
      ],
      ShapeError,
      /^fit: samples are \(3\), the model's inputShape is \(2\)/,
    ],
    [[1, 2, 3], ShapeError, /^fit: samples are \(\), the model's inputShape is \(2\)/],
    [
      [
        [1, 2],
        [3, 4],
      ],
      ShapeError,
      /^fit: x has 2 samples, y has 3; use as many of both/,
    ],
    [[[1, 2], [3], [5, 6]], ShapeError, /^fit: x: rows differ: row 0 is \(2\), row 1 is \(1\)/],
    [[], ShapeError, /^fit: x: .*no elements/],
    [[[], [], []], ShapeError, /^fit: x: .*no elements/],
    [nan, DataError, /^fit: x: NaN in sample 1, element 1; use finite numbers/],
    [
      [
        [1, 2],
        [3, 4],
        [-Infinity, 6],
      ],
      DataError,
      /^fit: x: -Infinity in sample 2, element 0/,
    ],
    [Float32Array.of(1, 2, 3, 4, 5, 6), ShapeError, /^fit: x has 6 samples, y has 3|inputShape/],
    [
      { values: Float32Array.of(1, 2, 3, 4), shape: [3, 2] },
      ShapeError,
      /^fit: x: 4 values for shape \(3, 2\) of 6 elements/,
    ],
    [{ values: Float32Array.of(1, 2), shape: [3, -2] }, ShapeError, /^fit: x: size -2 in shape/],
    [
      {
        values: [
          [1, 2],
          [3, 4],
          [5, 1e39],
        ],
        shape: [3, 2],
      },
      DataError,
      /^fit: x: Infinity in sample 2, element 1/,
    ],
    [
      [
        ['1', 2],
        [3, 4],
        [5, 6],
      ],
      DataError,
      /^fit: x: value '1' at index 0; use numbers or booleans/,
    ],
    [
      [
        [1, null],
        [3, 4],
        [5, 6],
      ],
      DataError,
      /^fit: x: value null at index 1/,
    ],
    [
      [
        [1, undefined],
        [3, 4],
        [5, 6],
      ],
      DataError,
      /^fit: x: value undefined at index 1/,
    ],
    [
      [
        [1, 2n],
        [3, 4],
        [5, 6],
      ],
      DataError,
      /^fit: x: value 2 at index 1/,
    ],
    [
      { values: BigInt64Array.of(1n, 2n, 3n, 4n, 5n, 6n), shape: [3, 2] },
      DataError,
      /^fit: x: value 1 at index 0/,
    ],
    [
      'images',
      ArgumentError,
      /^fit: x: expected a tensor, nested arrays or \{ values, shape \}, got 'images'/,
    ],
    [undefined, ArgumentError, /^fit: x: expected .*got undefined/],
    [null, ArgumentError, /^fit: x: expected .*got null/],
    [7, ArgumentError, /^fit: x: expected .*got 7/],
    [{ data: X }, ArgumentError, /^fit: x: expected .*got Object/],
  ];
  for (const [x, type, message] of cases) {
    await refusesUnchanged(model, () => model.fit(x as number[][], CLASSES, QUIET), type, message);
  }
  await refusesUnchanged(
    model,
    () => model.evaluate(nan, CLASSES),
    DataError,
    /^evaluate: x: NaN in sample 1, element 1/,
  );
  await refusesUnchanged(
    model,
    () => model.evaluate(X, [0, 1]),
    ShapeError,
    /^evaluate: x has 3 samples, y has 2/,
  );
  await refusesUnchanged(model, () => model.predict([[1, 2, 3]]), ShapeError, /^model: samples are \(3\)/);
  await refusesUnchanged(
    model,
    () => model.predict(undefined as never),
    ArgumentError,
    /^predict: x: expected/,
  );
});

test('class numbers', async () => {
  const model = classifier();
  const cases: readonly Case[] = [
    [[0, 1, 3], DataError, /^fit: y: label 3 of sample 2; use class numbers from 0 to 2$/],
    [[0, -1, 2], DataError, /^fit: y: label -1 of sample 1/],
    [[0, 1.5, 2], DataError, /^fit: y: label 1\.5 of sample 1/],
    [[[0], [1], [9]], DataError, /^fit: y: label 9 of sample 2/],
    [[0, Number.NaN, 2], DataError, /^fit: y: NaN in sample 1/],
    [[0, Infinity, 2], DataError, /^fit: y: Infinity in sample 1/],
    [Int32Array.of(0, 1, 7), DataError, /^fit: y: label 7 of sample 2/],
    [[0, 1], ShapeError, /^fit: x has 3 samples, y has 2/],
    [ROWS, ShapeError, /^fit: labels are \(3, 3\), predictions \(3, 3\); use class numbers \(3\)/],
    [
      [
        [0, 1],
        [1, 1],
        [0, 0],
      ],
      ShapeError,
      /^fit: labels are \(3, 2\), predictions \(3, 3\)/,
    ],
  ];
  for (const [y, type, message] of cases) {
    await refusesUnchanged(model, () => model.fit(X, y as number[], QUIET), type, message);
    await refusesUnchanged(
      model,
      () => model.fit(X, CLASSES, { ...QUIET, validationData: [X, y] }),
      type,
      new RegExp(message.source.replace('^fit:', '^fit: validationData:')),
    );
  }
});

test('labels that must have the shape of predictions', async () => {
  for (const loss of ['mse', 'meanSquaredError', 'categoricalCrossentropy'] as const) {
    const model = classifier(loss);
    const cases: readonly Case[] = [
      [CLASSES, ShapeError, /^fit: labels are \(3\), predictions \(3, 3\); use equal shapes/],
      [[[1], [0], [1]], ShapeError, /^fit: labels are \(3, 1\), predictions \(3, 3\)/],
      [
        [
          [1, 0],
          [0, 1],
          [1, 1],
        ],
        ShapeError,
        /^fit: labels are \(3, 2\)/,
      ],
      [
        [
          [1, 0, 0],
          [0, Number.NaN, 0],
          [0, 0, 1],
        ],
        DataError,
        /^fit: y: NaN in sample 1, element 1/,
      ],
    ];
    for (const [y, type, message] of cases) {
      await refusesUnchanged(model, () => model.fit(X, y as number[], QUIET), type, message);
    }
  }
});

test('validation data', async () => {
  const model = ht.sequential([ht.layers.dense({ units: 3, activation: 'softmax' })]);
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
  await model.fit(X, CLASSES, QUIET);
  const validated = (validationData: unknown) =>
    model.fit(X, CLASSES, { ...QUIET, validationData: validationData as [number[], number[]] });
  const cases: readonly Case[] = [
    [
      [[[1, 2, 3]], [0]],
      ShapeError,
      /^fit: validationData: samples are \(3\), those to train on \(2\); use equal shapes/,
    ],
    [[X, [0]], ShapeError, /^fit: validationData: x has 3 samples, y has 1/],
    [[X], ArgumentError, /^fit: validationData: y: expected .*got undefined/],
    [{ x: X, y: CLASSES }, ArgumentError, /^fit: validationData: x: expected .*got undefined/],
    [[[[Number.NaN, 1]], [0]], DataError, /^fit: validationData: x: NaN in sample 0/],
  ];
  for (const [given, type, message] of cases)
    await refusesUnchanged(model, () => validated(given), type, message);
});
