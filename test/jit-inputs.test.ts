// Tests of the inputs of jitted functions: what stays where the call before left it, and what must be brought again.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { assertThrows } from './assert-throws.ts';
import { suite } from './harness.ts';
import { numbers } from './step.ts';

const test = suite('jit inputs');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open();
});
test.after(() => engine.close());

test('two tensors in turns, one again and again, one under two names', async () => {
  const difference = ht.jit((x: ht.Tensor, y: ht.Tensor) => ht.sub(x, y));
  const [a, b] = [ht.tensor([1, 2]), ht.tensor([10, 20])];
  const same = ht.reshape(a, [2]);
  for (const [x, y, expected] of [
    [a, b, [-9, -18]],
    [a, b, [-9, -18]],
    [b, a, [9, 18]],
    [b, same, [9, 18]],
    [a, same, [0, 0]],
    [a, a, [0, 0]],
  ] as const)
    assert.equal(await numbers(difference(x, y)), expected);
});

test('a variable that changed is brought again, whoever changed it', async () => {
  const v = ht.variable([1, 2]);
  const optimizer = ht.optimizers.sgd({ learningRate: 1 });
  const tenfold = ht.jit((x: ht.Tensor) => ht.mul(x, 10));
  const addOne = ht.jit((x: ht.Tensor) => void v.assign(ht.add(v, x)));
  const train = ht.jit((gradient: ht.Tensor) => void optimizer.apply([gradient], [v]));
  const one = ht.ones([2]);
  const changes: [change: () => unknown, expected: readonly number[]][] = [
    [() => {}, [10, 20]],
    [() => v.assign([3, 4]), [30, 40]],
    [() => v.assign(ht.tensor([5, 6])), [50, 60]],
    [() => optimizer.apply([one], [v]), [40, 50]],
    [() => addOne(one), [50, 60]],
    [() => addOne(one), [60, 70]],
    [() => train(one), [50, 60]],
    [() => train(one), [40, 50]],
    [() => train.program(one).profile(), [30, 40]],
    [() => {}, [30, 40]],
  ];
  const seen = { values: [] as number[][], halves: [] as number[][] };
  for (const [change] of changes) {
    await change();
    seen.values.push(await numbers(tenfold(v.values)));
    seen.halves.push(await numbers(tenfold(v.read('float16'))));
  }
  const expected = changes.map(([, numbers]) => numbers);
  assert.equal(seen, { values: expected, halves: expected });
  assert.is(tenfold.traces, 2);
});

test('memory that another tensor had is not taken for that tensor', async () => {
  const negated = ht.jit((x: ht.Tensor) => ht.neg(x));
  for (let value = 0; value < 5; value++) {
    const x = ht.tensor([value]);
    assert.equal(await numbers(negated(x)), [value === 0 ? -0 : -value]);
    x.dispose();
  }
});

test('a call that is refused for a disposed input leaves the others to be brought', async () => {
  const sum = ht.jit((x: ht.Tensor, y: ht.Tensor) => ht.add(x, y));
  const [a, b, gone] = [ht.tensor([1]), ht.tensor([2]), ht.tensor([3])];
  sum(a, a);
  gone.dispose();
  assertThrows(() => sum(b, gone), ht.DisposedError, /disposed/);
  assert.equal(await numbers(sum(b, a)), [3]);
});

test('an input that lies among the gradients stays what it was', async () => {
  const [v, w] = [ht.variable([0, 0]), ht.variable([0, 0])];
  const optimizer = ht.optimizers.sgd({ learningRate: 1, clipValue: 2 });
  const step = ht.jit((x: ht.Tensor) => {
    optimizer.apply([x, ht.mul(x, 2)], [v, w]);
    return x;
  });
  const x = ht.tensor([1, -1]);
  for (let count = 1; count <= 4; count++) {
    assert.equal(await numbers(step(x)), [1, -1]);
    assert.equal(
      [await numbers(v), await numbers(w)],
      [
        [-count, count],
        [-2 * count, 2 * count],
      ],
    );
  }
});
