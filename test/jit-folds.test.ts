// Tests of what products take over in programs: normalisations by given statistics and ReLUs behind them, with the same bits.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { useEngines } from './ops/engines.ts';
import { FORMS, type Form } from './ops/row.ts';

const test = suite('jit folds');
const engines = useEngines(test);

type Fn = (x: ht.Tensor) => ht.Tensor | readonly ht.Tensor[];

/** Names of the kernels that a program has for `fn`, after its results were compared with those without a program, bit by bit. */
async function kernelsOf(fn: Fn, x: ht.Tensor): Promise<string[]> {
  const traced = ht.jit(fn);
  try {
    const { dispatches } = await traced.program(x).profile();
    const names = dispatches.map(({ label }) => label.split(' ')[0]!);
    const [replayed, eager] = [traced(x), fn(x)].map((result) => [result].flat() as ht.Tensor[]);
    for (const [i, result] of eager!.entries()) assert.equal(await replayed![i]!.data(), await result.data());
    return names;
  } finally {
    traced.dispose();
  }
}

const isProduct = (name: string) => /^(gemm|depthwise)/.test(name);

/** Numbers from -4 to 4, many of them a little beside 0 and 6 after a normalisation. */
function draw({ engine, dtype }: Form, shape: readonly number[], of = dtype, least = -4): ht.Tensor {
  return ht.randomUniform(shape, least, 4, of, { engine });
}

function statistics(form: Form, channels: number) {
  const vector = (least?: number) => draw(form, [channels], 'float32', least);
  return { gamma: vector(), beta: vector(), mean: vector(), variance: vector(0.1) };
}

// Six rows: their tiles are small, and soon compiled.
const IMAGES = [1, 4, 5, 8] as const;

for (const name of FORMS) {
  test(`a convolution normalises and cuts what it stores, ${name}`, { timeout: 120_000 }, async () => {
    const form = engines.form(name);
    const x = draw(form, IMAGES);
    const [filter, depth] = [draw(form, [3, 3, 8, 12]), draw(form, [3, 3, 8, 1])];
    const [bias, twelve, eight] = [draw(form, [12]), statistics(form, 12), statistics(form, 8)];
    const { mean, variance } = twelve;
    const conv = (x: ht.Tensor) => ht.conv2d(x, filter, 1, 'valid', { bias });
    const blocks: Record<string, Fn> = {
      conv2d: (x) => ht.relu6(ht.batchNormalization(conv(x), twelve)),
      'without weights': (x) => ht.batchNormalization(conv(x), { mean, variance }),
      depthwise: (x) => ht.relu(ht.batchNormalization(ht.depthwiseConv2d(x, depth, 2, 'same'), eight)),
    };
    for (const [block, fn] of Object.entries(blocks)) {
      const kernels = await kernelsOf(fn, x);
      assert.equal(kernels.slice(0, 1), ['column_factors'], block);
      assert.ok(kernels.slice(1).every(isProduct), `${block}: ${kernels}`);
    }
    assert.ok((await kernelsOf((x) => ht.relu6(conv(x)), x)).every(isProduct));
  });
}

test('what else is read, or is not by whole columns, stays a kernel of its own', async () => {
  const form = engines.form('float16 native');
  const x = draw(form, [1, 2, 3, 8]);
  const [filter, odd] = [draw(form, [1, 1, 8, 8]), draw(form, [1, 1, 8, 6])];
  const [eight, six, four] = [statistics(form, 8), statistics(form, 6), statistics(form, 4)];
  const conv = (x: ht.Tensor) => ht.conv2d(x, filter);
  const refused: Record<string, [fn: Fn, kernel: string]> = {
    'an output': [
      (x) => {
        const y = conv(x);
        return [y, ht.relu(y)];
      },
      'unary',
    ],
    'two readers': [
      (x) => {
        const y = conv(x);
        return ht.add(ht.relu(y), y);
      },
      'unary',
    ],
    'an activation before': [(x) => ht.batchNormalization(ht.relu(conv(x)), eight), 'scale_columns'],
    'columns of half the width': [
      (x) => ht.batchNormalization(ht.reshape(conv(x), [1, 2, 6, 4]), four),
      'scale_columns',
    ],
    'rows of no whole quads': [(x) => ht.batchNormalization(ht.conv2d(x, odd), six), 'scale_columns'],
    'a part of an output': [(x) => ht.relu(ht.slice(conv(x), [0, 1, 0, 0], [1, 1, 3, 8])), 'unary'],
  };
  for (const [why, [fn, kernel]] of Object.entries(refused))
    assert.ok((await kernelsOf(fn, x)).includes(kernel), why);
});

test('two normalisations, a ReLU behind another: only the first goes in', async () => {
  const form = engines.form('float16 packed');
  const x = draw(form, [1, 2, 3, 8]);
  const [filter, stats] = [draw(form, [1, 1, 8, 8]), statistics(form, 8)];
  const normalised = (y: ht.Tensor) => ht.batchNormalization(y, stats);
  const twice = await kernelsOf((x) => normalised(normalised(ht.conv2d(x, filter))), x);
  assert.is(twice.filter((name) => name === 'scale_columns').length, 1);
  const relus = await kernelsOf((x) => ht.relu6(ht.relu(ht.conv2d(x, filter))), x);
  assert.is(relus.filter((name) => name === 'unary').length, 1);
});

test('new weights and statistics are seen, and a filter that changes in between is read before', async () => {
  const { engine } = engines.form('float32');
  const form = engines.form('float32');
  const x = draw(form, [1, 2, 3, 8]);
  const filter = ht.variable(await draw(form, [1, 1, 8, 8]).data(), { shape: [1, 1, 8, 8], engine });
  const beta = ht.variable(await draw(form, [8]).data(), { engine });
  const { mean, variance } = statistics(form, 8);
  const fn = (x: ht.Tensor) => {
    const y = ht.conv2d(x, filter);
    return ht.relu(ht.batchNormalization(y, { beta, mean, variance }));
  };
  const traced = ht.jit(fn);
  for (let i = 0; i < 3; i++) {
    assert.equal(await traced(x).data(), await fn(x).data());
    filter.assign(draw(form, [1, 1, 8, 8], 'float32', i));
    beta.assign(draw(form, [8], 'float32', -i));
  }
  traced.dispose();
  const changing = (x: ht.Tensor) => {
    const y = ht.conv2d(x, filter);
    filter.assign(ht.mul(filter, 2));
    return ht.relu(y);
  };
  const before = await filter.values.data();
  const changed = ht.jit(changing);
  const replayed = await changed(x).data();
  filter.assign(before);
  assert.equal(replayed, await changing(x).data());
  changed.dispose();
});

test('a model with convolutions, batch normalisation and ReLU(6): predict gives what apply gives', async () => {
  for (const dtype of ['float32', 'mixed_float16'] as const) {
    const { engine } = engines.form('float16 native');
    const { layers } = ht;
    const model = ht.sequential([
      layers.conv2d({
        filters: 8,
        kernelSize: 3,
        strides: 2,
        useBias: false,
        inputShape: [5, 7, 3],
        dtype,
      }),
      layers.batchNormalization({ dtype }),
      layers.reLU({ maxValue: 6, dtype }),
      layers.depthwiseConv2d({ kernelSize: 2, padding: 'same', dtype }),
      layers.batchNormalization({ dtype, scale: false }),
      layers.reLU({ maxValue: 6, dtype }),
      layers.conv2d({ filters: 4, kernelSize: 1, dtype, activation: 'relu6' }),
    ]);
    model.build([5, 7, 3], engine);
    for (const weight of model.weights)
      weight.assign(Float32Array.from({ length: weight.size }, (_, i) => 1.1 + Math.sin(i)));
    const x = ht.randomUniform([1, 5, 7, 3], -1, 1, 'float32', { engine });
    const predicted = await (await model.predict(x)).data();
    const applied = ht.cast(model.apply(x) as ht.Tensor, 'float32');
    assert.equal(predicted, await applied.data());
    const { dispatches } = await ht
      .jit((x: ht.Tensor) => model.apply(x) as ht.Tensor)
      .program(x)
      .profile();
    const left = dispatches.filter(({ label }) => /^(unary|scale_columns|binary)/.test(label));
    assert.equal(
      left.map(({ label }) => label),
      [],
    );
    model.dispose();
  }
});
