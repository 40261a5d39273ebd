// The painting of a graph in float16 and float32: the rules of TensorFlow's rewrite, on graphs drawn by hand.
import * as assert from 'uvu/assert';
import { type GraphNode, paint } from '../src/precision/painting.ts';
import { suite } from './harness.ts';

const test = suite('autocast, painting');

/** A chain or graph of ops: class, and the numbers of the ops before it. */
function graph(...rows: readonly (readonly [GraphNode['precision'], ...number[]])[]): GraphNode[] {
  return rows.map(([precision, ...inputs], i) => ({ name: `op${i}`, precision, inputs, float32: true }));
}
const halves = (nodes: readonly GraphNode[]) =>
  paint(nodes)
    .map(({ half }) => (half ? 'h' : 'f'))
    .join('');

test('without an allowed op nothing is painted', () => {
  assert.is(halves(graph(['clear'], ['infer', 0], ['clear', 1])), 'fff');
});

test('infer between allowed ops is painted, before and behind them it is not', () => {
  assert.is(halves(graph(['infer'], ['allow', 0], ['infer', 1], ['allow', 2], ['infer', 3])), 'fhhhf');
});

test('clear ops go with what is painted, on both sides, as far as they reach', () => {
  assert.is(halves(graph(['clear'], ['clear', 0], ['allow', 1], ['clear', 2], ['clear', 3])), 'hhhhh');
  assert.is(halves(graph(['clear'], ['infer', 0], ['clear', 1], ['allow', 2])), 'ffhh');
});

test('a denied op denies the inferred ones behind it, through clear ones; not a clear tail', () => {
  assert.is(halves(graph(['deny'], ['clear', 0], ['infer', 1], ['allow', 2])), 'fffh');
  assert.is(halves(graph(['allow'], ['deny', 0], ['infer', 1], ['allow', 2])), 'hffh');
  assert.is(halves(graph(['allow'], ['deny', 0], ['clear', 1], ['allow', 2])), 'hfhh');
});

test('a branch: the infer op that joins a denied and an allowed one is denied', () => {
  assert.is(halves(graph(['allow'], ['deny'], ['infer', 0, 1], ['allow', 2])), 'hffh');
});

test('an unlisted op stays and passes nothing on', () => {
  assert.is(halves(graph(['allow'], ['unlisted', 0], ['infer', 1], ['allow', 2])), 'hffh');
  assert.is(halves(graph(['allow'], ['infer', 0], ['unlisted', 1], ['clear', 2], ['allow', 3])), 'hffhh');
});

test('an infer op with one way to an allowed op and one to a denied one is painted', () => {
  assert.is(halves(graph(['allow'], ['infer', 0], ['deny', 1], ['allow', 1])), 'hhfh');
});

test('what has nothing to cast is neither painted nor passed through', () => {
  const nodes = graph(['allow'], ['clear', 0], ['infer', 1], ['allow', 2]);
  const whole = nodes.map((node, i) => (i === 1 ? { ...node, float32: false } : node));
  assert.is(halves(nodes), 'hhhh');
  assert.is(halves(whole), 'hffh');
});

test('every node has its reason', () => {
  const nodes = graph(
    ['allow'],
    ['infer', 0],
    ['clear', 1],
    ['allow', 2],
    ['clear', 3],
    ['deny', 4],
    ['infer', 5],
  );
  assert.equal(
    paint(nodes).map(({ why }) => why),
    [
      'on the allow list',
      'infer: between ops on the allow list',
      'clear: between ops on the allow list',
      'on the allow list',
      'clear: beside an op in float16',
      'on the deny list',
      'infer: behind an op on the deny list',
    ],
  );
});

test('graphs of ten thousand ops are painted without deep recursion', () => {
  const rows = Array.from({ length: 10_000 }, (_, i): [GraphNode['precision'], ...number[]] =>
    i === 0 || i === 9_999 ? ['allow', ...(i ? [i - 1] : [])] : ['infer', i - 1],
  );
  assert.is(halves(graph(...rows)), 'h'.repeat(10_000));
});
