// Layers of Keras beyond the tables: attention with masks, what is random, and what is refused.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { assertThrows } from './assert-throws.ts';
import { suite } from './harness.ts';
import { numbers } from './step.ts';

const test = suite('layers of Keras');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ seed: 8 });
});
test.after(() => engine.close());

const QUERY = [
  [
    [1, 0],
    [0, 1],
    [1, 1],
  ],
];
const VALUE = [
  [
    [1, 2],
    [3, 4],
    [5, 6],
  ],
];

const near = (got: readonly number[], wanted: readonly number[], what: string) => {
  assert.is(got.length, wanted.length, what);
  for (const [i, value] of wanted.entries())
    assert.ok(Math.abs(got[i]! - value) <= 1e-5 * (1 + Math.abs(value)), `${what}: ${got} is not ${wanted}`);
};

for (const kind of ['attention', 'additiveAttention'] as const) {
  test(`${kind}: steps that a mask leaves out have no influence, queries that one leaves out give zeros`, async () => {
    const layer = ht.layers[kind]({ useScale: false });
    const values = ht.tensor(VALUE);
    const changed = ht.tensor([
      [
        [1, 2],
        [3, 4],
        [-7, 9],
      ],
    ]);
    const kept = ht.tensor([[true, true, false]], { dtype: 'bool' });
    const y = async (value: ht.Tensor, masks: readonly (ht.Tensor | null)[]) =>
      numbers(layer.apply([ht.tensor(QUERY), value], { mask: masks }));
    assert.equal(await y(values, [null, kept]), await y(changed, [null, kept]));
    assert.not.equal(await y(values, [null, null]), await y(changed, [null, null]));
    const [, , , , ...last] = await y(values, [kept, null]);
    assert.equal(last, [0, 0]);
  });

  test(`${kind}: a causal mask shows query i the steps up to i`, async () => {
    const layer = ht.layers[kind]({ useScale: false });
    const y = await numbers(layer.apply([ht.tensor(QUERY), ht.tensor(VALUE)], { useCausalMask: true }));
    near(y.slice(0, 2), VALUE[0]![0]!, 'the first query');
    const part = await numbers(
      layer.apply([ht.tensor([[QUERY[0]![1]!]]), ht.tensor([VALUE[0]!.slice(0, 2)])]),
    );
    near(y.slice(2, 4), part, 'the second query');
  });
}

test('attention refuses what does not fit', () => {
  const layer = ht.layers.attention();
  assertThrows(() => layer.apply([ht.ones([1, 2, 3])]), ht.ArgumentError, /1 inputs; use \[query, value\]/);
  assertThrows(
    () => layer.apply([ht.ones([1, 2, 3]), ht.ones([1, 4, 2])]),
    ht.ShapeError,
    /samples are \(2, 3\), \(4, 2\); use \(queries, size\)/,
  );
});

test('alphaDropout keeps mean and variance of normal numbers', async () => {
  const layer = ht.layers.alphaDropout({ rate: 0.3 });
  const x = ht.randomNormal([200, 200], 0, 1);
  const y = await numbers(layer.apply(x, { training: true }));
  const mean = y.reduce((a, b) => a + b) / y.length;
  const variance = y.reduce((sum, value) => sum + (value - mean) ** 2, 0) / y.length;
  // Of 40,000 numbers of variance 1 the mean has a deviation of 0.005, the variance one of about 0.01.
  assert.ok(Math.abs(mean) < 0.03, `mean ${mean}`);
  assert.ok(Math.abs(variance - 1) < 0.06, `variance ${variance}`);
  const fallen = new Map<string, number>();
  for (const value of y) fallen.set(value.toFixed(5), (fallen.get(value.toFixed(5)) ?? 0) + 1);
  assert.ok(Math.abs(Math.max(...fallen.values()) / y.length - 0.3) < 0.02, 'the share that fell');
});

test('random images are refused in training, and as they are at inference', async () => {
  const x = ht.ones([1, 4, 4, 3]);
  for (const layer of [
    ht.layers.randomFlip(),
    ht.layers.randomRotation({ factor: 0.1 }),
    ht.layers.randomCrop({ height: 2, width: 2 }),
  ]) {
    assertThrows(
      () => layer.apply(x, { training: true }),
      ht.ArgumentError,
      /random images in training are not supported/,
    );
    assert.ok((await numbers(layer.apply(x))).every((value) => value === 1));
  }
});

test('transposed convolutions of steps check their padding', () => {
  assertThrows(
    () => ht.layers.conv1dTranspose({ filters: 1, kernelSize: 3, strides: 2, outputPadding: 2 }),
    ht.ArgumentError,
    /outputPadding \[2\] with strides \[2\]; use a number below its stride/,
  );
});
