// Tests of jit: the same results as without it, when it traces anew, what it captures, returns, refuses and frees.
import * as assert from 'uvu/assert';
import { setDefaultEngine } from '../src/gpu/default-engine.ts';
import * as ht from '../src/node.ts';
import { assertThrows } from './assert-throws.ts';
import { collected } from './collected.ts';
import { suite } from './harness.ts';

const test = suite('jit');

let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open();
});
test.after(() => engine.close());

const values = async (of: { data(): Promise<ArrayLike<number>> }) => Array.from(await of.data());

/** Runs `body` on an engine of its own; the default engine stays that of the suite. */
async function onEngine<T>(options: ht.OpenOptions, body: (own: ht.Engine) => Promise<T>): Promise<T> {
  const own = await ht.open(options);
  return body(own).finally(() => {
    own.close();
    setDefaultEngine(engine);
  });
}

test('one trace for each shape, dtype, JavaScript value and structure', async () => {
  let runs = 0;
  const fn = ht.jit<[ht.Tensor, unknown, unknown], ht.Tensor>((x, factor, options) => {
    runs++;
    return ht.mul(x, typeof factor === 'number' ? factor : options ? 3 : 2);
  });
  const x = ht.tensor([1, 2]);
  const calls: [x: ht.Tensor, factor: unknown, options: unknown][] = [
    [x, 1, null],
    [ht.tensor([1, 2, 3]), 1, null],
    [ht.tensor([[1, 2]]), 1, null],
    [ht.tensor([1, 2], { dtype: 'float16' }), 1, null],
    [x, 2, null],
    [x, 0, null],
    [x, -0, null],
    [x, Number.NaN, null],
    [x, '1', null],
    [x, true, null],
    [x, undefined, null],
    [x, 1, undefined],
    [x, 1, { a: 1 }],
    [x, 1, { a: '1' }],
    [x, 1, { b: 1 }],
    [x, 1, [1]],
    [x, 1, [[1]]],
    [x, 1, x],
    [x, 1, [x, x]],
    [x, 1, new Map()],
    [x, 1, ht.relu],
  ];
  for (const [index, call] of calls.entries()) {
    fn(...call);
    assert.equal([runs, fn.traces], [index + 1, index + 1], `call ${index}`);
  }
  for (const [own, factor, options] of calls.slice(0, 19)) fn(own, factor, options);
  fn(ht.tensor([5, 6]), 1, null);
  fn(x, 1, { a: 1 });
  assert.is(runs, calls.length);
  assert.equal(await values(fn(ht.tensor([5, 6]), 2, null)), [10, 12]);
  assert.is(runs, calls.length);
  fn.dispose();
  fn(x, 1, null);
  assert.equal([runs, fn.traces], [calls.length + 1, 1]);
});

test('inputs and results are nested as they were given', async () => {
  const fn = ht.jit((batch: { x: ht.Tensor; rest: ht.Tensor[] }, name: string) => ({
    sums: batch.rest.map((other) => ht.add(batch.x, other)),
    deep: { name, count: batch.rest.length, none: null, list: [[ht.neg(batch.x)]] },
  }));
  for (const shift of [0, 10]) {
    const [a, b, c] = [1, 2, 3].map((value) => ht.tensor([value + shift]));
    const result = fn({ x: a!, rest: [b!, c!] }, 'both');
    assert.equal(await Promise.all(result.sums.map(values)), [[3 + 2 * shift], [4 + 2 * shift]]);
    const { list, ...others } = result.deep;
    assert.equal(others, { name: 'both', count: 2, none: null });
    assert.equal(await values(list[0]![0]!), [-1 - shift]);
  }
});

test('results live on: a later call changes none of them', async () => {
  const fn = ht.jit((x: ht.Tensor) => [ht.add(x, 1), ht.add(x, 1), ht.exp(ht.exp(x))] as const);
  const results = [1, 2, 3].map((value) => fn(ht.tensor([value])));
  for (const [index, [first, second]] of results.entries()) {
    assert.equal([await values(first), await values(second)], [[index + 2], [index + 2]]);
  }
  results[0]![0].dispose();
  assert.equal(await values(results[0]![1]), [2]);
});

test('a result may be an input, one tensor twice, or a view of another', async () => {
  const fn = ht.jit((x: ht.Tensor) => {
    const y = ht.neg(x);
    return { x, y, again: y, view: ht.reshape(y, [2, 1]), input: ht.reshape(x, [2, 1]) };
  });
  for (const value of [1, 5]) {
    const input = ht.tensor([value, value]);
    const result = fn(input);
    assert.is.not(result.x, input);
    input.dispose();
    result.y.dispose();
    assert.equal(await values(result.x), [value, value]);
    assert.equal(await values(result.again), [-value, -value]);
    assert.equal(
      [await result.view.array(), await result.input.array()],
      [
        [[-value], [-value]],
        [[value], [value]],
      ],
    );
  }
});

test('tensors and variables from outside are taken by reference, and held', async () => {
  const [captured, v] = [ht.tensor([10]), ht.variable([1])];
  const returned = ht.tensor([7]);
  const fn = ht.jit((x: ht.Tensor) => ({ sum: ht.add(ht.add(x, captured), v), returned, v: v.read() }));
  const first = fn(ht.tensor([100]));
  captured.dispose();
  returned.dispose();
  // Takes the memory that would have been free.
  const others = [ht.full([1], -1), ht.full([1], -2)];
  v.assign([2]);
  const second = fn(ht.tensor([200]));
  assert.equal([await values(first.sum), await values(second.sum)], [[111], [212]]);
  assert.equal([await values(first.returned), await values(second.returned)], [[7], [7]]);
  assert.equal([await values(first.v), await values(second.v)], [[1], [2]]);
  assert.equal(await values(others[0]!), [-1]);
  fn.dispose();
  v.dispose();
});

test('constants made inside are part of the program', async () => {
  const fn = ht.jit((x: ht.Tensor) => {
    const table = ht.tensor([
      [1, 2],
      [3, 4],
    ]);
    const scale = ht.tidy(() => ht.add(ht.range(0, 2), ht.ones([2])));
    return ht.add(ht.mul(ht.matMul(x, table), scale), [[100, 200]]);
  });
  for (const value of [1, 2, 3]) {
    const got = await fn(ht.tensor([[value, 0]])).array();
    assert.equal(got, [[value + 100, 4 * value + 200]]);
    // Other work takes and gives back memory in between.
    ht.tidy(() => ht.exp(ht.add(ht.ones([2, 2]), value)));
  }
});

test('more different numbers than constants are kept for', async () => {
  const fn = ht.jit((x: ht.Tensor) => {
    let sum = x;
    for (let i = 0; i < 400; i++) sum = ht.add(sum, i + 0.5);
    return sum;
  });
  for (const value of [0, 1, 2]) assert.equal(await values(fn(ht.tensor([value]))), [value + 80_000]);
});

test('assigning inside is part of the program, for tensors and for numbers', async () => {
  const [v, count] = [ht.variable([1, 1]), ht.variable([5, 5])];
  const fn = ht.jit((x: ht.Tensor) => {
    v.assign(ht.add(v, x));
    const seen = ht.mul(v, 1);
    count.assign([0, 0]);
    return seen;
  });
  for (const expected of [3, 5, 7]) {
    count.assign([9, 9]);
    assert.equal(await values(fn(ht.tensor([2, 2]))), [expected, expected]);
    assert.equal(
      [await values(v), await values(count)],
      [
        [expected, expected],
        [0, 0],
      ],
    );
  }
  for (const variable of [v, count]) variable.dispose();
});

test('the f16 copy stays in step with what replays assign, whenever it was made', async () => {
  const inside = ht.variable([1]);
  const fn = ht.jit((x: ht.Tensor) => {
    inside.assign(x);
    return ht.add(inside.read('float16'), 0);
  });
  for (const value of [3, 4, 5]) {
    assert.equal(await values(fn(ht.tensor([value]))), [value], 'made inside, after the assignment');
    assert.equal([await values(inside), await values(inside.read('float16'))], [[value], [value]]);
  }
  const late = ht.variable([1]);
  const update = ht.jit((x: ht.Tensor) => void late.assign(x));
  update(ht.tensor([2]));
  assert.equal(await values(late.read('float16')), [2]);
  update(ht.tensor([3]));
  assert.equal([await values(late), await values(late.read('float16'))], [[3], [3]], 'made after the trace');
  for (const variable of [inside, late]) variable.dispose();
});

test('reading inside says what to do, and leaves the engine usable', async () => {
  const x = ht.tensor([1]);
  const message = /^jit: a tensor is read inside a traced function; return it and read it outside$/;
  for (const read of [(t: ht.Tensor) => t.data(), (t: ht.Tensor) => t.array()]) {
    const fn = ht.jit((t: ht.Tensor) => {
      read(ht.add(t, 1));
      return t;
    });
    assertThrows(() => fn(x), ht.ArgumentError, message);
    assert.is(fn.traces, 0);
    assert.not(engine.tracing);
  }
  assertThrows(
    () => ht.jit(async (t: ht.Tensor) => ht.add(t, 1))(x),
    ht.ArgumentError,
    /^jit: the function is async/,
  );
  assert.equal(await values(ht.add(x, 1)), [2]);
});

test('an error inside leaves nothing behind, and the next call works', async () => {
  let fails = true;
  const v = ht.variable([1]);
  const fn = ht.jit((x: ht.Tensor) => {
    const y = ht.add(ht.add(x, ht.tensor([1, 1])), v);
    if (fails) ht.matMul(y, y);
    return y;
  });
  ht.add(ht.ones([2]), v).dispose();
  const x = ht.tensor([1, 2]);
  const start = engine.memory().bytesInUse;
  assertThrows(() => fn(x), ht.ShapeError, /^matMul: a is \(2\)/);
  assert.equal([engine.memory().bytesInUse, fn.traces, engine.tracing], [start, 0, false]);
  fails = false;
  assert.equal(await values(fn(x)), [3, 4]);
  v.dispose();
});

test('disposed inputs are refused', () => {
  const fn = ht.jit((x: ht.Tensor) => ht.add(x, 1));
  const x = ht.tensor([1]);
  fn(x);
  x.dispose();
  assertThrows(() => fn(x), ht.DisposedError, /it was disposed/);
});

test('what was made inside and smuggled out is refused, there and everywhere', async () => {
  let smuggled: ht.Tensor | undefined;
  const fn = ht.jit((x: ht.Tensor) => {
    smuggled = ht.keep(ht.add(x, 1));
    return smuggled;
  });
  assert.equal(await values(fn(ht.tensor([1]))), [2]);
  for (const use of [() => smuggled!.data(), () => ht.neg(smuggled!), () => fn(smuggled!)])
    assertThrows(use, ht.DisposedError, /inside a traced function|it was disposed/);
});

test('a jitted function inside another is part of it', async () => {
  let runs = 0;
  const inner = ht.jit((x: ht.Tensor, factor: number) => {
    runs++;
    return ht.mul(x, factor);
  });
  const outer = ht.jit((x: ht.Tensor) => ht.add(inner(x, 2), inner(x, 3)));
  for (const value of [1, 2]) assert.equal(await values(outer(ht.tensor([value]))), [5 * value]);
  assert.equal([runs, inner.traces, outer.traces], [2, 0, 1]);
});

test('results belong to the tidy around the call, and dispose gives all memory back', async () => {
  const x = ht.tensor([1, 2, 3]);
  ht.tidy(() => ht.add(x, 1)).dispose();
  await collected();
  const start = engine.memory().bytesInUse;
  const fn = ht.jit((t: ht.Tensor) => ({ kept: ht.softmax(ht.add(t, 1)), dropped: ht.neg(t) }));
  const { kept } = ht.tidy(() => ({ kept: fn(x).kept }));
  const withProgram = engine.memory().bytesInUse;
  ht.tidy(() => void fn(x));
  assert.is(engine.memory().bytesInUse, withProgram);
  assert.equal((await kept.data()).length, 3);
  kept.dispose();
  fn.dispose();
  fn.dispose();
  assert.is(engine.memory().bytesInUse, start);
});

test('one function on two engines', async () => {
  await onEngine({ f16: 'packed' }, async (other) => {
    const fn = ht.jit((x: ht.Tensor) =>
      ht.cast(ht.mul(ht.cast(x, 'float16'), x.dtype === 'float32' ? 2 : 3), 'float32'),
    );
    for (const own of [engine, other, engine, other])
      assert.equal(await values(fn(ht.tensor([1.5], { engine: own }))), [3]);
    assert.is(fn.traces, 2);
    const mixed = ht.jit((a: ht.Tensor, b: ht.Tensor) => [a, b]);
    const [a, b] = [ht.ones([1], 'float32', { engine }), ht.ones([1], 'float32', { engine: other })];
    assertThrows(() => mixed(a, b), ht.ArgumentError, /^jit: tensors of two engines/);
  });
});
