// Nodes of graphs that TensorFlow.js has not, or not on its CPU: channels first, fused sums, rows that are chosen.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { built, type NodeJson, node, placeholder, type Weight } from './graph/build.ts';
import { CONV, floats, input, ints } from './graph/classifier.ts';
import { opened } from './graph/open.ts';
import { suite } from './harness.ts';
import { numbers } from './step.ts';

const test = suite('nodes of graphs');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open();
});
test.after(() => engine.close());

/** The result of one node called `y`. */
async function result(
  nodes: readonly NodeJson[],
  weights: readonly Weight[],
  inputs: Record<string, ht.Tensor>,
): Promise<ht.Tensor> {
  const model = await opened(built(nodes, weights), engine);
  const y = model.execute(inputs, 'y') as ht.Tensor;
  model.dispose();
  return y;
}

test('images whose channels come first are moved there and back', async () => {
  const x = input(2, 5, 6, 4);
  const first = ht.transpose(x, [0, 3, 1, 2]);
  const attrs = { strides: [1, 2, 1, 1], dilations: [1, 1, 1, 1], padding: 'SAME', data_format: 'NHWC' };
  const turned = { strides: [1, 1, 2, 1], dilations: [1, 1, 1, 1], padding: 'SAME', data_format: 'NCHW' };
  const pool = { ksize: [1, 2, 2, 1] };
  const norm = { is_training: false, epsilon: { f: 0.001 } };
  const weights = [
    floats('k', 3, 3, 4, 2),
    floats('b', 4),
    ...['g', 'o', 'm'].map((name) => floats(name, 4)),
    { ...floats('v', 4), values: [1, 2, 3, 4] },
  ];
  for (const [op, inputs, last, other] of [
    ['Conv2D', ['k'], attrs, turned],
    ['DepthwiseConv2dNative', ['k'], attrs, turned],
    ['MaxPool', [], { ...attrs, ...pool }, { ...turned, ksize: [1, 1, 2, 2] }],
    ['AvgPool', [], { ...attrs, ...pool }, { ...turned, ksize: [1, 1, 2, 2] }],
    ['BiasAdd', ['b'], {}, { data_format: 'NCHW' }],
    ['FusedBatchNormV3', ['g', 'o', 'm', 'v'], norm, { ...norm, data_format: 'NCHW' }],
    ['SpaceToDepth', [], { block_size: 1 }, { block_size: 1, data_format: 'NCHW' }],
    ['DepthToSpace', [], { block_size: 2 }, { block_size: 2, data_format: 'NCHW' }],
  ] as const) {
    const graph = (own: object) => [
      placeholder('x', [-1, -1, -1, -1]),
      node('y', op, ['x', ...inputs], own as never),
    ];
    const expected = await result(graph(last), weights, { x });
    const y = await result(graph(other), weights, { x: first });
    assert.equal(await numbers(ht.transpose(y, [0, 2, 3, 1])), await numbers(expected), op);
  }
});

test('a transposed convolution of volumes, its batch left open', async () => {
  const [x, filter] = [input(1, 2, 3, 2, 4), floats('t', 3, 3, 2, 2, 4)];
  const graph = built(
    [
      placeholder('x', [-1, 2, 3, 2, 4]),
      node('y', 'Conv3DBackpropInputV2', ['s', 't', 'x'], {
        ...{ strides: [1, 2, 2, 2, 1], padding: 'SAME', data_format: 'NDHWC' },
      }),
    ],
    [ints('s', -1, 4, 6, 4, 2), filter],
  );
  const model = await opened(graph, engine);
  const kernel = ht.tensor(Float32Array.from(filter.values), { shape: [...filter.shape] });
  const expected = ht.conv3dTranspose(x, kernel, [1, 4, 6, 4, 2], 2, 'same');
  assert.equal(await numbers(model.predict(x) as ht.Tensor), await numbers(expected));
});

test('ops that TensorFlow.js does not have', async () => {
  const x = input(1, 4, 4, 2);
  const plain = (op: string, attrs = {}) => [placeholder('x', [-1, 4, 4, 2]), node('y', op, ['x'], attrs)];
  for (const [op, expected] of [
    ['Softsign', ht.softsign(x)],
    ['Rint', ht.round(x)],
    ['Inv', ht.reciprocal(x)],
    ['CheckNumerics', x],
    ['EnsureShape', x],
    ['PreventGradient', x],
  ] as const)
    assert.equal(await numbers(await result(plain(op), [], { x })), await numbers(expected), op);
  const deep = await result(plain('SpaceToDepth', { block_size: 2 }), [], { x });
  const model = await opened(
    built([placeholder('x', [-1, 2, 2, 8]), node('y', 'DepthToSpace', ['x'], { block_size: 2 })], []),
    engine,
  );
  assert.equal(await numbers(model.predict(deep) as ht.Tensor), await numbers(x));
  const bools = [
    placeholder('a', [2], 'bool'),
    placeholder('b', [2], 'bool'),
    node('y', 'LogicalXor', ['a', 'b']),
  ];
  assert.equal(
    await (await result(bools, [], { a: ht.tensor([true, true]), b: ht.tensor([true, false]) })).array(),
    [0, 1],
  );
  const rows = [
    placeholder('c', [2], 'bool'),
    placeholder('a', [2, 2]),
    node('n', 'Neg', ['a']),
    node('y', 'Select', ['c', 'a', 'n']),
  ];
  assert.equal(
    await (
      await result(rows, [], {
        c: ht.tensor([true, false]),
        a: ht.tensor([
          [1, 2],
          [3, 4],
        ]),
      })
    ).array(),
    [
      [1, 2],
      [-3, -4],
    ],
  );
  const shapes = [
    placeholder('x', [-1, 4, 4, 2]),
    node('s', 'ShapeN', ['x', 'v'], { N: 2 }),
    node('y', 'BroadcastArgs', ['s', 's:1']),
  ];
  assert.equal(await (await result(shapes, [floats('v', 2)], { x })).array(), [1, 4, 4, 2]);
  const several = [
    placeholder('x', [-1, 4, 4, 2]),
    node('i', 'IdentityN', ['x', 'v']),
    node('y', 'Mul', ['i', 'i:1']),
  ];
  assert.equal(
    await numbers(await result(several, [floats('v', 2)], { x })),
    await numbers(ht.mul(x, ht.tensor(floats('v', 2).values as number[]))),
  );
  const below = { name: 'l', shape: [], dtype: 'int32' as const, values: [1] };
  const above = { ...below, name: 'u', values: [0] };
  const band = [placeholder('m', [2, 3]), node('y', 'MatrixBandPart', ['m', 'l', 'u'])];
  const ones = ht.ones([2, 3]);
  assert.equal(await (await result(band, [below, above], { m: ones })).array(), [
    [1, 0, 0],
    [1, 1, 0],
  ]);
  const none = { ...floats('w', 0), values: [] };
  const bins = [
    placeholder('v', [4], 'int32'),
    node('y', 'DenseBincount', ['v', 'l', 'w'], { binary_output: true }),
  ];
  const v = ht.tensor([2, 0, 2, 3], { dtype: 'int32' });
  assert.equal(await (await result(bins, [{ ...below, values: [3] }, none], { v })).array(), [1, 0, 1]);
  const relu = [
    placeholder('x', [-1, 4, 4, 2]),
    node('y', '_FusedConv2D', ['x', 'k'], { ...CONV, fused_ops: ['Relu'], num_args: 0 }),
  ];
  const kernel = floats('k', 1, 1, 2, 2);
  const expected = ht.relu(
    ht.conv2d(x, ht.tensor(Float32Array.from(kernel.values), { shape: kernel.shape }), 1, 'same'),
  );
  assert.equal(await numbers(await result(relu, [kernel], { x })), await numbers(expected));
  const sum = [
    placeholder('x', [-1, 4, 4, 2]),
    node('y', '_FusedConv2D', ['x', 'k', 'b', 'x'], {
      ...CONV,
      fused_ops: ['BiasAdd', 'Add', 'Relu'],
      num_args: 2,
    }),
  ];
  const added = ht.relu(
    ht.add(
      ht.add(
        ht.conv2d(x, ht.tensor(Float32Array.from(kernel.values), { shape: kernel.shape }), 1, 'same'),
        ht.tensor(floats('b', 2).values as number[]),
      ),
      x,
    ),
  );
  assert.equal(await numbers(await result(sum, [kernel, floats('b', 2)], { x })), await numbers(added));
  const optional = built(
    [
      placeholder('x', [2]),
      node('d', 'PlaceholderWithDefault', ['v'], { dtype: 'DT_FLOAT' }),
      node('y', 'Add', ['x', 'd']),
    ],
    [{ ...floats('v', 2), values: [10, 20] }],
  );
  const withDefault = await opened(optional, engine);
  const [a, b] = [ht.tensor([1, 2]), ht.tensor([5, 5])];
  assert.equal(await (withDefault.predict({ x: a }) as ht.Tensor).array(), [11, 22]);
  assert.equal(await (withDefault.predict({ x: a, d: b }) as ht.Tensor).array(), [6, 7]);
});
