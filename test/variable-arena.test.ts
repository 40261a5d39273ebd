// Tests of variables in arenas: one update for all of them, parts of them, other dtypes and copies, and what padding may hold.
import * as assert from 'uvu/assert';
import { setDefaultEngine } from '../src/gpu/default-engine.ts';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { MODES, numbers } from './step.ts';

const test = suite('variable arenas');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open();
});
test.after(() => engine.close());

/** Sizes that fill no block, fill one, and go beyond. */
const SIZES = [1, 7, 128, 130, 300];
const start = (size: number, shift = 0) => Array.from({ length: size }, (_, i) => Math.sin(i + shift));
const variables = (options: { dtype?: ht.FloatDType } = {}) =>
  SIZES.map((size, i) => ht.variable(start(size, i), { name: `v${i}`, ...options }));
const state = async (list: readonly ht.Variable[]) => Promise.all(list.map(numbers));
const sgd = (learningRate = 0.5, options = {}) => ht.optimizers.sgd({ learningRate, ...options });

/** Labels of the dispatches that one call records. */
function labels(fn: (x: ht.Tensor) => unknown): Promise<string[]> {
  const step = ht.jit((x: ht.Tensor) => fn(x) as ht.Tensor);
  return step
    .program(ht.ones([1]))
    .profile()
    .then(({ dispatches }) => {
      step.dispose();
      return dispatches.map(({ label }) => label.split(' ')[0]!);
    });
}

test('one update, however many variables; their gradients are made in place', async () => {
  const list = variables();
  const optimizer = ht.optimizers.adam();
  const found = await labels((x) =>
    optimizer.minimize(
      () => list.map((v) => ht.sum(ht.square(ht.mul(v, x)))).reduce((a, b) => ht.add(a, b)),
      list,
    ),
  );
  const count = (name: string) => found.filter((label) => label === name).length;
  assert.is(count('adam'), 1);
  assert.is(count('cast'), 0, 'no gradient was copied');
  optimizer.dispose();
});

for (const { mode, run } of MODES) {
  test(`${mode}: some variables only, then others, then all: each moves by its own gradient`, async () => {
    const list = variables();
    const optimizer = sgd(1);
    const before = await state(list);
    const step = (chosen: readonly number[]) =>
      run((x: ht.Tensor) => {
        optimizer.applyGradients(chosen.map((i) => [ht.mul(ht.onesLike(list[i]!.values), x), list[i]!]));
        return x;
      })(ht.tensor([2]));
    const moves = SIZES.map(() => 0);
    for (const chosen of [[0, 2, 3], [1], [4, 3, 2, 1, 0], [0, 4], [2]]) {
      step(chosen);
      for (const i of chosen) moves[i]! -= 2;
      const after = await state(list);
      for (const [i, own] of after.entries())
        assert.equal(
          own.map(Math.fround),
          before[i]!.map((value) => Math.fround(value) + moves[i]!)
            .map(Math.fround)
            .map((value, k) => (Math.abs(value - own[k]!) < 1e-5 ? own[k]! : value)),
          `variable ${i}`,
        );
    }
  });

  test(`${mode}: f16 masters, and gradients of either dtype`, async () => {
    for (const dtype of ['float32', 'float16'] as const) {
      for (const gradient of ['float32', 'float16'] as const) {
        const list = variables({ dtype });
        const before = await state(list);
        const optimizer = sgd(0.25);
        run((x: ht.Tensor) => {
          optimizer.applyGradients(list.map((v) => [ht.full(v.shape, 4, gradient), v] as const));
          return x;
        })(ht.ones([1]));
        const after = await state(list);
        for (const [i, own] of after.entries()) {
          for (const [k, value] of own.entries()) {
            const wanted = before[i]![k]! - 1;
            assert.ok(
              Math.abs(value - wanted) <= (dtype === 'float16' ? 2e-3 : 1e-6),
              `${dtype} ${gradient} ${i} ${k}`,
            );
          }
        }
      }
    }
  });

  test(`${mode}: one gradient for two variables, one that is an input, one that is a variable`, async () => {
    const [a, b, c, d] = [1, 2, 3, 4].map((value) => ht.variable([value, value])) as [
      ht.Variable,
      ht.Variable,
      ht.Variable,
      ht.Variable,
    ];
    const optimizer = sgd(1);
    run((x: ht.Tensor) => {
      const shared = ht.mul(x, 3);
      optimizer.applyGradients([
        [shared, a],
        [shared, b],
        [x, c],
        [d.values, d],
      ]);
      return shared;
    })(ht.tensor([1, 2]));
    assert.equal(await state([a, b, c, d]), [
      [-2, -5],
      [-1, -4],
      [2, 1],
      [0, 0],
    ]);
  });

  for (const clipping of [{ clipValue: 0.5 }, { clipNorm: 1 }, { globalClipNorm: 2 }]) {
    test(`${mode}: ${Object.keys(clipping)[0]} on sizes that fill no block`, async () => {
      const list = variables();
      const gradients = SIZES.map((size, i) => start(size, 10 + i).map((value) => value * 2));
      const before = await state(list);
      // What is left in the pool lies where padding will be.
      ht.full([4096], Number.NaN).dispose();
      const optimizer = sgd(1, clipping);
      run((x: ht.Tensor) => {
        optimizer.applyGradients(list.map((v, i) => [ht.mul(ht.tensor(gradients[i]!), x), v] as const));
        return x;
      })(ht.ones([1]));
      const norm = (values: readonly number[]) => Math.hypot(...values);
      const {
        clipValue = Infinity,
        clipNorm,
        globalClipNorm,
      } = clipping as Record<string, number | undefined>;
      const all = norm(gradients.flat());
      const after = await state(list);
      for (const [i, own] of gradients.entries()) {
        const factor = clipNorm
          ? clipNorm / Math.max(norm(own), clipNorm)
          : globalClipNorm
            ? globalClipNorm / Math.max(all, globalClipNorm)
            : 1;
        for (const [k, value] of own.entries()) {
          const step = Math.min(Math.max(value * factor, -clipValue), clipValue);
          assert.ok(Math.abs(after[i]![k]! - (before[i]![k]! - step)) < 2e-6, `${i} ${k}`);
        }
      }
    });
  }

  test(`${mode}: a step with one bad element is skipped, and padding never is one`, async () => {
    const list = variables();
    const optimizer = new ht.LossScaleOptimizer(sgd(1), { initialScale: 1, minScale: 1, growthSteps: 1000 });
    const before = await state(list);
    ht.full([4096], Number.POSITIVE_INFINITY).dispose();
    const step = run((...bad: ht.Tensor[]) => {
      optimizer.applyGradients(list.map((v, i) => [ht.mul(v.values, bad[i]!), v] as const));
      return bad[0]!;
    });
    const factors = (at: number, value: number) =>
      SIZES.map((size, i) => ht.tensor(start(size).map((_, k) => (i === at && k === size - 1 ? value : 1))));
    for (let at = 0; at < SIZES.length; at++) step(...factors(at, Number.POSITIVE_INFINITY));
    assert.equal(await state(list), before);
    assert.is(await optimizer.skippedSteps(), SIZES.length);
    step(...factors(-1, 0));
    assert.is(await optimizer.skippedSteps(), SIZES.length);
    assert.ok((await state(list)).flat().every((value) => value === 0));
  });

  test(`${mode}: micro-batches are gathered in variables, then applied`, async () => {
    const w = ht.variable([1, 2]);
    const gathered = ht.variable([0, 0], { trainable: false });
    const optimizer = sgd(1);
    const step = run((...batches: ht.Tensor[]) => {
      gathered.assign(ht.zeros([2]));
      for (const batch of batches) {
        const tape = new ht.GradientTape();
        const loss = tape.record(() => ht.sum(ht.mul(w, batch)));
        gathered.assign(ht.add(gathered, tape.gradient(loss, w)!));
      }
      optimizer.applyGradients([[ht.div(gathered, batches.length), w]]);
      return batches[0]!;
    });
    for (let i = 0; i < 2; i++) step(ht.tensor([1, 3]), ht.tensor([3, 5]));
    assert.equal(await numbers(w), [1 - 4, 2 - 8]);
  });
}

test('a copy that comes late is written from then on, for all that lie beside it', async () => {
  const list = variables();
  const optimizer = sgd(1);
  const step = ht.jit((x: ht.Tensor) => {
    optimizer.applyGradients(list.map((v) => [ht.mul(ht.onesLike(v.values), x), v] as const));
    return x;
  });
  step(ht.ones([1]));
  const half = list[3]!.read('float16');
  step(ht.ones([1]));
  for (const v of [list[3]!, list[0]!]) {
    const masters = await numbers(v);
    const copies = await numbers(v.read('float16'));
    assert.ok(
      masters.every((value, k) => Math.abs(value - copies[k]!) <= 2e-3 * Math.max(1, Math.abs(value))),
      v.name,
    );
  }
  assert.equal(await numbers(half), await numbers(list[3]!.read('float16')));
});

test('two optimizers on the same variables have slots of their own; disposed variables leave the others', async () => {
  const list = variables();
  const [adam, momentum] = [ht.optimizers.adam({ learningRate: 0 }), sgd(1, { momentum: 0.5 })];
  const pairs = () =>
    list.filter(({ disposed }) => !disposed).map((v) => [ht.onesLike(v.values), v] as const);
  const before = await state(list);
  for (let i = 0; i < 2; i++) {
    adam.applyGradients(pairs());
    momentum.applyGradients(pairs());
  }
  const moved = await state(list);
  for (const [i, own] of moved.entries())
    for (const [k, value] of own.entries()) assert.ok(Math.abs(value - (before[i]![k]! - 2.5)) < 1e-5);
  list[2]!.dispose();
  momentum.applyGradients(pairs());
  assert.ok(Math.abs((await numbers(list[0]!))[0]! - (before[0]![0]! - 4.25)) < 1e-5);
});

test('arenas are freed with their variables and optimizers, and chunked where a binding is too small', async () => {
  const own = await ht.open();
  try {
    const list = [1000, 50, 3].map((size) => ht.variable(start(size)));
    const optimizer = ht.optimizers.adam();
    optimizer.applyGradients(list.map((v) => [ht.onesLike(v.values), v] as const));
    const { byKind } = own.memory();
    assert.ok(byKind.weights! >= 4 * 1280 && byKind.weights! <= 4 * 1280 * 1.25);
    assert.ok(byKind['optimizer slots']! >= 2 * 4 * 1280);
    optimizer.dispose();
    for (const v of list) v.dispose();
    const after = own.memory().byKind;
    assert.equal([after.weights ?? 0, after['optimizer slots'] ?? 0], [0, 0]);
  } finally {
    own.close();
    setDefaultEngine(engine);
  }
});
