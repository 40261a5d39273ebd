// Graphs that are refused: before any work for what they are, at a node for what it is given.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { assertRejects, assertThrows } from './assert-throws.ts';
import { built, type NodeJson, node, placeholder, type Weight } from './graph/build.ts';
import { CLASSIFIER, floats, input, int, ints } from './graph/classifier.ts';
import { filesOf, opened } from './graph/open.ts';
import { suite } from './harness.ts';

const test = suite('graphs that are refused');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open();
});
test.after(() => engine.close());

const refused = (nodes: readonly NodeJson[], weights: readonly Weight[], rule: RegExp) => {
  const before = ht.memory().bytesInUse;
  return assertRejects(() => opened(built(nodes, weights), engine), ht.FormatError, rule).then(() =>
    assert.is(ht.memory().bytesInUse, before, 'nothing is left on the GPU'),
  );
};

test('graphs that cannot be run are refused before any work', async () => {
  const x = placeholder('x', [2]);
  await refused(
    [
      x,
      node('a', 'Case', ['x']),
      node('b', 'StringJoin', ['a']),
      node('c', 'Case', ['b']),
      node('d', 'MyOp', ['c']),
    ],
    [],
    /model.json: ops that cannot be run here: Case \(control flow of another form; node 'a'\), StringJoin \(strings; node 'b'\), MyOp \(no row in the tables of ops; node 'd'\)/,
  );
  await refused(
    [x, node('a', 'Relu', ['b']), node('b', 'Relu', ['a']), node('c', 'Relu', ['a'])],
    [],
    /node '[ab]' is computed from its own result/,
  );
  await refused(
    [
      x,
      node('m', 'Merge', ['x', 'n']),
      node('s', 'Switch', ['m', 'm']),
      node('n', 'NextIteration', ['s:1']),
      node('e', 'Exit', ['s']),
    ],
    [],
    /NextIteration \(control flow of another form; node 'n'\), Exit/,
  );
  await refused([x, node('a', 'Relu', ['gone'])], [], /node 'a': its input 'gone' is not there/);
  await refused([x, node('x', 'Relu', ['x'])], [], /two nodes are called 'x'/);
  await refused([x, node('a', 'Relu', ['x:-1'])], [], /'x:-1' names no output/);
  await refused(
    [x, { name: 'w', op: 'Const', attr: { dtype: { type: 'DT_FLOAT' } } }, node('a', 'Add', ['x', 'w'])],
    [],
    /the weights have no 'w'/,
  );
  await refused([x, { name: 'a', op: 'Relu', input: 7 as never }], [], /node\[1\].input: 7; use a list/);
  await refused(
    [x, node('a', 'Mul', ['x', 'w'])],
    [{ ...floats('w', 3), shape: [2, 2] }],
    /weights\[0\]|bytes/,
  );
});

test('what an op refuses names the node; nothing of it stays', async () => {
  const fails = async (
    nodes: readonly NodeJson[],
    weights: readonly Weight[],
    type: Parameters<typeof assertThrows>[1],
    rule: RegExp,
  ) => {
    const model = await opened(built([placeholder('x', [-1, -1]), ...nodes], weights), engine);
    const x = input(2, 3);
    // What an engine keeps once it has run something.
    await ht.cast(x, 'int32').data();
    const before = ht.memory().bytesInUse;
    assertThrows(() => model.predict(x), type, rule);
    assert.is(ht.memory().bytesInUse, before, String(rule));
    model.dispose();
  };
  await fails(
    [node('a', 'MatMul', ['x', 'x'])],
    [],
    ht.ShapeError,
    /^node 'a' \(MatMul\): matMul: inner sizes differ/,
  );
  await fails(
    [node('a', 'Reshape', ['x', 's'])],
    [ints('s', 7)],
    ht.ShapeError,
    /^node 'a' \(Reshape\): reshape/,
  );
  await fails(
    [node('c', 'Cast', ['x'], { DstT: 'DT_INT32' }), node('a', 'Reshape', ['x', 'c'])],
    [],
    ht.ShapeError,
    /input 1, \(2, 3\), is computed from data/,
  );
  await fails([node('a', 'Softmax', [])], [], ht.FormatError, /0 inputs; input 0 is needed/);
  await fails(
    [node('a', 'Fill', ['s', 'v'])],
    [ints('s', 65536, 65536, 3), int('v', 1)],
    ht.ShapeError,
    /node 'a' \(Fill\): full: shape .* more than 2\^32/,
  );
  await fails(
    [node('a', 'Fill', ['s', 'v'])],
    [ints('s', 65536, 65535), int('v', 1)],
    ht.OutOfMemoryError,
    /node 'a' \(Fill\)/,
  );
  await fails(
    [node('a', 'Range', ['z', 'v', 'o'])],
    [int('z', 0), int('v', 2 ** 30), int('o', 1)],
    ht.ShapeError,
    /use 65536 at most/,
  );
  await fails(
    [node('a', 'Tile', ['z', 'v'])],
    [ints('z', 0, 1), ints('v', 2 ** 30)],
    ht.ShapeError,
    /use 65536 at most/,
  );
  await fails(
    [node('a', 'Cast', ['x'], { DstT: 'DT_STRING' })],
    [],
    ht.FormatError,
    /attribute 'DstT' is 'DT_STRING'/,
  );
  await fails(
    [node('a', 'Conv2D', ['x', 'x'], { strides: [2, 1, 1, 1], padding: 'SAME' })],
    [],
    ht.FormatError,
    /attribute 'strides' is \[2, 1, 1, 1\]; use 1 for batch/,
  );
});

test('layers and graphs are told apart', async () => {
  await assertRejects(
    () => ht.loadModel(filesOf(CLASSIFIER)),
    ht.FormatError,
    /a graph-model.*use loadGraphModel/,
  );
  await assertRejects(
    () => ht.loadGraphModel({ 'model.json': new TextEncoder().encode('{"modelTopology":{}}') }),
    ht.FormatError,
    /no graph; looked for/,
  );
});
