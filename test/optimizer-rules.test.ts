// Every rule of an optimizer against its formula in f64: eager and jitted, float32 and mixed with skipped steps; decay, averages.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { randomOf } from './ops/draws.ts';
import { nearestHalf } from './reference/half.ts';
import * as reference from './reference/optimizers.ts';
import { MODES, numbers } from './step.ts';
import { assertClose } from './tolerances.ts';

const test = suite('optimizer rules');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open();
});
test.after(() => engine.close());

interface Case {
  make(shared: ht.OptimizerOptions): ht.Optimizer;
  readonly rule: reference.Rule;
  /** The default learning rate is this. */
  readonly rate: number;
  /** What slots begin with, where it is not 0. */
  readonly start?: reference.Slots;
}

const { optimizers } = ht;
const CASES: Readonly<Record<string, Case>> = {
  RMSprop: { make: (o) => optimizers.rmsprop(o), rule: reference.rmsprop({}), rate: 0.001 },
  'RMSprop, centered with momentum': {
    make: (o) => optimizers.rmsprop({ ...o, rho: 0.8, momentum: 0.5, centered: true, epsilon: 1e-2 }),
    ...{ rule: reference.rmsprop({ rho: 0.8, momentum: 0.5, centered: true, epsilon: 1e-2 }), rate: 0.001 },
  },
  'RMSprop with momentum': {
    make: (o) => optimizers.rmsprop({ ...o, momentum: 0.9 }),
    ...{ rule: reference.rmsprop({ momentum: 0.9 }), rate: 0.001 },
  },
  'Adam with AMSGrad': {
    make: (o) => optimizers.adam({ ...o, amsgrad: true, beta2: 0.9 }),
    ...{ rule: reference.amsgrad({ beta2: 0.9 }), rate: 0.001 },
  },
  Adamax: { make: (o) => optimizers.adamax(o), rule: reference.adamax({}), rate: 0.001 },
  Nadam: { make: (o) => optimizers.nadam(o), rule: reference.nadam({}), rate: 0.001 },
  Adagrad: {
    make: (o) => optimizers.adagrad(o),
    ...{ rule: reference.adagrad({}), rate: 0.001, start: { accumulator: 0.1 } },
  },
  Adadelta: { make: (o) => optimizers.adadelta(o), rule: reference.adadelta({}), rate: 0.001 },
  Lion: { make: (o) => optimizers.lion(o), rule: reference.lion({}), rate: 0.001 },
};

const SHAPES = [[1], [2, 3], [300]] as const;
const SIZES = SHAPES.map((shape) => shape.reduce((product: number, size) => product * size, 1));
const STEPS = 12;

interface Element {
  weight: number;
  slots: reference.Slots;
  average: number;
}

interface Extras {
  readonly options: ht.OptimizerOptions & { learningRate: number };
  /** Variables, by their place, that decay. */
  readonly decays: (index: number) => boolean;
}

async function compare(
  name: string,
  mode: (typeof MODES)[number],
  mixed: boolean,
  extras: Extras,
): Promise<number[]> {
  const { make, rule, start = {} } = CASES[name]!;
  const { options, decays } = extras;
  const random = randomOf(name);
  const draw = (size: number, spread: number) =>
    Array.from({ length: size }, () => nearestHalf(spread * (2 * random() - 1) || spread));
  const starts = SIZES.map((size) => draw(size, 1));
  const own = starts.map((values, index) =>
    ht.variable(Float32Array.from(values), { shape: [...SHAPES[index]!], name: `${name}/${index}` }),
  );
  const copies = mixed ? own.map((variable) => variable.read('float16')) : [];
  const inner = make(options);
  inner.excludeFromWeightDecay({
    varNames: own.filter((_, i) => !decays(i)).map((variable) => variable.name),
  });
  const scale = 1024;
  const optimizer = mixed
    ? new ht.LossScaleOptimizer(inner, { initialScale: scale, growthSteps: 1000 })
    : inner;
  const step = mode.run((...gradients) => optimizer.apply(gradients, own));
  const zeros = new Proxy(start as Record<string, number>, { get: (slots, key: string) => slots[key] ?? 0 });
  let elements: Element[][] = starts.map((values) =>
    values.map((weight) => ({ weight, slots: zeros, average: 0 })),
  );
  const { learningRate, weightDecay = 0, useEma, emaMomentum = 0.99, emaOverwriteFrequency = 0 } = options;
  let [count, current] = [0, scale];
  for (let turn = 0; turn < STEPS; turn++) {
    const gradients = SIZES.map((size) => draw(size, [2, 0.1, 0.5][turn % 3]!));
    const overflows = mixed && turn === 4;
    const factor = mixed ? current : 1;
    const tensors = gradients.map((values, index) => {
      const scaled = Float32Array.from(values, (value) => value * factor);
      if (overflows && index === 1) scaled[2] = Number.POSITIVE_INFINITY;
      return ht.tensor(scaled, { shape: [...SHAPES[index]!] });
    });
    step(...tensors);
    if (overflows) {
      current /= 2;
      continue;
    }
    count++;
    elements = elements.map((values, index) =>
      values.map((element, i) => {
        const decayed = element.weight * (1 - (decays(index) ? weightDecay * learningRate : 0));
        const next = rule(decayed, element.slots, gradients[index]![i]!, { learningRate, count });
        const average =
          count === 1 ? next.weight : emaMomentum * element.average + (1 - emaMomentum) * next.weight;
        const overwrites = useEma && emaOverwriteFrequency > 0 && count % emaOverwriteFrequency === 0;
        return { ...next, average, weight: overwrites ? average : next.weight };
      }),
    );
  }
  const { slots } = await inner.state();
  const weights: number[] = [];
  for (const [index, variable] of own.entries()) {
    const near = { op: `${name} ${variable.name}`, dtype: 'float32', pass: 'gradient' } as const;
    const got = await numbers(variable);
    weights.push(...got);
    const expected = elements[index]!;
    // Of how far the weights have gone, not of how large they are.
    const way = (values: ArrayLike<number>) =>
      Array.from(values, (value, i) => (value - starts[index]![i]!) / (learningRate * STEPS));
    assertClose(way(got), way(expected.map(({ weight }) => weight)), near);
    for (const [slot, values] of Object.entries(slots)) {
      const wanted = expected.map((one) => (slot === 'average' ? one.average : one.slots[slot]!));
      assertClose(values[variable.name]!, wanted, { ...near, op: `${near.op} ${slot}` });
    }
    if (mixed) assert.equal(await numbers(copies[index]!), got.map(nearestHalf), 'the f16 copy');
  }
  if (useEma) {
    inner.finalizeVariableValues(own);
    const averages = elements.flatMap((values) => values.map(({ average }) => average));
    const got = (await Promise.all(own.map((variable) => numbers(variable)))).flat();
    assertClose(got, averages, { op: `${name}: averages`, dtype: 'float32', pass: 'gradient' });
  }
  assert.is(await inner.iterations(), count);
  inner.dispose();
  return weights;
}

const PLAIN: Extras = { options: { learningRate: 0.01 }, decays: () => true };

for (const name of Object.keys(CASES)) {
  test(`${name}: as in a plain loop, eager and jitted alike, with skipped steps, decay and averages`, async () => {
    const results = [];
    for (const mode of MODES) results.push(await compare(name, mode, false, PLAIN));
    assert.equal(results[0], results[1], 'the same bits');
    const options = { learningRate: 0.01, weightDecay: 0.5, useEma: true, emaMomentum: 0.7 };
    await compare(name, MODES[1]!, true, { options, decays: (index) => index !== 1 });
  });
}

test('a moving average takes the place of the weights every so many steps, f16 copies included', async () => {
  const options = { learningRate: 0.01, useEma: true, emaMomentum: 0.5, emaOverwriteFrequency: 3 };
  for (const mixed of [false, true]) await compare('Adamax', MODES[1]!, mixed, { ...PLAIN, options });
});

test('AdamW is Adam with a weight decay of 0.004; defaults and names are those of Keras', async () => {
  const gradient = () => ht.tensor([1, -2, 0.5]);
  const [a, b] = [ht.variable([1, 2, 3]), ht.variable([1, 2, 3])];
  const [first, second] = [ht.optimizers.adamW(), ht.optimizers.adam({ weightDecay: 0.004 })];
  for (let step = 0; step < 3; step++) {
    first.apply([gradient()], [a]);
    second.apply([gradient()], [b]);
  }
  assert.equal(await numbers(a), await numbers(b));
  assert.is(first.getConfig().weightDecay, 0.004);
  for (const [name, { make, rate }] of Object.entries(CASES)) assert.is(make({}).learningRate, rate, name);
  for (const name of ['rmsprop', 'AdamW', 'adamax', 'Nadam', 'adagrad', 'adadelta', 'lion', 'sgd']) {
    const model = ht.sequential([ht.layers.dense({ units: 1 })]);
    model.compile({ optimizer: name, loss: 'mse' });
    assert.is(model.optimizer.constructor.name.toLowerCase(), name.toLowerCase());
  }
});

test('state of every optimizer is restored: it goes on as if it had not stopped', async () => {
  for (const [name, { make }] of Object.entries(CASES)) {
    const gradients = [1, 2, 3, 4].map((k) => ht.tensor([Math.sin(k), Math.cos(k), k / 4]));
    const whole = ht.variable([1, 2, 3], { name: 'w' });
    const one = make({ useEma: true });
    for (const gradient of gradients) one.apply([gradient], [whole]);
    const half = ht.variable([1, 2, 3], { name: 'w' });
    const before = make({ useEma: true });
    for (const gradient of gradients.slice(0, 2)) before.apply([gradient], [half]);
    const after = make({ useEma: true });
    after.loadState(await before.state(), [half]);
    for (const gradient of gradients.slice(2)) after.apply([gradient], [half]);
    assert.equal(await numbers(half), await numbers(whole), name);
  }
});

test('what optimizers refuse', () => {
  const refuse = (options: object, message: RegExp) =>
    assert.throws(
      () => ht.optimizers.adam(options),
      (error: Error) => message.test(error.message),
    );
  refuse({ weightDecay: -1 }, /^Adam: weightDecay -1; use a number from 0 on$/);
  refuse({ emaMomentum: 2 }, /^Adam: emaMomentum 2; use a number from 0 to 1$/);
  refuse({ emaOverwriteFrequency: 0.5 }, /^Adam: emaOverwriteFrequency 0.5; use a whole number of steps$/);
  assert.throws(() => ht.optimizers.rmsprop({ rho: 1 }), /^RMSprop: rho 1; use/);
  const variable = ht.variable([1]);
  const sgd = ht.optimizers.sgd();
  assert.throws(() => sgd.finalizeVariableValues([variable]), /no average is kept; make it with useEma/);
  sgd.apply([ht.tensor([1])], [variable]);
  assert.throws(() => sgd.excludeFromWeightDecay({ varNames: ['bias'] }), /it has made steps already/);
});
