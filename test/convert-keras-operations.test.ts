// Operations between layers in configurations of tf.keras, of TensorFlow's graphs and of Keras 3: results, and what is written again.
import * as assert from 'uvu/assert';
import { modelToConfig } from '../src/convert/keras/write-model.ts';
import * as ht from '../src/node.ts';
import { assertThrows } from './assert-throws.ts';
import { suite } from './harness.ts';
import { functional, input, type Layer, layer, read } from './keras-config.ts';
import { numbers } from './step.ts';

const test = suite('operations in configurations');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ seed: 4 });
});
test.after(() => engine.close());

type Model = ht.Functional<ht.Tensor, ht.Tensor>;

/** Of the model, and of what both Kerases' configurations of it make. */
async function outputsOf(config: object, version: string, inputs: readonly ht.Tensor[]): Promise<number[][]> {
  const model = read(config, version) as unknown as Model;
  const values = async (one: Model) => {
    const outputs = one.apply((inputs.length > 1 ? inputs : inputs[0]!) as ht.Tensor);
    return Promise.all([outputs].flat().map(numbers));
  };
  const first = await values(model);
  for (const [dialect, other] of [
    ['keras2', '2.15.0'],
    ['keras3', '3.5.0'],
  ] as const) {
    const written = JSON.parse(JSON.stringify(modelToConfig(model as never, dialect)));
    const again = read(written, other) as unknown as Model;
    assert.equal(await values(again), first, dialect);
    assert.equal(JSON.parse(JSON.stringify(modelToConfig(again as never, dialect))), written, dialect);
    again.dispose();
  }
  model.dispose();
  return first;
}

const X = [
  [1, 2, 3],
  [4, 5, 6],
];
const all = { start: null, stop: null, step: null };
const x2 = input('x', [null, 3]);

/** A function of TensorFlow called on `x`, and what it gives of `X`. */
const LAMBDAS: readonly (readonly [fn: string, kwargs: object, wanted: readonly number[]])[] = [
  ['__operators__.getitem', { slice_spec: [all, 0] }, [1, 4]],
  [
    '__operators__.getitem',
    { slice_spec: [{ class_name: '__ellipsis__' }, { ...all, start: 1 }] },
    [2, 3, 5, 6],
  ],
  [
    '__operators__.getitem',
    { slice_spec: [{ class_name: '__ellipsis__' }, { ...all, step: -1 }] },
    [3, 2, 1, 6, 5, 4],
  ],
  ['math.pow', { y: 2 }, [1, 4, 9, 16, 25, 36]],
  ['math.truediv', { y: ['x', 0, 0] }, [1, 1, 1, 1, 1, 1]],
  ['math.truediv', { y: [1, 2, 3] }, [1, 1, 1, 4, 2.5, 2]],
  ['nn.bias_add', { bias: [10, 20, 30], data_format: 'NHWC' }, [11, 22, 33, 14, 25, 36]],
  ['math.reduce_mean', { axis: 1, keepdims: true }, [2, 5]],
  ['math.reduce_sum', { axis: [-1] }, [6, 15]],
  ['math.reduce_max', { axis: 1, keepdims: false }, [3, 6]],
  ['clip_by_value', { clip_value_min: 2, clip_value_max: 5 }, [2, 2, 3, 4, 5, 5]],
  ['math.sqrt', {}, X.flat().map(Math.sqrt)],
  ['math.abs', {}, X.flat()],
  ['math.square', {}, X.flat().map((x) => x * x)],
  ['expand_dims', { axis: -1 }, X.flat()],
  ['reshape', { shape: [-1, 3, 1] }, X.flat()],
  ['compat.v1.transpose', { perm: [0, 1], conjugate: false }, X.flat()],
  ['linalg.matmul', { b: [[1], [0], [2]], transpose_a: false, a_is_sparse: false }, [7, 16]],
  ['cast', { dtype: 'float32' }, X.flat()],
  ['math.l2_normalize', { axis: 1 }, X.flatMap((row) => row.map((x) => x / Math.hypot(...row)))],
  ['math.greater', { y: 3 }, [0, 0, 0, 1, 1, 1]],
  ['tile', { multiples: [1, 2] }, [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6]],
  ['keras.activations.relu', { alpha: 0, max_value: 4, threshold: 0 }, [1, 2, 3, 4, 4, 4]],
  ['nn.leaky_relu', { alpha: 0.1 }, X.flat()],
  ['math.subtract', { y: 1 }, [0, 1, 2, 3, 4, 5]],
];

const near = (got: readonly number[], wanted: readonly number[], what: string) => {
  assert.is(got.length, wanted.length, what);
  for (const [i, value] of wanted.entries())
    assert.ok(Math.abs(got[i]! - value) <= 2e-6 * (1 + Math.abs(value)), `${what}: ${got} is not ${wanted}`);
};

test(`${LAMBDAS.length} functions of TensorFlow that tf.keras calls`, async () => {
  for (const [fn, kwargs, wanted] of LAMBDAS) {
    const kind = fn.endsWith('getitem') ? 'SlicingOpLambda' : 'TFOpLambda';
    const op = layer(kind, 'op', { dtype: 'float32', function: fn }, ['x', 0, 0, { ...kwargs, name: null }]);
    const [got] = await outputsOf(functional([x2, op], [['op', 0, 0]]), '2.12.0', [ht.tensor(X)]);
    near(got!, wanted, fn);
  }
});

/** An operation of Keras 3: its class, what it is made with, and what is called beside `x`. */
const OPS: readonly (readonly [kind: string, made: object, args: unknown[], wanted: readonly number[]])[] = [
  ['numpy.GetItem', {}, [[{ class_name: '__slice__', config: all }, 0]], [1, 4]],
  [
    'numpy.GetItem',
    {},
    [
      [
        { class_name: '__ellipsis__', config: {} },
        { class_name: '__slice__', config: { ...all, start: 1 } },
      ],
    ],
    [2, 3, 5, 6],
  ],
  ['numpy.Power', {}, [2], [1, 4, 9, 16, 25, 36]],
  [
    'numpy.Divide',
    {},
    [{ class_name: '__numpy__', config: { value: [1, 2, 3], dtype: 'float32' } }],
    [1, 1, 1, 4, 2.5, 2],
  ],
  ['numpy.Mean', { axis: [1], keepdims: true }, [], [2, 5]],
  ['numpy.Max', { axis: 1, keepdims: false, initial: null }, [], [3, 6]],
  ['numpy.Clip', { x_min: 2, x_max: 5 }, [], [2, 2, 3, 4, 5, 5]],
  ['numpy.Reshape', { newshape: [-1, 3, 1] }, [], X.flat()],
  ['numpy.ExpandDims', { axis: 1 }, [], X.flat()],
  ['numpy.Transpose', { axes: [0, 1] }, [], X.flat()],
  ['numpy.Absolute', {}, [], X.flat()],
  ['numpy.Sqrt', {}, [], X.flat().map(Math.sqrt)],
  ['numpy.Flip', { axis: 1 }, [], [3, 2, 1, 6, 5, 4]],
  ['numpy.Std', { axis: 1, keepdims: false }, [], [Math.sqrt(2 / 3), Math.sqrt(2 / 3)]],
  [
    'nn.Softmax',
    { axis: -1 },
    [],
    X.flatMap((row) => row.map((x) => Math.exp(x) / row.reduce((sum, y) => sum + Math.exp(y), 0))),
  ],
  ['core.Cast', { dtype: 'float32' }, [], X.flat()],
];

test(`${OPS.length} operations of Keras 3`, async () => {
  const x: Layer = { ...input('x', undefined, { batch_shape: [null, 3] }), registered_name: null };
  const tensor = {
    class_name: '__keras_tensor__',
    config: { shape: [null, 3], dtype: 'float32', keras_history: ['x', 0, 0] },
  };
  for (const [path, made, args, wanted] of OPS) {
    const [module, kind] = path.split('.') as [string, string];
    const op: Layer = {
      ...{ class_name: kind, module: `keras.src.ops.${module}`, registered_name: kind, name: 'op' },
      config: { name: 'op', ...made },
      inbound_nodes: [{ args: [tensor, ...args], kwargs: {} }],
    };
    const [got] = await outputsOf(functional([x, op], ['op', 0, 0], ['x', 0, 0]), '3.3.0', [ht.tensor(X)]);
    near(got!, wanted, path);
  }
});

test('nodes of graphs, as tf.keras before 2.4 wrote them', async () => {
  const node = (op: string, constants: object, attr: object, from: string): Layer =>
    layer(
      'TensorFlowOpLayer',
      op,
      { dtype: 'float32', node_def: JSON.stringify({ name: op, op, input: [], attr }), constants },
      [[from, 0, 0, {}]],
    );
  const config = functional(
    [
      x2,
      node('AddV2', { 1: 3 }, { T: { type: 'DT_FLOAT' } }, 'x'),
      node('Relu6', {}, { T: { type: 'DT_FLOAT' } }, 'AddV2'),
      node('Mul', { 0: 0.5 }, {}, 'Relu6'),
      node('Mean', { 1: [1] }, { keep_dims: { b: true }, Tidx: { type: 'DT_INT32' } }, 'Mul'),
      node('Squeeze', {}, { squeeze_dims: { list: { i: ['1'] } } }, 'Mean'),
      node(
        'StridedSlice',
        { 1: [0, 1], 2: [0, 3], 3: [1, 1] },
        { begin_mask: { i: '1' }, end_mask: { i: '1' }, Index: { type: 'DT_INT32' } },
        'Mul',
      ),
    ],
    [
      ['Squeeze', 0, 0],
      ['StridedSlice', 0, 0],
    ],
  );
  const half = X.map((row) => row.map((x) => Math.min(x + 3, 6) / 2));
  const got = await outputsOf(config, '2.3.0', [ht.tensor(X)]);
  near(
    got[0]!,
    half.map((row) => row.reduce((a, b) => a + b) / 3),
    'Mean',
  );
  near(
    got[1]!,
    half.flatMap((row) => row.slice(1)),
    'StridedSlice',
  );
});

test('two inputs brought together, and several results of one operation', async () => {
  const op = (fn: string, name: string, ...nodes: unknown[]) =>
    layer('TFOpLambda', name, { dtype: 'float32', function: fn }, ...nodes);
  const config = functional(
    [
      input('a', [null, 3]),
      input('b', [null, 3]),
      op('math.subtract', 'less', ['a', 0, 0, { y: ['b', 0, 0] }]),
      op('math.square', 'squared', ['less', 0, 0, {}]),
      op('math.reduce_sum', 'sum', ['squared', 0, 0, { axis: 1, keepdims: true }]),
      op('math.maximum', 'least', ['sum', 0, 0, { y: 1e-7 }]),
      op('math.sqrt', 'distance', ['least', 0, 0, {}]),
      op('split', 'parts', ['a', 0, 0, { num_or_size_splits: [1, 2], axis: -1 }]),
      op('stack', 'both', [
        ['parts', 0, 1, { axis: 1 }],
        ['parts', 0, 1, { axis: 1 }],
      ]),
    ],
    [
      ['distance', 0, 0],
      ['both', 0, 0],
    ],
    [
      ['a', 0, 0],
      ['b', 0, 0],
    ],
  );
  const got = await outputsOf(config, '2.12.0', [ht.tensor([[1, 2, 3]]), ht.tensor([[1, 5, 7]])]);
  near(got[0]!, [5], 'distance');
  near(got[1]!, [2, 3, 2, 3], 'both');
});

test('what an operation does not take is refused with its place', () => {
  const op = (fn: string, kwargs: object) =>
    functional([x2, layer('TFOpLambda', 'op', { function: fn }, ['x', 0, 0, kwargs])], [['op', 0, 0]]);
  const refused = (fn: string, kwargs: object, message: RegExp) =>
    assertThrows(() => read(op(fn, kwargs)), ht.FormatError, message);
  refused('math.reduce_mean', { axis: 0 }, /inbound_nodes\[0\]: op: mean .*axis of the batch/);
  refused('math.reduce_mean', { axis: 1, odd: 3 }, /argument odd of operation mean is not supported/);
  refused('reshape', { shape: [['x', 0, 0], 3] }, /argument newShape of operation reshape depends on data/);
  refused('math.add', { y: [1, 2] }, /do not broadcast/);
  refused('strings.lower', {}, /unknown classes of layers: 'operation strings\.lower' \(op\)/);
});
