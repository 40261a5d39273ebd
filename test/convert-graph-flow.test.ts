// executeAsync: loops, branches, lists, and results of any size; what bounds them; what stays of them.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { assertRejects, assertThrows } from './assert-throws.ts';
import { type Built, built, node, placeholder } from './graph/build.ts';
import { CLASSIFIER, floats, input, int, ints } from './graph/classifier.ts';
import { BRANCHED, DOUBLED, enter, ROWS, withLibrary } from './graph/loops.ts';
import { opened } from './graph/open.ts';
import { suite } from './harness.ts';

const test = suite('graphs whose course depends on data');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open();
});
test.after(() => engine.close());

type Inputs = Record<string, ht.Tensor>;

async function values(
  graph: Built,
  inputs: Inputs,
  outputs: readonly string[],
  options: ht.ExecuteOptions = {},
): Promise<unknown[]> {
  const model = await opened(graph, engine);
  const found = [await model.executeAsync(inputs, outputs, options)].flat();
  const arrays = await Promise.all(found.map((y) => y?.array() ?? null));
  model.dispose();
  return arrays;
}

test('a loop of TensorFlow 1 runs as often as the data say', async () => {
  const run = (...x: number[]) =>
    values(DOUBLED, { x: ht.tensor(x), limit: ht.tensor(10) }, ['y', 'count', 'x_now']).catch(
      (error) => error,
    );
  const found = await values(DOUBLED, { x: ht.tensor([1, 2]), limit: ht.tensor(10) }, ['y', 'count']);
  assert.equal(found, [[4, 8], 2]);
  assert.equal(await values(DOUBLED, { x: ht.tensor([9, 9]), limit: ht.tensor(1) }, ['count', 'y']), [
    0,
    [9, 9],
  ]);
  assert.instance(await run(1), ht.FormatError, 'nodes inside of a loop have no value outside');
});

test('a branch of TensorFlow 1 is taken, also by a constant that waits for it', async () => {
  const x = ht.tensor([2, 3]);
  const on = (p: boolean) => ({ x, p: ht.reshape(ht.tensor([p]), []) });
  assert.equal(await values(BRANCHED, on(true), ['y', 'which', 'y:1']), [[4, 9], 7, 1]);
  assert.equal(await values(BRANCHED, on(false), ['y', 'which', 'y:1']), [[-2, -3], 9, 0]);
  await assertRejects(
    () => values(BRANCHED, on(false), ['square']),
    ht.FormatError,
    /'square' is in a branch that was not/,
  );
});

test('loops and branches of TensorFlow 2 call functions, and lists go through them', async () => {
  const w = [...ROWS.stored.find(({ name }) => name === 'w')!.values];
  const x = ht.tensor([
    [1, 2],
    [-3, 1],
    [0.5, 0],
  ]);
  assert.equal(await values(ROWS, { x }, ['y', 'length']), [
    [
      [w[0], 2 * w[1]!],
      [3, -1],
      [0.5 * w[0]!, 0],
    ],
    3,
  ]);
});

test('a loop in a loop', async () => {
  const nested = built(
    [
      placeholder('x', []),
      enter('ea', 'x'),
      enter('ei', 'zero'),
      node('a', 'Merge', ['ea', 'na']),
      node('i', 'Merge', ['ei', 'ni']),
      node('l', 'Less', ['i', 'three']),
      node('c', 'LoopCond', ['l']),
      node('sa', 'Switch', ['a', 'c']),
      node('si', 'Switch', ['i', 'c']),
      enter('eb', 'sa:1', false, 'g'),
      enter('ej', 'si:1', false, 'g'),
      node('b', 'Merge', ['eb', 'nb']),
      node('j', 'Merge', ['ej', 'nj']),
      node('m', 'Less', ['j', 'three']),
      node('d', 'LoopCond', ['m']),
      node('sb', 'Switch', ['b', 'd']),
      node('sj', 'Switch', ['j', 'd']),
      node('b2', 'AddV2', ['sb:1', 'sb:1']),
      node('j2', 'AddV2', ['sj:1', 'one']),
      node('nb', 'NextIteration', ['b2']),
      node('nj', 'NextIteration', ['j2']),
      node('xb', 'Exit', ['sb']),
      node('i2', 'AddV2', ['si:1', 'one']),
      node('na', 'NextIteration', ['xb']),
      node('ni', 'NextIteration', ['i2']),
      node('y', 'Exit', ['sa']),
    ],
    [int('zero', 0), int('one', 1), int('three', 3)],
  );
  assert.equal(await values(nested, { x: ht.tensor(1) }, ['y']), [2 ** 6]);
  await assertRejects(
    () => values(nested, { x: ht.tensor(1) }, ['y'], { maxIterations: 5 }),
    ht.FormatError,
    /node 'f\/loop' \(While\): node 'g\/loop' \(While\): more than 5 iterations; raise maxIterations/,
  );
});

test('boxes are suppressed, what is left is gathered; null where nothing is', async () => {
  const limit = (name: string, value: number) => ({
    name,
    shape: [],
    dtype: 'float32' as const,
    values: [value],
  });
  const detector = built(
    [
      placeholder('x', [-1, 5]),
      node('boxes', 'Slice', ['x', 'from', 'four']),
      node('column', 'Slice', ['x', 'fifth', 'single']),
      node('scores', 'Squeeze', ['column'], { squeeze_dims: [1] }),
      node('kept', 'NonMaxSuppressionV3', ['boxes', 'scores', 'most', 'overlap', 'score']),
      node('best', 'GatherV2', ['boxes', 'kept', 'zero']),
      node('count', 'Size', ['kept']),
      node('all', 'ConcatV2', ['best', 'boxes', 'zero'], { N: 2 }),
      node('where', 'Where', ['above']),
      node('above', 'Greater', ['scores', 'score']),
    ],
    [
      ...[
        ints('from', 0, 0),
        ints('four', -1, 4),
        ints('fifth', 0, 4),
        ints('single', -1, 1),
        int('zero', 0),
      ],
      ...[int('most', 4), limit('overlap', 0.5), limit('score', 0.25)],
    ],
  );
  const rows = [
    [0, 0, 1, 1, 0.5],
    [0, 0, 1, 1.0625, 0.75],
    [2, 2, 3, 3, 0.125],
    [4, 4, 5, 5, 0.5],
  ];
  const names = ['kept', 'best', 'count', 'where'];
  assert.equal(await values(detector, { x: ht.tensor(rows) }, names), [
    [1, 3],
    [rows[1]!.slice(0, 4), rows[3]!.slice(0, 4)],
    2,
    [[0], [1], [3]],
  ]);
  const low = rows.map((row) => [...row.slice(0, 4), 0]);
  const found = await values(detector, { x: ht.tensor(low) }, [...names, 'all']);
  assert.equal(found, [null, null, 0, null, low.map((row) => row.slice(0, 4))]);
  const model = await opened(detector, engine);
  assertThrows(() => model.execute(ht.tensor(rows), 'kept'), ht.ShapeError, /node 'kept'.*use executeAsync/);
  assert.equal(
    await (model.execute(ht.tensor(rows), 'boxes') as ht.Tensor).array(),
    rows.map((r) => r.slice(0, 4)),
  );
  model.dispose();
});

test('what a graph without such nodes gives is what execute gives; autocast runs the parts in float16', async () => {
  const model = await opened(CLASSIFIER, engine);
  const x = input(2, 8, 8, 3);
  const exact = await (model.predict(x) as ht.Tensor).data();
  // Tidied before it has run.
  const pending = ht.tidy(() => ({ y: model.executeAsync(ht.mul(x, 1)) })).y;
  assert.equal(await ((await pending) as ht.Tensor).data(), exact);
  for (const rules of ['tensorflow', 'pytorch'] as const) {
    model.autocast = { rules };
    const y = (await model.executeAsync(x)) as ht.Tensor;
    const mixed = await (model.predict(x) as ht.Tensor).data();
    assert.is(y.dtype, 'float32');
    assert.not.equal(await y.data(), exact);
    for (const [i, value] of (await y.data()).entries()) assert.ok(Math.abs(value - mixed[i]!) < 1e-3);
  }
  model.dispose();
});

test('memory stays as it was, also where it fails', async () => {
  const model = await opened(ROWS, engine);
  const x = ht.ones([5, 2]);
  const once = async () => {
    for (const y of [await model.executeAsync(x, ['y', 'length'])].flat()) y?.dispose();
    await model.executeAsync(x, ['y'], { maxIterations: 2 }).catch(() => {});
  };
  await once();
  const before = ht.memory().bytesInUse;
  for (let i = 0; i < 3; i++) await once();
  assert.is(ht.memory().bytesInUse, before);
  model.dispose();
});

test('what cannot be: under jit, unknown options, predict, functions that are not there', async () => {
  const model = await opened(DOUBLED, engine);
  const inputs = { x: ht.tensor([1]), limit: ht.tensor(3) };
  assertThrows(() => model.predict(inputs), ht.FormatError, /branches, loops or lists; use executeAsync/);
  let inner: Promise<unknown> = Promise.resolve();
  ht.jit((x: ht.Tensor) => {
    inner = model.executeAsync({ ...inputs, x }).catch((error) => error);
    return ht.add(x, 1);
  })(inputs.x);
  assert.match(String(await inner), /executeAsync: it waits for data/);
  await assertRejects(
    () => model.executeAsync(inputs, 'y', { iterations: 3 } as never),
    ht.ArgumentError,
    /unknown option 'iterations'/,
  );
  model.dispose();
  await assertRejects(() => model.executeAsync(inputs), ht.DisposedError, /it was disposed/);
  const calling = (op: string, attrs: object) =>
    built([placeholder('x', []), node('y', op, ['x', 'x'], attrs as never)], [floats('w', 2)]);
  await assertRejects(
    () => opened(calling('If', {}), engine),
    ht.FormatError,
    /'then_branch' names no function/,
  );
  const branch = { func: { name: 'again' } };
  const both = { then_branch: branch, else_branch: branch };
  await assertRejects(
    () => opened(calling('If', both), engine),
    ht.FormatError,
    /function 'again' is not there/,
  );
  const endless = withLibrary(calling('If', both), [
    {
      ...{ name: 'again', inputs: ['a'], outputs: { y: 'y:output:0' } },
      nodes: [node('y', 'If', ['a', 'a'], both)],
    },
  ]);
  await assertRejects(
    () => values(endless, { x: ht.tensor(1) }, ['y']),
    ht.FormatError,
    /call each other without end/,
  );
});
