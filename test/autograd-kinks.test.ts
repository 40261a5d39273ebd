// Tests of gradients at ties and kinks, where no derivative is: as TensorFlow has them.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';

const test = suite('gradients at kinks');

let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open();
});
test.after(() => engine.close());

async function numbers(...tensors: (ht.Tensor | null)[]): Promise<(number[] | null)[]> {
  return Promise.all(tensors.map(async (tensor) => (tensor === null ? null : [...(await tensor.data())])));
}

/** The gradients of `fn` by `x`. */
function gradientOf(fn: (x: ht.Tensor) => ht.Tensor, x: ht.Tensor): Promise<(number[] | null)[]> {
  return numbers(...ht.valueAndGradients((...xs) => fn(xs[0]!), [x]).gradients);
}

test('shared extremes share the gradient, equal operands give it to the first', async () => {
  const x = ht.tensor([
    [3, 1, 3],
    [2, 2, 2],
  ]);
  const take = (fn: (x: ht.Tensor) => ht.Tensor) => gradientOf(fn, x);
  const third = Math.fround(1 / 3);
  assert.equal(await take((t) => ht.max(t, 1)), [[0.5, 0, 0.5, third, third, third]]);
  assert.equal(await take((t) => ht.min(t, 1)), [[0, 1, 0, third, third, third]]);
  assert.equal(await take((t) => ht.maximum(t, ht.stopGradient(t))), [[1, 1, 1, 1, 1, 1]]);
  assert.equal(await take((t) => ht.minimum(ht.stopGradient(t), t)), [[0, 0, 0, 0, 0, 0]]);
  assert.equal(await take((t) => ht.clipByValue(t, 2, 3)), [[1, 0, 1, 1, 1, 1]]);
});

test('gradients at the kinks of activations are 0', async () => {
  const x = ht.tensor([0, -0, 1, -1]);
  const take = (fn: (x: ht.Tensor) => ht.Tensor) => gradientOf(fn, x);
  assert.equal(
    (await take(ht.relu)).map((row) => row!.map((value) => value + 0)),
    [[0, 0, 1, 0]],
  );
  assert.equal(
    (await take(ht.abs)).map((row) => row!.map((value) => value + 0)),
    [[0, 0, 1, -1]],
  );
  assert.equal(await take(ht.sign), [null]);
});

test('value and gradients in one call', async () => {
  const { value, gradients } = ht.valueAndGradients(
    (a, b) => ht.sum(ht.mul(a!, b!)),
    [ht.tensor([1, 2]), ht.tensor([3, 4])],
  );
  assert.equal(await numbers(value, ...gradients), [[11], [3, 4], [1, 2]]);
});
