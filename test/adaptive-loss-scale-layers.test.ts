// Adaptive loss scaling by layers: where no scale, and no one scale, serves all of them; branches, shared layers, every kind with a weight.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { randomOf } from './ops/draws.ts';
import { MODES, number, numbers } from './step.ts';

const test = suite('adaptive loss scale, layers');
const { AdaptiveLossScale } = ht.mixedPrecision;
const FORMS = ['native', 'packed'] as const;
const open: { native?: ht.Engine; packed?: ht.Engine } = {};
const warn = console.warn;
test.before(async () => {
  // Results in float16 are what half of these tests are about.
  console.warn = () => {};
  open.packed = await ht.open({ f16: 'packed', policy: 'mixed_float16' });
  open.native = await ht.open({ f16: 'native' });
});
test.after(() => {
  console.warn = warn;
  ht.mixedPrecision.setGlobalPolicy('float32');
  open.native?.close();
  open.packed?.close();
});

/** What `fn` makes belongs to this policy. */
function under<T>(policy: ht.PolicyName, fn: () => T): T {
  ht.mixedPrecision.setGlobalPolicy(policy);
  try {
    return fn();
  } finally {
    ht.mixedPrecision.setGlobalPolicy('mixed_float16');
  }
}

/** Gradients of `loss` by all weights of a model, in float32, each a list. */
async function gradientsOf(
  model: ht.Model,
  loss: () => ht.Tensor,
  {
    adaptive,
    scale = 1,
    run = MODES[1]!.run,
  }: { adaptive?: ht.AdaptiveLossScale; scale?: number; run?: (typeof MODES)[0]['run'] } = {},
): Promise<number[][]> {
  const variables = model.trainableVariables;
  const step = run(() => {
    const compute = () => {
      const tape = new ht.GradientTape();
      const value = tape.record(() => ht.mul(ht.cast(loss(), 'float32'), scale));
      return tape.gradient(value, variables).map((gradient) => ht.div(gradient, scale));
    };
    return adaptive ? adaptive.during(compute) : compute();
  });
  return Promise.all(step().map(numbers));
}

/** The largest distance between gradients of a variable, as a share of the largest of them. */
function farthest(got: readonly number[][], wanted: readonly number[][]): number {
  return Math.max(
    ...wanted.map((values, i) => {
      const most = Math.max(...values.map(Math.abs));
      assert.ok(most > 0 && Number.isFinite(most), `variable ${i}: ${most}`);
      const off = values.map((value, j) => Math.abs(value - got[i]![j]!));
      return off.some((distance) => !Number.isFinite(distance)) ? Infinity : Math.max(...off) / most;
    }),
  );
}

function sigmoids(depth: number): ht.Sequential {
  return ht.sequential(
    Array.from({ length: depth }, (_, i) =>
      ht.layers.dense({
        ...{ name: `d${i}`, units: 1, activation: 'sigmoid', useBias: false, kernelInitializer: 'ones' },
      } as const),
    ),
  );
}

for (const form of FORMS) {
  for (const [depth, learningRate, globalServes] of [
    [15, 1e9, true],
    [40, 1e24, false],
  ] as const) {
    test(`${form}: ${depth} sigmoids train with adaptive scaling, and not without (L9)`, async () => {
      const kernel = async (policy: ht.PolicyName, options: object) => {
        const model = under(policy, () => sigmoids(depth));
        const [x, y] = [1, 1].map(() => ht.ones([1, 1], 'float32', { engine: open[form]! })) as [
          ht.Tensor,
          ht.Tensor,
        ];
        model.compile({ optimizer: ht.optimizers.sgd({ learningRate }), loss: 'mse', ...options });
        model.build([1], open[form]!);
        await model.fit(x, y, { verbose: 0 });
        return number(model.weights[0]!);
      };
      const wanted = await kernel('float32', {});
      assert.is(await kernel('mixed_float16', { autoScaleLoss: false }), 1);
      assert.is((await kernel('mixed_float16', {})) !== 1, globalServes, 'one scale of 2^15');
      const got = await kernel('mixed_float16', { lossScaling: 'adaptive' });
      assert.ok(Math.abs((got - 1) / (wanted - 1) - 1) < 0.02, `${got}, in float32 ${wanted}`);
      assert.is(await kernel('float32', { lossScaling: 'adaptive' }), wanted);
    });
  }
}

/** A tower whose activations are all 1, and whose layers multiply gradients with `gain`. */
function tower(x: ht.Symbolic, name: string, gain: number): ht.Symbolic {
  let y = x;
  for (let i = 0; i < 7; i++)
    y = ht.layers
      .dense({
        ...{ name: `${name}${i}`, units: 1 },
        kernelInitializer: () => Float32Array.of(gain),
        biasInitializer: () => Float32Array.of(1 - gain),
      })
      .apply(y);
  return y;
}

for (const { mode, run } of MODES) {
  test(`${mode}: towers of which one scale leaves one without gradients, and adaptive scaling neither`, async () => {
    const build = () => {
      const x = ht.input({ shape: [1] });
      return ht.model({
        inputs: x,
        outputs: ht.layers.add().apply([tower(x, 'down', 2 ** -5), tower(x, 'up', 2 ** 5)]),
      });
    };
    const [model, wide] = [build(), under('float32', build)];
    const x = ht.ones([1, 1]);
    const loss = (own: typeof model) => () => ht.losses.meanSquaredError(ht.zeros([1, 1]), own.apply(x));
    const wanted = await gradientsOf(wide, loss(wide));
    for (let power = -20; power <= 30; power += 10)
      assert.ok(
        farthest(await gradientsOf(model, loss(model), { scale: 2 ** power, run }), wanted) > 0.5,
        `2^${power}`,
      );
    const adaptive = new AdaptiveLossScale();
    const off = farthest(await gradientsOf(model, loss(model), { adaptive, run }), wanted);
    assert.ok(off < 2e-3, `off by ${off}`);
    const scales = await adaptive.scales();
    assert.ok(scales.down0! > 1 && scales.up0! < 1, JSON.stringify(scales));
  });
}

/** Standard normal numbers, as a tensor. */
function normal(name: string, shape: readonly number[], scale = 1): ht.Tensor {
  const random = randomOf(name);
  const size = shape.reduce((a, b) => a * b, 1);
  const values = Float32Array.from({ length: size }, () => {
    const [a, b] = [1 - random(), random()];
    return scale * Math.sqrt(-2 * Math.log(a)) * Math.cos(2 * Math.PI * b);
  });
  return ht.tensor(values, { shape: [...shape] });
}

/** Models with the inputs that they take; their loss is 2^-24 times a mean square, so that unscaled float16 gradients vanish. */
const MODELS: Readonly<
  Record<string, () => { model: ht.Model; inputs: ht.Tensor[]; off: number; paths: string[] }>
> = {
  'residual blocks': () => {
    const x = ht.input({ shape: [12] });
    let y = ht.layers.dense({ name: 'in', units: 16 }).apply(x);
    for (const i of [0, 1, 2]) {
      const h = ht.layers.dense({ name: `a${i}`, units: 24, activation: 'relu' }).apply(y);
      y = ht.layers.add().apply([y, ht.layers.dense({ name: `b${i}`, units: 16 }).apply(h)]);
    }
    const outputs = ht.layers.dense({ name: 'out', units: 3, dtype: 'float32' }).apply(y);
    const paths = ['a0', 'a1', 'a2', 'b0', 'b1', 'b2', 'in'];
    return { model: ht.model({ inputs: x, outputs }), inputs: [normal('x', [9, 12])], off: 5e-3, paths };
  },
  'a shared layer, inside a model that is itself a layer': () => {
    const [a, b] = [ht.input({ shape: [5] }), ht.input({ shape: [5] })];
    const inner = ht.sequential(
      [
        ht.layers.dense({ name: 'one', units: 7, activation: 'tanh' }),
        ht.layers.dense({ name: 'two', units: 4 }),
      ],
      { name: 'inner' },
    );
    const joined = ht.layers.multiply().apply([inner.apply(a), inner.apply(b)]);
    const outputs = ht.layers
      .dense({ name: 'out', units: 2 })
      .apply(ht.layers.concatenate().apply([joined, inner.apply(a)]));
    return {
      ...{
        model: ht.model({ inputs: [a, b], outputs }),
        inputs: [normal('a', [6, 5]), normal('b', [6, 5])],
        off: 5e-3,
      },
      paths: ['inner/one', 'inner/one#1', 'inner/one#2', 'inner/two', 'inner/two#1', 'inner/two#2', 'out'],
    };
  },
  'convolutions, pooled and normalised': () => {
    const model = ht.sequential([
      ht.layers.conv2d({
        name: 'conv',
        filters: 6,
        kernelSize: 3,
        activation: 'relu',
        inputShape: [8, 8, 3],
      }),
      ht.layers.batchNormalization(),
      ht.layers.depthwiseConv2d({ name: 'depthwise', kernelSize: 3, padding: 'same' }),
      ht.layers.separableConv2d({ name: 'separable', filters: 8, kernelSize: 3 }),
      ht.layers.conv2dTranspose({ name: 'transpose', filters: 4, kernelSize: 2, strides: 2 }),
      ht.layers.globalAveragePooling2d({}),
      ht.layers.dense({ name: 'out', units: 2 }),
    ]);
    const paths = ['conv', 'depthwise', 'out', 'separable', 'transpose'];
    return { model, inputs: [normal('images', [4, 8, 8, 3])], off: 2e-2, paths };
  },
  'recurrent layers, in both directions and over steps': () => {
    const model = ht.sequential([
      ht.layers.bidirectional({
        name: 'both',
        layer: ht.layers.lstm({ name: 'lstm', units: 6, returnSequences: true }),
        inputShape: [5, 4],
      }),
      ht.layers.timeDistributed({ name: 'each', layer: ht.layers.dense({ name: 'dense', units: 5 }) }),
      ht.layers.gru({ name: 'gru', units: 4 }),
    ]);
    const paths = ['both/backward_lstm', 'both/lstm', 'each/dense', 'gru'];
    return { model, inputs: [normal('steps', [3, 5, 4])], off: 2e-2, paths };
  },
  attention: () => {
    const x = ht.input({ shape: [6, 8] });
    const y = ht.layers
      .multiHeadAttention({ name: 'heads', numHeads: 2, keyDim: 4, useBias: false })
      .apply([x, x]);
    const z = ht.layers.layerNormalization().apply(ht.layers.add().apply([x, y]));
    const outputs = ht.layers.dense({ name: 'out', units: 2 }).apply(ht.layers.flatten().apply(z));
    return {
      model: ht.model({ inputs: x, outputs }),
      inputs: [normal('words', [3, 6, 8])],
      off: 2e-2,
      paths: ['heads', 'out'],
    };
  },
};

for (const [name, make] of Object.entries(MODELS)) {
  test(`${name}: gradients that vanish without scaling are float32's`, async () => {
    const [mixed, wide] = [make(), under('float32', make)];
    const lossOf =
      ({ model, inputs }: ReturnType<typeof make>) =>
      () => {
        const y = model.apply((inputs.length > 1 ? inputs : inputs[0]) as never, {
          training: true,
        }) as unknown as ht.Tensor;
        return ht.mul(ht.mean(ht.square(ht.cast(y, 'float32'))), 2 ** -24);
      };
    for (const { model, inputs } of [mixed, wide])
      model.apply((inputs.length > 1 ? inputs : inputs[0]) as never);
    wide.model.setWeights(await mixed.model.getWeights());
    const wanted = await gradientsOf(wide.model, lossOf(wide));
    assert.ok(farthest(await gradientsOf(mixed.model, lossOf(mixed)), wanted) > 0.5, 'unscaled');
    const results: number[][][] = [];
    for (const { run } of MODES) {
      const adaptive = new AdaptiveLossScale();
      results.push(await gradientsOf(mixed.model, lossOf(mixed), { adaptive, run }));
      const scales = await adaptive.scales();
      const layers = Object.entries(scales).filter(([path]) => mixed.paths.includes(path));
      assert.equal(layers.map(([path]) => path).sort(), mixed.paths);
      for (const scale of Object.values(scales)) assert.ok(scale > 0 && Number.isInteger(Math.log2(scale)));
    }
    assert.equal(results[0], results[1], 'eager and jit, bit for bit');
    const off = farthest(results[0]!, wanted);
    assert.ok(off < mixed.off, `off by ${off}`);
  });
}
