// Configurations in the forms of all versions of Keras: calls, shapes, operations.
import * as assert from 'uvu/assert';
import { modelToConfig } from '../src/convert/keras/write-model.ts';
import * as ht from '../src/node.ts';
import { assertThrows } from './assert-throws.ts';
import { suite } from './harness.ts';
import { functional, input, type Layer, layer, read } from './keras-config.ts';
import { numbers } from './step.ts';

const test = suite('configurations of Keras');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ seed: 4 });
});
test.after(() => engine.close());

async function run(
  config: object,
  inputs: number[][] | number[][][],
  kerasVersion?: string,
): Promise<number[][]> {
  const model = read(config, kerasVersion);
  const given =
    model.inputNames.length > 1 ? inputs.map((x) => ht.tensor(x as number[][])) : ht.tensor(inputs);
  const outputs = [model.apply(given as never)].flat() as unknown as ht.Tensor[];
  const values = await Promise.all(outputs.map(numbers));
  // What is written says the same.
  const again = read(JSON.parse(JSON.stringify(modelToConfig(model, 'keras3'))), '3.1.0');
  const weights = await model.getWeights();
  again.build();
  again.setWeights(weights);
  const twice = [again.apply(given as never)].flat() as unknown as ht.Tensor[];
  assert.equal(await Promise.all(twice.map(numbers)), values);
  again.dispose();
  model.dispose();
  return values;
}

const tensor3 = (name: string, node = 0, index = 0) => ({
  class_name: '__keras_tensor__',
  config: { shape: [null, 2], dtype: 'float32', keras_history: [name, node, index] },
});

test('operations of tf.keras become layers', async () => {
  const op = (fn: string, name: string, ...nodes: unknown[]) =>
    layer('TFOpLambda', name, { dtype: 'float32', function: fn }, ...nodes);
  const config = functional(
    [
      input('x', [null, 2]),
      op('__operators__.add', 'plus', ['x', 0, 0, { y: 3, name: null }]),
      op('nn.relu6', 'cut', ['plus', 0, 0, { name: null }]),
      op('math.multiply', 'scaled', [['cut', 0, 0, { y: 0.5, name: null }]]),
      op('math.multiply', 'times', ['scaled', 0, 0, { y: ['x', 0, 0], name: null }]),
      op('math.subtract', 'less', ['_CONSTANT_VALUE', -1, 1, { y: ['times', 0, 0], name: null }]),
      op('math.truediv', 'part', ['less', 0, 0, { y: 4, name: null }]),
      op('concat', 'both', [
        ['part', 0, 0, { axis: -1 }],
        ['x', 0, 0, { axis: -1 }],
      ]),
    ],
    [['both', 0, 0]],
  );
  const f = (x: number) => (1 - Math.min(Math.max(x + 3, 0), 6) * 0.5 * x) / 4;
  assert.equal(await run(config, [[1, -2]]), [[f(1), f(-2), 1, -2]]);
  assertThrows(
    () => read(functional([input('x', [null, 2]), op('signal.stft', 's', ['x', 0, 0, {}])], [['s', 0, 0]])),
    ht.FormatError,
    /unknown classes of layers: 'operation signal.stft' \(s\)/,
  );
});

test('operations and calls of Keras 3', async () => {
  const op = (kind: string, name: string, ...args: unknown[]): Layer => ({
    ...{ class_name: kind, module: 'keras.src.ops.numpy', registered_name: kind, name, config: { name } },
    inbound_nodes: [{ args, kwargs: {} }],
  });
  const merge: Layer = {
    ...{
      class_name: 'Add',
      module: 'keras.layers',
      registered_name: null,
      name: 'sum',
      config: { name: 'sum' },
    },
    inbound_nodes: [{ args: [[tensor3('doubled'), tensor3('shifted')]], kwargs: {} }],
  };
  const config = functional(
    [
      { ...input('x', undefined, { batch_shape: [null, 2] }), registered_name: null },
      op('Multiply', 'doubled', tensor3('x'), 2),
      op('Subtract', 'shifted', 1, tensor3('x')),
      merge,
      op('HardSilu', 'active', tensor3('sum')),
    ],
    ['active', 0, 0],
    ['x', 0, 0],
  );
  const f = (x: number) => (x + 1) * Math.min(Math.max((x + 1) / 6 + 0.5, 0), 1);
  const [got] = await run(config, [[1, -2]], '3.3.0');
  for (const [i, x] of [1, -2].entries()) assert.ok(Math.abs(got![i]! - f(x)) < 1e-6, `${got}`);
});

test('shared layers, nested models, several inputs and outputs, in any order', async () => {
  const inner = {
    ...functional(
      [input('i', [null, 2]), layer('Rescaling', 'r', { scale: 2, offset: 0 }, [['i', 0, 0, {}]])],
      [['r', 0, 0]],
      undefined,
      'inner',
    ),
    ...{ name: 'inner', inbound_nodes: [[['a', 0, 0, {}]], [['b', 0, 0, {}]]] },
  };
  const config = functional(
    [
      layer('Subtract', 'd', {}, [
        ['inner', 1, 0, {}],
        ['inner', 2, 0, {}],
      ]),
      inner,
      input('b', [null, 2]),
      input('a', [null, 2]),
    ],
    [
      ['d', 0, 0],
      ['inner', 2, 0],
    ],
    [
      ['a', 0, 0],
      ['b', 0, 0],
    ],
  );
  assert.equal(await run(config, [[[1, 2]], [[3, 5]]]), [
    [-4, -6],
    [6, 10],
  ]);
});

test('states of recurrent layers in both forms', async () => {
  const shape = [null, 3, 2];
  const lstm = (name: string, ...nodes: unknown[]) =>
    layer(
      'LSTM',
      name,
      {
        units: 2,
        return_state: true,
        recurrent_activation: 'sigmoid',
        implementation: 2,
        unroll: false,
        time_major: false,
      },
      ...nodes,
    );
  const outputs = [['second', 0, 0]];
  const two = (node: unknown) =>
    functional([input('x', shape), lstm('first', [['x', 0, 0, {}]]), lstm('second', node)], outputs);
  const listed = two([
    ['x', 0, 0, {}],
    ['first', 0, 1, {}],
    ['first', 0, 2, {}],
  ]);
  const states = [
    ['first', 0, 1],
    ['first', 0, 2],
  ];
  const named = two([['x', 0, 0, { initial_state: states, mask: null, training: false }]]);
  for (const config of [listed, named]) {
    const model = read(config) as ht.Functional<ht.Tensor, ht.Tensor>;
    assert.equal(
      model.calls.at(-1)!.inputs.map(({ name }) => name),
      ['x', 'first', 'first'],
    );
    model.dispose();
  }
});

test('unknown sizes, inputs of whole numbers, and models without an input', async () => {
  const conv = read(
    functional(
      [
        input('x', [null, null, null, 3]),
        layer('Conv2D', 'c', { filters: 2, kernel_size: [3, 3], padding: 'same' }, [['x', 0, 0, {}]]),
      ],
      [['c', 0, 0]],
    ),
  );
  assert.equal((conv as ht.Functional).outputs[0]!.shape, [null, null, null, 2]);
  for (const size of [4, 7])
    assert.equal((conv.apply(ht.zeros([1, size, 5, 3]) as never) as unknown as ht.Tensor).shape, [
      1,
      size,
      5,
      2,
    ]);
  assertThrows(() => conv.apply(ht.zeros([1, 4, 4, 2]) as never), ht.ShapeError, /\(4, 4, 2\)/);
  conv.dispose();
  const words = read({
    class_name: 'Sequential',
    config: [
      layer('Embedding', 'e', {
        input_dim: 5,
        output_dim: 2,
        input_length: 3,
        batch_input_shape: [null, 3],
        dtype: 'int32',
        mask_zero: false,
      }),
      layer('Flatten', 'f', { data_format: 'channels_last' }),
      layer('Dense', 'd', { units: 1 }),
    ],
  });
  assert.equal(
    (words.apply(ht.tensor([[0, 4, 1]], { dtype: 'int32' }) as never) as unknown as ht.Tensor).shape,
    [1, 1],
  );
  words.dispose();
  const dense = functional(
    [input('x', [null, null]), layer('Dense', 'd', { units: 2 }, [['x', 0, 0, {}]])],
    [['d', 0, 0]],
  );
  assertThrows(
    () => read(dense).build(),
    ht.ShapeError,
    /d\/kernel: its shape \(null, 2\) follows from sizes that are not known/,
  );
});
