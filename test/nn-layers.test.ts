// Layers: values and gradients against f64 under every policy, shapes, and dropout.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { type Random, randomOf } from './ops/draws.ts';
import { type Plain, sizeOf } from './reference/array.ts';
import { castValue } from './reference/cast.ts';
import { derivative } from './reference/difference.ts';
import { matMul } from './reference/matmul.ts';
import { softmax } from './reference/softmax.ts';
import { numbers } from './step.ts';
import { assertClose } from './tolerances.ts';

const test = suite('layers');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ seed: 7 });
});
test.after(() => engine.close());

const ACTIVATIONS = ['linear', 'relu', 'sigmoid', 'softmax', 'tanh'] as const;
const POLICIES = ['float32', 'float16', 'mixed_float16'] as const;
const UNITS = 4;
/** Whether there is a bias, and the shape of the input; every activation takes the first two. */
const CASES = [
  [true, [3, 5]],
  [true, [2, 3, 6]],
  [false, [3, 5]],
  [true, [4, 1]],
] as const;
const shapeError = (message: RegExp) => (error: Error) =>
  error instanceof ht.ShapeError && message.test(error.message);

/** Numbers that a half holds, away from relu's kink at 0. */
function drawn(random: Random, shape: readonly number[]): Plain {
  const data = Array.from({ length: sizeOf(shape) }, () => castValue(2 * random() - 1 || 0.5, 'float16'));
  return { shape, data };
}

function activate(activation: (typeof ACTIVATIONS)[number], product: Plain): Plain {
  if (activation === 'softmax') return softmax(product);
  return matMul(product, { shape: [UNITS, UNITS], data: identity() }, { activation });
}

function identity(): number[] {
  return Array.from({ length: UNITS * UNITS }, (_, place) => (place % (UNITS + 1) === 0 ? 1 : 0));
}

function denseOf(
  x: Plain,
  kernel: Plain,
  bias: Plain | undefined,
  activation: (typeof ACTIVATIONS)[number],
): Plain {
  const rows = { shape: [x.data.length / x.shape.at(-1)!, x.shape.at(-1)!], data: x.data };
  const { data } = activate(activation, matMul(rows, kernel, { bias }));
  return { shape: [...x.shape.slice(0, -1), UNITS], data };
}

function inner(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, index) => sum + value * b[index]!, 0);
}

for (const policy of POLICIES) {
  // float16 differs from mixed_float16 in the dtype of weight gradients alone.
  for (const activation of ACTIVATIONS.slice(0, policy === 'float16' ? 2 : undefined)) {
    test(`dense, ${activation}, ${policy}: values and gradients by input, kernel and bias`, async () => {
      const { computeDtype } = new ht.Policy(policy);
      for (const [useBias, shape] of CASES.slice(0, activation === 'linear' ? undefined : 2)) {
        const random = randomOf(`${activation} ${shape}`);
        const values = [
          drawn(random, shape),
          drawn(random, [shape.at(-1)!, UNITS]),
          ...(useBias ? [drawn(random, [UNITS])] : []),
        ];
        const layer = ht.layers.dense({
          ...{ units: UNITS, activation, useBias, dtype: policy, inputShape: shape.slice(1) },
          kernelInitializer: () => Float32Array.from(values[1]!.data),
          biasInitializer: () => Float32Array.from(values[2]?.data ?? []),
        });
        assert.equal(layer.outputShape(shape.slice(1)), [...shape.slice(1, -1), UNITS]);
        const x = ht.tensor(Float64Array.from(values[0]!.data), { shape, dtype: 'float32' });
        const tape = new ht.GradientTape();
        tape.watch(x);
        const y = tape.record(() => layer.apply(x));
        const expected = denseOf(values[0]!, values[1]!, values[2], activation);
        const op = `dense ${activation} (${shape})${useBias ? '' : ' without bias'}`;
        const terms = shape.at(-1)!;
        assert.equal([y.shape, y.dtype], [expected.shape, computeDtype]);
        assertClose(await numbers(y), expected.data, { op, dtype: computeDtype, terms });

        const upstream = drawn(random, y.shape);
        const outputGradients = ht.tensor(Float64Array.from(upstream.data), {
          shape: y.shape,
          dtype: computeDtype,
        });
        const gradients = tape.gradient(y, [x, ...layer.weights], { outputGradients });
        const f = ([a, kernel, bias]: readonly Plain[]) =>
          inner(denseOf(a!, kernel!, bias, activation).data, upstream.data);
        for (const [i, gradient] of gradients.entries()) {
          assert.equal(gradient.shape, values[i]!.shape);
          const got = await numbers(gradient);
          const wanted = got.map((_, j) =>
            derivative(
              f,
              values,
              values.map(({ data }, k) => data.map((__, l) => (k === i && l === j ? 1 : 0))),
            ),
          );
          assertClose(got, wanted, { op: `${op}: gradient ${i}`, dtype: computeDtype, pass: 'gradient' });
        }
      }
    });
  }
}

test('activations by name, as layers and inside dense, give the same', async () => {
  const x = ht.tensor([[-2, -0.5, 0.25, 3]]);
  for (const activation of ACTIVATIONS) {
    const layer = ht.layers.activation({ activation });
    assert.equal(layer.outputShape([4]), [4]);
    const inside = ht.layers.dense({
      units: UNITS,
      activation,
      useBias: false,
      kernelInitializer: () => Float32Array.from(identity()),
    });
    const expected = activate(activation, { shape: [1, 4], data: [-2, -0.5, 0.25, 3] }).data;
    assertClose(await numbers(layer.apply(x)), expected, { op: activation, dtype: 'float32' });
    assertClose(await numbers(inside.apply(x)), expected, { op: activation, dtype: 'float32' });
  }
});

test('flatten makes a row of each sample, and its gradient goes back to the shape', async () => {
  const layer = ht.layers.flatten();
  assert.equal(
    [layer.outputShape([2, 3, 4]), layer.outputShape([5]), layer.outputShape([])],
    [[24], [5], [1]],
  );
  const x = ht.tensor(
    Float32Array.from({ length: 12 }, (_, i) => i),
    { shape: [2, 3, 2] },
  );
  const { value, gradients } = ht.valueAndGradients((input) => ht.sum(ht.square(layer.apply(input))), [x]);
  assert.equal(
    [gradients[0]!.shape, await numbers(gradients[0]!)],
    [[2, 3, 2], Array.from({ length: 12 }, (_, i) => 2 * i)],
  );
  assert.equal(await numbers(value), [506]);
  assert.equal(layer.apply(x).shape, [2, 6]);
});

test('a model gives the shape of its result, and refuses samples that are not those it was made for', () => {
  const model = ht.sequential([
    ht.layers.dense({ units: 5, inputShape: [4, 3], name: 'first' }),
    ht.layers.flatten(),
    ht.layers.dense({ units: 2, name: 'last' }),
  ]);
  assert.equal(model.outputShape([4, 3]), [2]);
  assert.equal(
    model.weights.map(({ name, shape }) => [name, shape]),
    [
      ['first/kernel', [3, 5]],
      ['first/bias', [5]],
      ['last/kernel', [20, 2]],
      ['last/bias', [2]],
    ],
  );
  assert.throws(
    () => model.build([3, 4]),
    shapeError(/^model: samples are \(3, 4\), the model's inputShape is \(4, 3\)/),
  );
  assert.throws(
    () => model.apply(ht.ones([1, 3, 3])),
    shapeError(/last: samples of shape \(15\); it was built for \(20\)/),
  );
  assert.throws(
    () => model.apply(ht.ones([1, 4, 2])),
    shapeError(/first: samples of shape \(4, 2\); it was built for \(4, 3\)/),
  );
  assert.throws(
    () => ht.layers.dense({ units: 1 }).apply(ht.ones([3])),
    shapeError(/samples are scalars; use \(\.\.\., features\)/),
  );
  assert.throws(
    () => ht.layers.dense({ units: 1 }).apply(1),
    shapeError(/the input is a scalar; its first axis must be the batch/),
  );
  assert.throws(
    () => ht.sequential([ht.layers.dense({ units: 1, inputShape: [] })]),
    shapeError(/samples are scalars/),
  );
});

test('a layer that is not trainable keeps its weights out of the trainable ones', () => {
  const model = ht.sequential([
    ht.layers.dense({ units: 2, inputShape: [2], trainable: false }),
    ht.layers.dense({ units: 2 }),
  ]);
  assert.equal([model.weights.length, model.trainableVariables.length], [4, 2]);
  const tape = new ht.GradientTape();
  const y = tape.record(() => ht.sum(model.apply(ht.ones([1, 2]))));
  const gradients = tape.gradient(y, model.weights, { unconnected: 'none' });
  assert.equal(
    gradients.map((gradient) => gradient === null),
    [true, true, false, false],
  );
});

test('dropout: a share of zeros, the rest scaled up, the same mask for the gradient; nothing outside training', async () => {
  const layer = ht.layers.dropout({ rate: 0.4 });
  const size = 10_000;
  for (const dtype of ['float32', 'float16'] as const) {
    const x = ht.full([100, 100], 3, dtype);
    const own = ht.layers.dropout({ rate: 0.4, dtype });
    const { value, gradients } = ht.valueAndGradients((input) => own.apply(input, { training: true }), [x]);
    const [values, gradient] = [await numbers(value), await numbers(gradients[0]!)];
    const zeros = values.filter((y) => y === 0).length;
    // Six standard deviations of a binomial count.
    assert.ok(Math.abs(zeros - 0.4 * size) < 6 * Math.sqrt(size * 0.24), `${zeros} zeros`);
    const scaled = castValue(1 / 0.6, dtype);
    for (const [index, y] of values.entries()) {
      assert.ok(y === 0 || Math.abs(y - 5) < 0.01, `${y} is neither 0 nor 5`);
      assert.is(gradient[index], y === 0 ? 0 : scaled);
    }
  }
  const x = ht.full([4, 4], 3);
  for (const same of [
    layer.apply(x),
    layer.apply(x, { training: false }),
    ht.layers.dropout({ rate: 0 }).apply(x, { training: true }),
  ]) {
    assert.equal(await numbers(same), Array(16).fill(3));
  }
});

test('dropout draws a new mask for every call and every replay, the same ones for the same seed', async () => {
  const masks = async (seed: number): Promise<string[]> => {
    const own = await ht.open({ seed });
    const layer = ht.layers.dropout({ rate: 0.5 });
    const replayed = ht.jit((x) => layer.apply(x, { training: true }));
    const x = ht.ones([8, 8]);
    const drawnMasks = [
      layer.apply(x, { training: true }),
      layer.apply(x, { training: true }),
      replayed(x),
      replayed(x),
      replayed(x),
    ];
    const texts = await Promise.all(drawnMasks.map(async (mask) => (await numbers(mask)).join('')));
    own.close();
    return texts;
  };
  const [first, again, other] = [await masks(3), await masks(3), await masks(4)];
  assert.is(new Set(first).size, 5);
  assert.equal(first, again);
  assert.is(new Set([...first, ...other]).size, 10);
});
