// SGD and Adam over fifty steps against plain f64 loops: float32, mixed and float16 variables, with and without clipping.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { randomOf } from './ops/draws.ts';
import { readAll } from './ops/engines.ts';
import { nearestHalf } from './reference/half.ts';
import * as reference from './reference/optimizers.ts';
import { MODES, number, numbers } from './step.ts';
import { assertClose } from './tolerances.ts';

const test = suite('optimizers');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open();
});
test.after(() => engine.close());

const STEPS = 50;
/** One variable fills no quad, one a quad and a part, one several workgroups. */
const SHAPES = [[1], [2, 3], [300]];

interface Weight {
  weight: number;
  velocity: number;
  mean: number;
  variance: number;
}
interface Kind {
  make(clipping: object): ht.Optimizer;
  /** One element after one step, before it is rounded to its dtype; `step` counts from 1. */
  next(element: Weight, gradient: number, step: number): Partial<Weight>;
}

function sgd(learningRate: number, momentum: number | undefined, nesterov: boolean): Kind {
  const rule = { momentum, nesterov };
  return {
    make: (clipping) => ht.optimizers.sgd({ learningRate, momentum: momentum ?? 0, nesterov, ...clipping }),
    next: (element, gradient) => reference.sgd(element, gradient, { inverse: 1, learningRate }, rule),
  };
}

function adam(options: { learningRate: number; beta1?: number; beta2?: number; epsilon?: number }): Kind {
  const { learningRate, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 } = options;
  return {
    make: (clipping) => ht.optimizers.adam({ ...options, ...clipping }),
    next: (element, gradient, step) =>
      reference.adam(element, gradient, { inverse: 1, learningRate }, { beta1, beta2, epsilon, step }),
  };
}

const KINDS: Readonly<Record<string, Kind>> = {
  SGD: sgd(0.05, undefined, false),
  'SGD with momentum': sgd(0.01, 0.9, false),
  'SGD with Nesterov momentum': sgd(0.01, 0.9, true),
  'Adam by default': adam({ learningRate: 0.001 }),
  'Adam with its own numbers': adam({ learningRate: 0.05, beta1: 0.8, beta2: 0.95, epsilon: 1e-3 }),
  'Adam without a mean': adam({ learningRate: 0.02, beta1: 0, beta2: 0.9, epsilon: 1e-2 }),
};

type Clip = (gradients: readonly number[][]) => number[][];
const norm = (values: readonly number[]) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
const CLIPPINGS: Readonly<Record<string, { options: object; clip: Clip }>> = {
  'no clipping': { options: {}, clip: (gradients) => gradients.map((values) => [...values]) },
  clipNorm: {
    options: { clipNorm: 2 },
    clip: (gradients) =>
      gradients.map((values) => values.map((value) => (value * 2) / Math.max(norm(values), 2))),
  },
  globalClipNorm: {
    options: { globalClipNorm: 20 },
    clip: (gradients) =>
      gradients.map((values) => values.map((value) => (value * 20) / Math.max(norm(gradients.flat()), 20))),
  },
  clipValue: {
    options: { clipValue: 1.5 },
    clip: (gradients) =>
      gradients.map((values) => values.map((value) => Math.max(-1.5, Math.min(1.5, value)))),
  },
};

type Form = 'float32' | 'mixed' | 'float16';

/** Trains as the library and as the plain loop do, with the same gradients, and compares weights, slots and f16 copies. */
async function compare(
  name: string,
  { make, next }: Kind,
  clipping: keyof typeof CLIPPINGS,
  form: Form,
): Promise<void> {
  const { options, clip } = CLIPPINGS[clipping]!;
  const dtype = form === 'float16' ? 'float16' : 'float32';
  const round = dtype === 'float16' ? nearestHalf : Math.fround;
  const random = randomOf(`${name} ${clipping}`);
  const sizes = SHAPES.map((shape) => shape.reduce((product, size) => product * size, 1));
  const draw = (size: number, spread: number) =>
    Array.from({ length: size }, () => round(2 * spread * (random() - 0.5)));
  const starts = sizes.map((size) => draw(size, 2));
  const own = starts.map((values, index) =>
    ht.variable(Float64Array.from(values), { shape: SHAPES[index]!, dtype }),
  );
  // What a layer under a mixed policy computes with; optimizers keep it in step.
  const copies = form === 'mixed' ? own.map((variable) => variable.read('float16')) : [];
  const optimizer = make(options);
  const step = ht.jit((...gradients) => optimizer.apply(gradients, own));
  let expected: Weight[][] = starts.map((values) =>
    values.map((weight) => ({ weight, velocity: 0, mean: 0, variance: 0 })),
  );
  for (let count = 1; count <= STEPS; count++) {
    // Some steps have small gradients, which no bound touches; one has none.
    const spread = [8, 0.1, 3, 0][count % 4]!;
    const gradients = sizes.map((size) => draw(size, spread));
    const tensors = gradients.map((values, index) =>
      ht.tensor(Float64Array.from(values), { shape: SHAPES[index]!, dtype }),
    );
    step(...tensors);
    for (const tensor of tensors) tensor.dispose();
    const clipped = clip(gradients);
    expected = expected.map((values, index) =>
      values.map((element, i) => {
        const after = { ...element, ...next(element, clipped[index]![i]!, count) };
        return Object.fromEntries(
          Object.entries(after).map(([key, value]) => [key, (key === 'weight' ? round : Math.fround)(value)]),
        ) as unknown as Weight;
      }),
    );
  }
  const { slots } = await optimizer.state();
  const weights = await readAll(
    engine,
    own.map(({ values }) => values),
  );
  const halves = await readAll(engine, copies);
  for (const [index, variable] of own.entries()) {
    const check = (got: ArrayLike<number>, key: keyof Weight) =>
      assertClose(
        got,
        expected[index]!.map((element) => element[key]),
        {
          op: `${name}, ${clipping}: ${key} of ${variable}`,
          // Slots are float32 whatever the variable is.
          dtype: key === 'weight' ? dtype : 'float32',
          terms: STEPS,
        },
      );
    check(weights[index]!, 'weight');
    for (const [slot, values] of Object.entries(slots))
      check(values[variable.name]!, slot === 'momentum' ? 'velocity' : (slot as keyof Weight));
    if (form === 'mixed')
      assert.equal(halves[index], weights[index]!.map(nearestHalf), `the copy of ${variable}`);
  }
  assert.is(await optimizer.iterations(), STEPS);
}

for (const [name, kind] of Object.entries(KINDS)) {
  for (const form of ['float32', 'mixed', 'float16'] as const) {
    test(`${name}, ${form}: ${STEPS} steps as in a plain loop`, () =>
      compare(name, kind, 'no clipping', form));
  }
}

for (const clipping of ['clipNorm', 'globalClipNorm', 'clipValue'] as const) {
  for (const name of ['SGD with Nesterov momentum', 'Adam with its own numbers']) {
    test(`${name}, ${clipping}: ${STEPS} steps as in a plain loop`, () =>
      compare(name, KINDS[name]!, clipping, 'float32'));
  }
}

test('eager steps and those of jit give the same bits', async () => {
  for (const [name, { make }] of Object.entries(KINDS)) {
    const results: number[][] = [];
    for (const { run } of MODES) {
      const variable = ht.variable([1, -2, 3, 0.5, 7]);
      const optimizer = make({ clipNorm: 3 });
      const step = run((gradient) => optimizer.apply([gradient!], [variable]));
      const random = randomOf(name);
      for (let count = 0; count < 10; count++)
        step(ht.tensor(Array.from({ length: 5 }, () => 10 * random() - 5)));
      results.push(await numbers(variable));
    }
    assert.equal(results[0], results[1], name);
  }
});

test('float16 gradients move float32 masters by their full float32 product with the learning rate', async () => {
  const variable = ht.variable([1]);
  const optimizer = ht.optimizers.sgd({ learningRate: 2 ** -14 });
  optimizer.apply([ht.tensor([1], { dtype: 'float16' })], [variable]);
  assert.equal([await number(variable), await number(variable.read('float16'))], [1 - 2 ** -14, 1]);
});

test('a clipped zero gradient is zero, not NaN', async () => {
  for (const { options } of Object.values(CLIPPINGS)) {
    const variable = ht.variable([1, 2]);
    ht.optimizers.sgd({ learningRate: 1, ...options }).apply([ht.zeros([2])], [variable]);
    assert.equal(await numbers(variable), [1, 2], JSON.stringify(options));
  }
});

test('a float16 gradient whose square is beyond float16 is clipped right', async () => {
  const variable = ht.variable([0, 0], { dtype: 'float16' });
  ht.optimizers
    .sgd({ learningRate: 1, clipNorm: 5 })
    .apply([ht.tensor([30000, 40000], { dtype: 'float16' })], [variable]);
  assertClose(await numbers(variable), [-3, -4], { op: 'clipNorm', dtype: 'float16' });
});

test('minimize returns the loss of the weights before the step', async () => {
  const variable = ht.variable([3]);
  const optimizer = ht.optimizers.sgd({ learningRate: 0.5, lossScaleFactor: 8 });
  const losses: number[] = [];
  for (let count = 0; count < 3; count++) {
    losses.push(await number(optimizer.minimize(() => ht.sum(ht.square(variable.values)), [variable])));
  }
  assert.equal([losses, await number(variable)], [[9, 0, 0], 0]);
});

test('configurations hold every number, and names find their optimizer in any case', () => {
  const adam = ht.optimizers.adam({ learningRate: 0.5, beta1: 0.1, beta2: 0.2, epsilon: 0.3, clipNorm: 4 });
  assert.equal(adam.getConfig(), {
    name: 'Adam',
    learningRate: 0.5,
    beta1: 0.1,
    beta2: 0.2,
    epsilon: 0.3,
    clipNorm: 4,
  });
  const sgd = ht.optimizers.sgd({ momentum: 0.5, nesterov: true, clipValue: 1 });
  assert.equal(sgd.getConfig(), {
    name: 'SGD',
    learningRate: 0.01,
    momentum: 0.5,
    nesterov: true,
    clipValue: 1,
  });
  for (const [optimizer, className, rate] of [
    ['adam', 'Adam', 0.001],
    ['SGD', 'SGD', 0.01],
    ['Sgd', 'SGD', 0.01],
  ] as const) {
    const model = ht.sequential([ht.layers.dense({ units: 1 })]);
    model.compile({ optimizer, loss: 'mse' });
    assert.equal([model.optimizer.constructor.name, model.optimizer.learningRate], [className, rate]);
  }
});
