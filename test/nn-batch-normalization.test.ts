// BatchNormalization in training: gradients of steps, masks as in Keras, jit and fit, what it takes and refuses.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { randomOf, uniform } from './ops/draws.ts';
import type { Plain } from './reference/array.ts';
import { castValue } from './reference/cast.ts';
import { derivative } from './reference/difference.ts';
import { slice } from './reference/movement.ts';
import { moments, normalised } from './reference/normalisations.ts';
import { MODES, numbers } from './step.ts';
import { assertClose } from './tolerances.ts';

const test = suite('batch normalisation in training');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ seed: 5 });
});
test.after(() => engine.close());

const POLICIES = ['float32', 'mixed_float16'] as const;

function drawn(name: string, shape: readonly number[]): Plain {
  const data = uniform(-1, 3).draw(randomOf(name), shape, 0);
  return { shape, data: data.map((value) => castValue(value, 'float16')) };
}

const tensorOf = ({ shape, data }: Plain) => ht.tensor(Float32Array.from(data), { shape });
const maskOf = ({ shape, data }: Plain) => ht.tensor(Uint8Array.from(data), { shape, dtype: 'bool' });
const all = (weights: readonly ht.Variable[]) => Promise.all(weights.map(numbers));
const front = (x: Plain) => x.shape.slice(0, -1).map((_, axis) => axis);

interface Statistics {
  readonly mean: Plain;
  readonly variance: Plain;
}

/** Of the positions that a mask of the first axes counts; Keras's 1e-7 beside their number. */
function maskedMoments(x: Plain, mask: Plain): Statistics {
  const channels = x.shape.at(-1)!;
  const share = x.data.length / mask.data.length;
  const rows = mask.data.flatMap((counts, i) =>
    counts
      ? Array.from({ length: share / channels }, (_, k) =>
          x.data.slice(i * share + k * channels, i * share + (k + 1) * channels),
        )
      : [],
  );
  const meanOf = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / (values.length + 1e-7);
  const columns = Array.from({ length: channels }, (_, c) => rows.map((row) => row[c]!));
  const means = columns.map(meanOf);
  const variances = columns.map((own, c) => meanOf(own.map((value) => (value - means[c]!) ** 2)));
  return { mean: { shape: [channels], data: means }, variance: { shape: [channels], data: variances } };
}

/** Moving mean and variance after one more batch. */
function moved(
  before: readonly (readonly number[])[],
  { mean, variance }: Statistics,
  momentum: number,
): number[][] {
  return [mean, variance].map((next, k) =>
    before[k]!.map((value, c) => value * momentum + next.data[c]! * (1 - momentum)),
  );
}

/** A step in training against f64: the result, the moving statistics, the gradients by x, gamma and beta. */
async function checkStep(policy: (typeof POLICIES)[number], x: Plain, mask?: Plain): Promise<void> {
  const op = `training ${x.shape}${mask ? ', masked' : ''}`;
  const channels = x.shape.at(-1)!;
  const layer = ht.layers.batchNormalization({ momentum: 0.75, dtype: policy });
  layer.build(x.shape.slice(1), engine);
  const [gamma, beta] = [drawn(`${op} gamma`, [channels]), drawn(`${op} beta`, [channels])];
  const before = [gamma.data.map((v) => v / 2), gamma.data.map((v) => v * v)];
  layer.setWeights([gamma.data, beta.data, ...before]);
  const input = tensorOf(x);
  const tape = new ht.GradientTape();
  tape.watch(input);
  const options = { training: true, ...(mask ? { mask: maskOf(mask) } : {}) };
  const y = tape.record(() => layer.apply(input, options));
  const dtype = policy === 'float32' ? 'float32' : 'float16';
  const statistics = (a: Plain) => (mask ? maskedMoments(a, mask) : moments(a, front(a)));
  const f = ([a, b, c]: readonly Plain[]) => normalised(a!, statistics(a!), 1e-3, b, c);
  const terms = x.data.length / channels;
  assertClose(await numbers(y), f([x, gamma, beta]).data, { op, dtype, terms });
  const expected = moved(before, statistics(x), 0.75);
  const weights = await all(layer.weights);
  for (const [k, name] of ['mean', 'variance'].entries())
    assertClose(weights[2 + k]!, expected[k]!, { op: `${op}: moving ${name}`, dtype: 'float32', terms });

  const upstream = drawn(`${op} upstream`, x.shape);
  const outputGradients = ht.cast(tensorOf(upstream), dtype);
  const gradients = tape.gradient(y, [input, ...layer.trainableVariables], { outputGradients });
  const scalar = (arrays: readonly Plain[]) =>
    f(arrays).data.reduce((sum, value, i) => sum + value * upstream.data[i]!, 0);
  const values = [x, gamma, beta];
  const random = randomOf(op);
  for (const [place, gradient] of gradients.entries()) {
    const own = await numbers(gradient!);
    // Signs as those of the gradient: nothing cancels.
    const along = own.map((g) => (0.5 + random()) * (g < 0 ? -1 : 1));
    const direction = values.map(({ data }, k) => (k === place ? along : data.map(() => 0)));
    const got = own.reduce((sum, v, j) => sum + v * along[j]!, 0);
    assertClose([got], [derivative(scalar, values, direction)], {
      ...{ op: `${op}: gradient ${place}`, dtype, pass: 'gradient' },
      terms: values[place]!.data.length,
    });
  }
}

for (const policy of POLICIES) {
  test(`${policy}: values, gradients and moving statistics`, async () => {
    for (const shape of [
      [7, 5],
      [3, 4, 2, 33],
      [130, 3],
      [1, 4],
    ])
      await checkStep(policy, drawn(`${shape}`, shape));
  });

  test(`${policy}: positions that a mask leaves out have no part in statistics, as in Keras`, async () => {
    for (const [shape, counted] of [
      [
        [2, 3, 4],
        [1, 1, 0, 1, 0, 0],
      ],
      [
        [3, 2, 5, 7],
        [1, 0, 0, 0, 1, 1],
      ],
      [
        [4, 1, 33],
        [0, 0, 1, 0],
      ],
      [
        [5, 3],
        [1, 0, 1, 1, 0],
      ],
    ] as const) {
      const mask = { shape: shape.slice(0, shape.length === 2 ? 1 : 2), data: counted };
      await checkStep(policy, drawn(`masked ${shape}`, shape), mask as Plain);
    }
  });

  test(`${policy}: a batch that is masked as a whole stays finite, and what is masked may be anything`, async () => {
    const layer = ht.layers.batchNormalization({ momentum: 0.5, dtype: policy });
    const x = ht.tensor([1, 2, 3, 4, 5, 6], { shape: [1, 3, 2] });
    const tape = new ht.GradientTape();
    tape.watch(x);
    const y = tape.record(() => layer.apply(x, { training: true, mask: ht.zeros([1, 3], 'bool') }));
    const near = { op: 'masked as a whole', dtype: policy === 'float32' ? 'float32' : 'float16' } as const;
    assertClose(
      await numbers(y),
      [1, 2, 3, 4, 5, 6].map((value) => value / Math.sqrt(1e-3)),
      near,
    );
    assert.ok((await numbers(tape.gradient(y, x)!)).every(Number.isFinite));
    assert.equal((await all(layer.weights)).slice(2), [
      [0, 0],
      [0.5, 0.5],
    ]);
    const wild = ht.tensor([1, 2, Number.NaN, Infinity, 5, 6], { shape: [1, 3, 2] });
    const mask = ht.tensor([[true, false, true]]);
    const z = layer.apply(wild, { training: true, mask });
    const [a, b, , , c, d] = await numbers(z);
    const one = 2 / Math.sqrt(4 + 1e-3);
    assertClose([a!, b!, c!, d!], [-one, -one, one, one], near);
    assert.equal((await all(layer.weights)).slice(2), [
      [1.5, 2],
      [2.25, 2.25],
    ]);
  });
}

test('jitted steps on masked batches have the bits of eager ones, a checkpoint counts but once', async () => {
  for (const dtype of POLICIES) {
    const found: number[][][] = [];
    for (const { run } of MODES) {
      const layers = [
        ht.layers.masking({ inputShape: [3, 2] }),
        ht.layers.dense({ units: 5, dtype, kernelInitializer: 'ones' }),
        ht.layers.batchNormalization({ dtype, momentum: 0.5 }),
      ];
      const model = ht.sequential(layers);
      model.build([3, 2], engine);
      const optimizer = ht.optimizers.sgd({ learningRate: 0.1 });
      const step = run((x) =>
        optimizer.minimize(() => {
          const y = ht.checkpoint((v: ht.Tensor) => model.apply(v, { training: true }))(x!);
          return ht.mean(ht.square(ht.sub(ht.cast(y, 'float32'), 0.5)));
        }, model.trainableVariables),
      );
      const losses: number[][] = [];
      for (let i = 0; i < 3; i++) {
        const x = drawn(`step ${i}`, [4, 3, 2]);
        const data = x.data.map((value, k) => (k % 6 > 3 ? 0 : value));
        losses.push(await numbers(step(tensorOf({ ...x, data }))));
      }
      found.push([...losses, ...(await all(model.weights))]);
    }
    assert.equal(found[0], found[1]);
    assert.ok(found[0]!.flat().every(Number.isFinite));
  }
});

test('fit moves the statistics batch by batch, by what masks leave; evaluate and predict use them', async () => {
  for (const dtype of POLICIES) {
    const layer = ht.layers.batchNormalization({ momentum: 0.5, dtype });
    const model = ht.sequential([ht.layers.masking({ inputShape: [2, 3], maskValue: 9 }), layer]);
    model.compile({ optimizer: ht.optimizers.sgd({ learningRate: 0 }), loss: 'meanSquaredError' });
    const drawing = drawn('fit', [10, 2, 3]);
    // Each third second step is masked.
    const counts = Array.from({ length: 20 }, (_, i) => Number(i % 6 !== 1));
    const x = { ...drawing, data: drawing.data.map((value, i) => (counts[Math.floor(i / 3)] ? value : 9)) };
    let expected = [
      [0, 0, 0],
      [1, 1, 1],
    ];
    // The last batch is a short one.
    for (const [from, size] of [
      [0, 4],
      [4, 4],
      [8, 2],
    ] as const) {
      const mask = { shape: [size, 2], data: counts.slice(2 * from, 2 * (from + size)) };
      expected = moved(expected, maskedMoments(slice(x, [from, 0, 0], [size, 2, 3]), mask), 0.5);
    }
    const labels = ht.zeros([10, 2, 3]);
    await model.fit(tensorOf(x), labels, { batchSize: 4, epochs: 1, verbose: 0, shuffle: false });
    const statistics = async () => (await all(layer.weights)).slice(2);
    const after = await statistics();
    for (const [i, name] of ['mean', 'variance'].entries())
      assertClose(after[i]!, expected[i]!, { op: `moving ${name} after fit`, dtype: 'float32', terms: 20 });
    const [mean, variance] = after.map((data) => ({ shape: [3], data }));
    // Masked steps are 0 before the normalisation.
    const shown = { ...x, data: x.data.map((value, i) => (counts[Math.floor(i / 3)] ? value : 0)) };
    const inferred = normalised(shown, { mean: mean!, variance: variance! }, 1e-3);
    const predicted = (await model.predict(tensorOf(x), { batchSize: 4 })) as ht.Tensor;
    const float = dtype === 'float32' ? 'float32' : 'float16';
    assertClose(await numbers(predicted), inferred.data, { op: 'predict', dtype: float });
    await model.evaluate(tensorOf(x), labels, { batchSize: 4 });
    assert.equal(await statistics(), after, 'neither moved them');
    model.dispose();
  }
});

test('far from 0 nothing cancels', async () => {
  const data = Array.from({ length: 700 }, (_, i) => 4096 + ((i * 7) % 13) / 64);
  const x: Plain = { shape: [700, 1], data };
  const statistics = moments(x, 0);
  const expected = normalised(x, statistics, 1e-3).data;
  const mask = ht.ones([700], 'bool');
  for (const options of [{ training: true }, { training: true, mask }]) {
    const y = ht.layers.batchNormalization().apply(tensorOf(x), options);
    // One step of f32 at 4096 is 2^-11; deviations are near 0.06.
    const worst = Math.max(...(await numbers(y)).map((value, i) => Math.abs(value - expected[i]!)));
    assert.ok(worst < 2 ** -11 / Math.sqrt(statistics.variance.data[0]! + 1e-3), `off by ${worst}`);
  }
});

test('regularizers and constraints of gamma and beta; what is refused', async () => {
  const layer = ht.layers.batchNormalization({
    ...{ gammaRegularizer: ht.regularizers.l2({ l2: 0.5 }), betaRegularizer: 'l1', betaConstraint: 'nonNeg' },
    gammaConstraint: (gamma) => ht.mul(gamma, 0.5),
  });
  layer.build([2], engine);
  layer.setWeights([
    [1, 2],
    [3, -4],
    [0, 0],
    [1, 1],
  ]);
  const losses = await Promise.all(layer.losses.map(numbers));
  assertClose(losses.flat(), [2.5, 0.07], { op: 'losses', dtype: 'float32' });
  ht.optimizers.sgd({ learningRate: 1 }).apply([ht.ones([2]), ht.ones([2])], layer.trainableVariables);
  assert.equal((await all(layer.weights)).slice(0, 2), [
    [0, 0.5],
    [2, 0],
  ]);
  const { batchNormalization } = ht.layers;
  batchNormalization({ synchronized: false });
  assert.throws(
    () => batchNormalization({ synchronized: true, name: 'b' }),
    /^b: synchronized true; statistics are those of one device, .* leave it out$/,
  );
  assert.throws(() => batchNormalization({ synchronized: 1 as never, name: 'b' }), /^b: synchronized 1; use/);
  assert.throws(() => batchNormalization({ center: 'no' as never, name: 'b' }), /^b: center 'no'; use true/);
  assert.throws(
    () => batchNormalization({ gammaConstraint: 'big' as never, name: 'b' }),
    /^b: unknown constraint 'big'; use/,
  );
  const masked = batchNormalization({ name: 'b' });
  for (const mask of [ht.ones([2, 4], 'bool'), ht.ones([2, 3, 5], 'bool')])
    assert.throws(
      () => masked.apply(ht.ones([2, 3, 5]), { training: true, mask }),
      /^b: mask \(2, (4|3, 5)\) for an input \(2, 3, 5\); use \(2, 3\)$/,
    );
});
