// Recurrent layers: states that are given, kept and handed on, types of results, weights, noise, what is refused.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { refuses } from './refusal.ts';
import { numbers } from './step.ts';
import { assertClose } from './tolerances.ts';

const test = suite('states of recurrent layers');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ seed: 11 });
});
test.after(() => engine.close());

const { layers, ArgumentError, ShapeError } = ht;
type Lstm = ReturnType<typeof layers.lstm>;
type Many = Omit<Lstm, 'apply'> & {
  apply(x: ht.Tensor | readonly ht.Tensor[], options?: object): readonly ht.Tensor[];
  apply(x: ht.Symbolic | readonly ht.Symbolic[], options?: object): readonly ht.Symbolic[];
};
const KINDS = [layers.simpleRNN, layers.lstm, layers.gru] as readonly unknown[] as readonly ((
  options: object,
) => Lstm)[];
const MAKE_MANY = KINDS as readonly unknown[] as readonly ((options: object) => Many)[];

test('states: given as tensors, as inputs, symbolically, and kept between batches', async () => {
  const x = ht.randomNormal([2, 6, 3]);
  const [head, tail] = [ht.slice(x, [0, 0, 0], [2, 4, 3]), ht.slice(x, [0, 4, 0], [2, 2, 3])];
  for (const dtype of ['float32', 'mixed_float16'] as const) {
    for (const [kind, make] of MAKE_MANY.entries()) {
      const layer = make({ units: 5, dtype, returnState: true, returnSequences: true });
      const [whole, ...last] = layer.apply(x);
      const [, ...middle] = layer.apply(head);
      const [rest, ...end] = layer.apply(tail, { initialState: middle });
      const compute = new ht.Policy(dtype).computeDtype;
      const close = async (a: ht.Tensor, b: ht.Tensor) =>
        assertClose(await numbers(a), await numbers(b), { op: `${layer.name} tanh`, dtype: compute });
      await close(rest!, ht.slice(whole!, [0, 4, 0], [2, 2, 5]));
      for (const [i, state] of end.entries()) await close(state, last[i]!);
      assert.is(last.length, kind === 1 ? 2 : 1);
      assert.equal(await numbers(layer.apply([tail, ...middle])[0]!), await numbers(rest!), 'as inputs');
      if (middle.length === 1) {
        const only = { initialState: middle[0]! };
        assert.equal(await numbers(layer.apply(tail, only)[0]!), await numbers(rest!), 'without a list');
      }

      const [a, b] = [ht.input({ shape: [4, 3] }), ht.input({ shape: [2, 3] })];
      const states = middle.map(() => ht.input({ shape: [5] }));
      const [, ...symbolic] = layer.apply(a);
      const model = ht.model({ inputs: [a, b], outputs: layer.apply(b, { initialState: symbolic })[0]! });
      assert.equal(await numbers(model.apply([head, tail])), await numbers(rest!), 'symbolic states');
      const fed = ht.model({ inputs: [b, ...states], outputs: layer.apply([b, ...states])[0]! });
      assert.equal(await numbers(fed.apply([tail, ...middle])), await numbers(rest!), 'inputs of a model');

      const keeping = KINDS[kind]!({ units: 5, dtype, stateful: true, returnSequences: true });
      const first = await numbers(keeping.apply(head));
      keeping.setWeights(await layer.getWeights());
      keeping.resetStates();
      await close(keeping.apply(head), ht.slice(whole!, [0, 0, 0], [2, 4, 5]));
      await close(keeping.apply(tail), rest!);
      keeping.resetStates();
      assert.equal(await numbers(keeping.apply(head)), await numbers(layer.apply(head)[0]!));
      assert.not.equal(first, await numbers(keeping.apply(head)));
      await refuses(() => keeping.apply(ht.ones([1, 4, 3])), ShapeError, /stateful, its states are \(2, 5\)/);
    }
  }
});

test('a stateful layer under jit, and its gradients: those of its own batch', async () => {
  const x = ht.randomNormal([3, 4, 2]);
  const layer = layers.lstm({ units: 4, stateful: true });
  layer.apply(x);
  const plain = layers.lstm({ units: 4, returnState: true });
  plain.build([4, 2], engine);
  plain.setWeights(await layer.getWeights());
  layer.resetStates();
  const step = ht.jit((x: ht.Tensor) => {
    const tape = new ht.GradientTape();
    const y = tape.record(() => layer.apply(x));
    return [y, ...tape.gradient(y, layer.weights)];
  });
  let states: readonly ht.Tensor[] = [ht.zeros([3, 4]), ht.zeros([3, 4])];
  for (let batch = 0; batch < 4; batch++) {
    const got = step(x);
    const tape = new ht.GradientTape();
    const [y, ...next] = tape.record(() => plain.apply(x, { initialState: states }));
    const expected = [y!, ...tape.gradient(y!, plain.weights)];
    for (const [i, tensor] of got.entries())
      assertClose(await numbers(tensor), await numbers(expected[i]!), {
        ...{ op: 'stateful lstm tanh', dtype: 'float32', terms: 12 },
      });
    states = next;
  }
  layer.resetStates();
  const [again] = step(x);
  assert.equal(await numbers(again!), await numbers(plain.apply(x)[0]!));
  layer.resetStates();
  assert.equal(layer.apply(ht.ones([1, 4, 2])).shape, [1, 4]);
});

test('masks: they go on with sequences, not with states', () => {
  const [x, mask] = [ht.ones([2, 4, 3]), ht.ones([2, 4], 'bool')];
  for (const make of KINDS) {
    assert.is(make({ units: 5, returnSequences: true }).computeMask(x, mask), mask);
    assert.is(make({ units: 5 }).computeMask(x, mask), null);
  }
  const states = layers.lstm({ units: 2, returnSequences: true, returnState: true });
  assert.equal(states.computeMask(x, mask), [mask, null, null]);
});

test('bidirectional: both results, states of both, and a mask', async () => {
  const x = ht.randomNormal([2, 4, 3]);
  const layer = layers.lstm({ units: 5, returnSequences: true, returnState: true });
  const both = layers.bidirectional({ layer, mergeMode: null });
  const results = both.apply(x);
  const shapes = [[2, 4, 5], [2, 4, 5], [2, 5], [2, 5], [2, 5], [2, 5]]; // biome-ignore format: as shapes
  assert.equal(
    results.map(({ shape }) => shape),
    shapes,
  );
  assert.equal(
    both.outputShape([4, 3]),
    shapes.map((shape) => shape.slice(1)),
  );
  const back = both.backwardLayer.apply(x) as readonly ht.Tensor[];
  assert.equal(await numbers(results[1]!), await numbers(ht.reverse(back[0]!, 1)));
  assert.equal(await numbers(results[2]!), await numbers(layer.apply(x)[1]!));
  assert.equal(await numbers(results[4]!), await numbers(back[1]!));
  const states = results.slice(2);
  const again = both.apply(x, { initialState: states });
  const alone = layer.apply(x, { initialState: states.slice(0, 2) });
  assert.equal(await numbers(again[0]!), await numbers(alone[0]!));
  await refuses(() => both.apply(x, { initialState: states.slice(0, 2) }), ArgumentError, /2 states; use 4/);
  const other = layers.simpleRNN({ units: 4, goBackwards: true });
  const uneven = layers.bidirectional({ layer: layers.gru({ units: 2 }), backwardLayer: other });
  assert.equal(uneven.apply(x).shape, [2, 6]);
  assert.equal(await numbers(ht.slice(uneven.apply(x), [0, 2], [2, 4])), await numbers(other.apply(x)));

  const ids = ht.input({ shape: [4], dtype: 'int32' });
  const words = layers.embedding({ inputDim: 9, outputDim: 3, maskZero: true });
  const summed = layers.bidirectional({ layer: layers.gru({ units: 3 }), mergeMode: 'sum' });
  const model = ht.model({ inputs: ids, outputs: summed.apply(words.apply(ids)) });
  const padded = await numbers(model.apply(ht.tensor([[3, 5, 0, 0]], { dtype: 'int32' })));
  const bare = ht.input({ shape: [2], dtype: 'int32' });
  const short = ht.model({ inputs: bare, outputs: summed.apply(words.apply(bare)) });
  const expected = await numbers(short.apply(ht.tensor([[3, 5]], { dtype: 'int32' })));
  assertClose(padded, expected, { op: 'bidirectional tanh', dtype: 'float32' });
});

test('weights by name and shape in the order of Keras; the gate that keeps begins with ones', async () => {
  const made = (layer: Lstm | ReturnType<typeof layers.gru> | ReturnType<typeof layers.bidirectional>) => {
    layer.build([4, 3], engine);
    return layer.weights.map(({ name, shape }) => `${name.slice(name.indexOf('/') + 1)} ${shape}`);
  };
  assert.equal(made(layers.gru({ units: 5 })), ['kernel 3,15', 'recurrent_kernel 5,15', 'bias 2,15']);
  assert.equal(made(layers.gru({ units: 5, resetAfter: false })).at(-1), 'bias 15');
  const lstm = layers.lstm({ units: 2 });
  assert.equal(made(lstm), ['kernel 3,8', 'recurrent_kernel 2,8', 'bias 8']);
  assert.equal(Array.from((await lstm.getWeights())[2]!), [0, 0, 1, 1, 0, 0, 0, 0]);
  const both = layers.bidirectional({ layer: layers.lstm({ units: 2, useBias: false, name: 'words' }) });
  both.build([4, 3], engine);
  assert.equal(
    both.weights.map(({ name }) => name),
    ['words', 'backward_words'].flatMap((name) => [`${name}/kernel`, `${name}/recurrent_kernel`]),
  );
});

test('dropout of inputs and states: in training alone, the same in all steps', async () => {
  const x = ht.ones([64, 3, 4]);
  for (const make of KINDS) {
    const layer = make({
      ...{ units: 4, returnSequences: true, dropout: 0.5, recurrentDropout: 0.5 },
      ...{ kernelInitializer: 'ones', activation: 'linear' },
    });
    const still = await numbers(layer.apply(x));
    assert.equal(await numbers(layer.apply(x)), still);
    const noisy = await numbers(layer.apply(x, { training: true }));
    assert.not.equal(noisy, still);
    assert.ok(noisy.every(Number.isFinite));
  }
  const layer = layers.simpleRNN({
    ...{ units: 1, returnSequences: true, dropout: 0.5, activation: 'linear' },
    ...{ kernelInitializer: 'ones', recurrentInitializer: 'zeros' },
  });
  const y = (await layer.apply(x, { training: true }).array()) as number[][][];
  for (const [first, ...others] of y) for (const step of others) assert.equal(step, first);
  assert.ok(new Set(y.flat(2)).size > 2);
});

test('options and inputs that are refused', async () => {
  const x = ht.ones([2, 4, 3]);
  const { lstm, gru, simpleRNN, bidirectional } = layers;
  const cases: readonly [() => unknown, typeof ArgumentError, RegExp][] = [
    [() => lstm({} as never), ArgumentError, /^lstm.*: units undefined/],
    [() => gru({ units: 2, recurrentActivation: 'x' as never }), ArgumentError, /unknown activation 'x'/],
    [() => lstm({ units: 2, dropout: 1 }), ArgumentError, /rate 1; use a number from 0 to below 1/],
    [() => lstm({ units: 2, resetAfter: true } as never), ArgumentError, /unknown option 'resetAfter'/],
    [() => lstm({ units: 2 }).apply(ht.ones([2, 3])), ShapeError, /use \(steps, features\)/],
    [
      () => lstm({ units: 2 }).apply(x, { initialState: ht.ones([2, 2]) }),
      ...([ArgumentError, /initialState has 1 states; use 2, or none/] as const),
    ],
    [
      () => gru({ units: 2 }).apply(x, { initialState: ht.ones([2, 3]) }),
      ...([ShapeError, /initialState is \(3\) a sample; use \(2\)/] as const),
    ],
    [
      () => gru({ units: 2 }).apply(x, { initialState: ht.ones([1, 2]) }),
      ...([ShapeError, /initialState is \(1, 2\); use \(2, 2\)/] as const),
    ],
    [
      () => bidirectional({ layer: gru({ units: 1 }), mergeMode: 'add' as never }),
      ...([ArgumentError, /mergeMode 'add'; use 'concat', 'sum', 'mul' or 'ave', or null/] as const),
    ],
    [
      () => bidirectional({ layer: gru({ units: 1 }), backwardLayer: gru({ units: 1 }) }),
      ...([ArgumentError, /backwardLayer is .*; use a recurrent one whose goBackwards is true/] as const),
    ],
    [
      () =>
        bidirectional({
          layer: gru({ units: 1, returnSequences: true }),
          backwardLayer: gru({ units: 1, goBackwards: true }),
        }),
      ...([ArgumentError, /returnSequences is true in layer, false in backwardLayer/] as const),
    ],
    [
      () =>
        bidirectional({
          ...{ layer: gru({ units: 1 }), mergeMode: 'sum' },
          backwardLayer: simpleRNN({ units: 2, goBackwards: true }),
        }),
      ...([ArgumentError, /mergeMode 'sum' of 1 and 2 units; use 'concat'/] as const),
    ],
  ];
  for (const [make, type, message] of cases) await refuses(make, type, message);
  const built = lstm({ units: 2 });
  built.apply(x);
  await refuses(() => built.apply(ht.ones([2, 4, 5])), ShapeError, /built for \(4, 3\)/);
  assert.equal(built.apply(ht.ones([1, 9, 3])).shape, [1, 2]);
});
