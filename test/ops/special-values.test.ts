// Tests of values at the ends: NaN that must not be hidden, infinities, and logits that are far from 0.
import * as assert from 'uvu/assert';
import * as ht from '../../src/node.ts';
import { suite } from '../harness.ts';
import { build } from '../reference/array.ts';
import { logSoftmax, softmax, sparseCrossEntropy } from '../reference/softmax.ts';
import { assertClose } from '../tolerances.ts';
import { useEngines } from './engines.ts';
import { FORMS } from './row.ts';

const test = suite('special values');
const engines = useEngines(test);

const INF = Number.POSITIVE_INFINITY;
const { NaN: NAN } = Number;

for (const form of FORMS) {
  const tensor = (values: number[] | number[][]) => {
    const { engine, dtype } = engines.form(form);
    return ht.tensor(values, { engine, dtype });
  };
  const read = async (result: ht.Tensor) => [...(await result.data())];

  test(`NaN goes through every op, ${form}`, async () => {
    const x = tensor([NAN, 1, 2, -3, NAN]);
    const one = tensor([1]);
    const single: Record<string, (x: ht.Tensor) => ht.Tensor> = {
      ...{ neg: ht.neg, abs: ht.abs, exp: ht.exp, square: ht.square, reciprocal: ht.reciprocal },
      ...{ relu: ht.relu, sigmoid: ht.sigmoid, tanh: ht.tanh },
      clipByValue: (t) => ht.clipByValue(t, -1, 1),
      add: (t) => ht.add(t, one),
      sub: (t) => ht.sub(one, t),
      mul: (t) => ht.mul(t, one),
      div: (t) => ht.div(one, t),
      maximum: (t) => ht.maximum(t, one),
      'maximum, turned': (t) => ht.maximum(one, t),
      minimum: (t) => ht.minimum(t, one),
      'minimum, turned': (t) => ht.minimum(one, t),
      transpose: (t) => ht.transpose(t),
      cast: (t) => ht.cast(ht.cast(t, 'float32'), 'float16'),
    };
    for (const [name, fn] of Object.entries(single)) {
      const got = (await read(fn(x))).map((value) => Number.isNaN(value));
      assert.equal(got, [true, false, false, false, true], name);
    }
  });

  test(`one NaN makes a sum, a mean and an extreme NaN, wherever it is, ${form}`, async () => {
    const folds = { sum: ht.sum, mean: ht.mean, max: ht.max, min: ht.min };
    for (const size of [3, 130, 1000]) {
      for (const place of [0, 1, size - 1]) {
        const x = tensor(Array.from({ length: size }, (_, i) => (i === place ? NAN : i % 7)));
        const columns = ht.reshape(x, [size, 1]);
        for (const [name, fold] of Object.entries(folds)) {
          const [row, column] = [
            await read(fold(x)),
            await read(fold(ht.broadcastTo(columns, [size, 3]), 0)),
          ];
          assert.equal([...row, ...column], [NAN, NAN, NAN, NAN], `${name} of ${size}, NaN at ${place}`);
        }
      }
    }
  });

  test(`infinities, ${form}`, async () => {
    const x = tensor([INF, -INF, 1]);
    assert.equal(await read(ht.maximum(x, 0)), [INF, 0, 1]);
    assert.equal(await read(ht.minimum(x, 0)), [0, -INF, 0]);
    assert.equal(await read(ht.clipByValue(x, -2, 2)), [2, -2, 1]);
    assert.equal(await read(ht.relu(x)), [INF, 0, 1]);
    assert.equal(await read(ht.tanh(x)).then((values) => values.slice(0, 2)), [1, -1]);
    assert.equal(await read(ht.sigmoid(x)).then((values) => values.slice(0, 2)), [1, 0]);
    assert.equal(await read(ht.exp(x)).then((values) => values.slice(0, 2)), [INF, 0]);
    assert.equal(await read(ht.abs(x)), [INF, INF, 1]);
    assert.equal(await read(ht.sign(x)), [1, -1, 1]);
  });

  test(`activations far from 0 saturate, ${form}`, async () => {
    const x = tensor([-60000, -500, -89, -17, 17, 89, 500, 60000]);
    assertClose(await read(ht.tanh(x)), [-1, -1, -1, -1, 1, 1, 1, 1], { op: 'tanh', dtype: 'float16' });
    assertClose(await read(ht.sigmoid(x)), [0, 0, 0, 0, 1, 1, 1, 1], { op: 'sigmoid', dtype: 'float16' });
    const { gradients } = ht.valueAndGradients((t) => ht.add(ht.tanh(t!), ht.sigmoid(t!)), [x]);
    assertClose(await read(gradients[0]!), Array(8).fill(0), { op: 'gradients', dtype: 'float16' });
  });

  test(`softmax and cross-entropy of logits far from 0, ${form}`, async () => {
    const { engine, dtype } = engines.form(form);
    for (const shift of [0, 1000, -1000, 30000, -60000]) {
      // Steps that halves hold at each of these sizes.
      const step = 2 ** Math.ceil(Math.log2(1 + Math.abs(shift) / 1024));
      const logits = build(
        [3, 5],
        ([row, column]) => shift + step * Math.floor(((row! * 7 + column! * 3) % 5) / 2),
      );
      const x = ht.tensor(Float32Array.from(logits.data), { shape: [3, 5], dtype, engine });
      const labels = { shape: [3], data: [0, 4, 2] };
      const targets = ht.tensor(Int32Array.from(labels.data), { engine });
      const { value, gradients } = ht.valueAndGradients((t) => ht.softmaxCrossEntropy(t!, targets), [x]);
      const probabilities = softmax(logits);
      const op = `at ${shift}`;
      assertClose(await read(ht.softmax(x)), probabilities.data, { op: `softmax ${op}`, dtype });
      assertClose(await read(ht.logSoftmax(x)), logSoftmax(logits).data, { op: `logSoftmax ${op}`, dtype });
      assertClose(await read(value), sparseCrossEntropy(logits, labels).data, {
        op: `loss ${op}`,
        dtype: 'float32',
      });
      const expected = probabilities.data.map(
        (p, i) => p - (labels.data[Math.floor(i / 5)] === i % 5 ? 1 : 0),
      );
      assertClose(await read(gradients[0]!), expected, { op: `gradient ${op}`, dtype, pass: 'gradient' });
    }
  });

  test(`a class outside the logits gives NaN and disturbs no other row, ${form}`, async () => {
    const { engine } = engines.form(form);
    const x = tensor([
      [1, 2],
      [1, 2],
      [1, 2],
      [1, 2],
    ]);
    const targets = ht.tensor(Int32Array.of(0, -1, 2, 1), { engine });
    const got = await read(ht.softmaxCrossEntropy(x, targets));
    assertClose(got, [1 + Math.log1p(Math.exp(-1)), NAN, NAN, Math.log1p(Math.exp(-1))], {
      op: 'loss',
      dtype: 'float32',
    });
  });
}

test('the share of a mean or of tied extremes does not vanish in float16', async () => {
  for (const form of FORMS.slice(1)) {
    const { engine, dtype } = engines.form(form);
    const x = ht.full([70_000], 2, dtype, { engine });
    for (const fold of [ht.mean, ht.max, ht.min]) {
      const tape = new ht.GradientTape();
      tape.watch(x);
      const y = tape.record(() => fold(x));
      const gradient = tape.gradient(y, x, { outputGradients: ht.full([], 7000, dtype, { engine }) })!;
      const [first, last] = [(await gradient.data())[0]!, (await gradient.data())[69_999]!];
      assertClose([first, last], [0.1, 0.1], { op: fold.name, dtype });
    }
  }
});
