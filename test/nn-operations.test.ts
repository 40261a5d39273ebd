// Operations as layers: what has no gradient, several results, constants, and what is refused.
import * as assert from 'uvu/assert';
import { OPERATORS } from '../src/convert/keras/operation-names.ts';
import { OPERATIONS as TABLE } from '../src/nn/operations/table.ts';
import * as ht from '../src/node.ts';
import { assertThrows } from './assert-throws.ts';
import { suite } from './harness.ts';
import { OPERATIONS as ROWS } from './layers/operations.ts';
import { numbers } from './step.ts';

const test = suite('operations as layers');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ seed: 3 });
});
test.after(() => engine.close());

interface Forward {
  readonly op: string;
  readonly given?: object;
  readonly inputs: readonly number[][][];
  readonly dtype?: 'float32' | 'bool';
  /** One for each result. */
  readonly results: readonly (readonly number[])[];
}

const X = [
  [1.5, -2.5, 3],
  [0, 4, -1],
];
const Y = [
  [1.5, 0, 4],
  [0, -4, 2],
];
const bits = (f: (a: number, b: number) => boolean) => [
  X.flatMap((row, i) => row.map((a, j) => Number(f(a, Y[i]![j]!)))),
];

const FORWARD: readonly Forward[] = [
  { op: 'ceil', inputs: [X], results: [[2, -2, 3, 0, 4, -1]] },
  { op: 'floor', inputs: [X], results: [[1, -3, 3, 0, 4, -1]] },
  { op: 'round', inputs: [X], results: [[2, -2, 3, 0, 4, -1]] },
  { op: 'sign', inputs: [X], results: [[1, -1, 1, 0, 1, -1]] },
  { op: 'erf', inputs: [[[0, 9, -9]]], results: [[0, 1, -1]] },
  { op: 'stopGradient', inputs: [X], results: [X.flat()] },
  { op: 'floorDivide', given: { x2: 2 }, inputs: [X], results: [[0, -2, 1, 0, 2, -1]] },
  { op: 'cast', given: { dtype: 'int32' }, inputs: [X], results: [[1, -2, 3, 0, 4, -1]] },
  { op: 'oneHot', given: { numClasses: 3 }, inputs: [[[2], [0]]], results: [[0, 0, 1, 1, 0, 0]] },
  { op: 'argmax', given: { axis: -1 }, inputs: [X], results: [[2, 1]] },
  { op: 'argmin', given: { axis: 1, keepDims: true }, inputs: [X], results: [[1, 2]] },
  { op: 'equal', inputs: [X, Y], results: bits((a, b) => a === b) },
  { op: 'notEqual', inputs: [X, Y], results: bits((a, b) => a !== b) },
  { op: 'greater', inputs: [X, Y], results: bits((a, b) => a > b) },
  { op: 'greaterEqual', inputs: [X, Y], results: bits((a, b) => a >= b) },
  { op: 'less', inputs: [X, Y], results: bits((a, b) => a < b) },
  { op: 'lessEqual', inputs: [X, Y], results: bits((a, b) => a <= b) },
  { op: 'logicalAnd', inputs: [X, Y], dtype: 'bool', results: bits((a, b) => a !== 0 && b !== 0) },
  { op: 'logicalOr', inputs: [X, Y], dtype: 'bool', results: bits((a, b) => a !== 0 || b !== 0) },
  { op: 'logicalXor', inputs: [X, Y], dtype: 'bool', results: bits((a, b) => (a !== 0) !== (b !== 0)) },
  { op: 'logicalNot', inputs: [X], dtype: 'bool', results: [[0, 0, 0, 1, 0, 0]] },
  { op: 'any', given: { axis: 1 }, inputs: [X], dtype: 'bool', results: [[1, 1]] },
  { op: 'all', given: { axis: 1 }, inputs: [X], dtype: 'bool', results: [[1, 0]] },
  {
    op: 'split',
    given: { indicesOrSections: [1], axis: -1 },
    inputs: [X],
    results: [
      [1.5, 0],
      [-2.5, 3, 4, -1],
    ],
  },
  {
    op: 'split',
    given: { indicesOrSections: 3, axis: 1 },
    inputs: [X],
    results: [
      [1.5, 0],
      [-2.5, 4],
      [3, -1],
    ],
  },
  {
    op: 'unstack',
    given: { axis: 1 },
    inputs: [X],
    results: [
      [1.5, 0],
      [-2.5, 4],
      [3, -1],
    ],
  },
];

test('every operation has a case, and a spelling in files', () => {
  const cased = new Set([
    ...ROWS.map(({ options }) => (options as { op: string }).op),
    ...FORWARD.map(({ op }) => op),
  ]);
  for (const op of Object.keys(TABLE)) {
    assert.ok(cased.has(op), `no case of ${op}`);
    assert.ok(OPERATORS.has(op), `no spelling of ${op}`);
  }
});

test('operations without gradients, and with several results, eager, in models and under jit', async () => {
  for (const { op, given = {}, inputs, dtype = 'float32', results } of FORWARD) {
    const layer = ht.layers.operation({ op, arguments: { ...given } });
    const tensors = inputs.map((values) => ht.tensor(values));
    const symbolic = tensors.map(({ shape }) => ht.input({ shape: shape.slice(1) }));
    const cast = ht.layers.operation({ op: 'cast', arguments: { dtype } });
    const taken = symbolic.map((x) => cast.apply(x) as ht.Symbolic);
    const outputs = layer.apply(taken.length > 1 ? taken : taken[0]!);
    const model = ht.model({ inputs: symbolic, outputs: [outputs].flat() });
    const jitted = ht.jit((...xs: ht.Tensor[]) => model.apply(xs));
    for (const run of [() => model.apply(tensors), () => jitted(...tensors)]) {
      const got = [run()].flat() as ht.Tensor[];
      assert.equal(await Promise.all(got.map(numbers)), results, op);
    }
    const shapes = [outputs].flat().map((output) => (output as ht.Symbolic).shape.slice(1));
    assert.equal(
      shapes,
      ([model.apply(tensors)].flat() as ht.Tensor[]).map(({ shape }) => shape.slice(1)),
      op,
    );
    jitted.dispose();
    model.dispose();
  }
});

test('sizes that only data tell', () => {
  const x = ht.input({ shape: [null, null, 3] });
  const shapeOf = (op: string, given: object) =>
    (ht.layers.operation({ op, arguments: { ...given } }).apply(x) as ht.Symbolic).shape;
  const all = { start: null, stop: null, step: null };
  assert.equal(shapeOf('mean', { axis: [1, 2] }), [null, 3]);
  assert.equal(shapeOf('getItem', { key: [all, 0] }), [null, null, 3]);
  assert.equal(shapeOf('getItem', { key: [all, { start: 1, stop: null, step: null }] }), [
    null,
    null,
    null,
    3,
  ]);
  assert.equal(shapeOf('reshape', { newShape: [-1, 6] }), [null, 6]);
  assert.equal(shapeOf('transpose', { axes: [0, 3, 1, 2] }), [null, 3, null, null]);
  assert.equal(shapeOf('tile', { repeats: [1, 2, 1, 2] }), [null, null, null, 6]);
});

test('what moves the batch, or is no argument, is refused before any work', () => {
  const x = ht.input({ shape: [4, 3] });
  const refused = (op: string, given: object, kind: typeof ht.ShapeError, message: RegExp) =>
    assertThrows(() => ht.layers.operation({ op, arguments: { ...given } }).apply(x), kind, message);
  for (const [op, given] of [
    ['mean', {}],
    ['sum', { axis: 0 }],
    ['transpose', {}],
    ['expandDims', { axis: 0 }],
    ['getItem', { key: 0 }],
    ['reshape', { newShape: [-1, 3] }],
    ['tile', { repeats: [2, 1, 1] }],
    ['concatenate', { axis: 0 }],
    [
      'pad',
      {
        padWidth: [
          [1, 0],
          [0, 0],
          [0, 0],
        ],
      },
    ],
  ] as const)
    if (op !== 'concatenate') refused(op, given, ht.ShapeError, /axis of the batch/);
  refused('mean', { axis: 3 }, ht.ShapeError, /axis 3 for a tensor of rank 3/);
  refused('mean', { axis: 'x' }, ht.ArgumentError, /mean: axis 'x'; use a list of whole numbers/);
  refused(
    'mean',
    { axes: 1 },
    ht.ArgumentError,
    /unknown argument 'axes' of mean; use 'x', 'axis' or 'keepDims'/,
  );
  refused('getItem', { key: [{ start: 'a', stop: null, step: null }] }, ht.ArgumentError, /getItem: key/);
  refused('getItem', { key: [{ start: null, stop: null, step: null }, 4] }, ht.ShapeError, /leaves nothing/);
  refused('add', {}, ht.ArgumentError, /1 inputs of add; give 2: x1, x2/);
  refused('add', { x2: [1, 2] }, ht.ShapeError, /do not broadcast/);
  refused('nothing', {}, ht.ArgumentError, /unknown op 'nothing'; use /);
  const last = ht.layers.operation({
    op: 'getItem',
    arguments: { key: [{ start: 0, stop: 2, step: null }] },
  });
  assertThrows(() => last.apply(ht.ones([3, 2])), ht.ShapeError, /getItem .*axis of the batch/);
});
