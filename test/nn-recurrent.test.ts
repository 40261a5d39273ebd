// Recurrent layers beyond the table: masks, states, both directions, dropout, training under jit.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { bothWays } from './layers/recurrent.ts';
import { MODES, numbers } from './step.ts';
import { assertClose } from './tolerances.ts';

const test = suite('recurrent layers');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ seed: 6 });
});
test.after(() => engine.close());

const { layers } = ht;
const near = { op: 'recurrent', dtype: 'float32', terms: 40 } as const;
const KINDS = [layers.simpleRNN, layers.lstm, layers.gru] as readonly unknown[] as readonly ((
  options: object,
) => ReturnType<typeof layers.lstm>)[];
const many = (y: unknown) => y as readonly ht.Tensor[];

test('steps that do not count leave states as they were', async () => {
  for (const make of KINDS) {
    const layer = make({ units: 3 });
    const x = ht.randomNormal([2, 5, 4]);
    const mask = ht.tensor([1, 1, 1, 0, 0, 1, 1, 1, 0, 0], { shape: [2, 5], dtype: 'bool' });
    const masked = await numbers(layer.apply(x, { mask }));
    assertClose(masked, await numbers(layer.apply(ht.slice(x, [0, 0, 0], [2, 3, 4]))), near);
    const hidden = ht.tensor(Array(10).fill(0), { shape: [2, 5], dtype: 'bool' });
    assert.equal(await numbers(layer.apply(x, { mask: hidden })), Array(6).fill(0));
  }
});

test('a sequence in two pieces, the states of the first handed on, is the whole', async () => {
  for (const make of KINDS) {
    const layer = make({ units: 3, returnState: true, returnSequences: true });
    const x = ht.randomNormal([2, 5, 4]);
    const [whole, ...last] = many(layer.apply(x));
    const [, ...between] = many(layer.apply(ht.slice(x, [0, 0, 0], [2, 2, 4])));
    const rest = ht.slice(x, [0, 2, 0], [2, 3, 4]);
    const [second, ...end] = many(layer.apply(rest, { initialState: between }));
    assertClose(await numbers(second!), await numbers(ht.slice(whole!, [0, 2, 0], [2, 3, 3])), near);
    for (const [i, state] of end.entries()) assertClose(await numbers(state), await numbers(last[i]!), near);
    const wrong = [...between.slice(1), whole!];
    assert.throws(() => layer.apply(x, { initialState: wrong }), /initialState is .*\(5, 3\) a sample/);
  }
});

test('bidirectional: both ways, put together in every manner', async () => {
  const data = Array.from({ length: 24 }, (_, i) => Math.sin(5 * i));
  const x = ht.tensor(data, { shape: [2, 3, 4] });
  for (const returnSequences of [true, false]) {
    const inner = layers.lstm({ units: 2, returnSequences });
    const layer = layers.bidirectional({ layer: inner });
    layer.build([3, 4], engine);
    const weights = (await layer.getWeights()).map((values, i) => {
      return { shape: layer.weights[i]!.shape, data: [...values] };
    });
    assert.is(weights.length, 6);
    const { ahead, back } = bothWays({ shape: [2, 3, 4], data }, weights, 2);
    const pick = ({ data: all }: { data: readonly number[] }, step: number) =>
      returnSequences ? all : [0, 1].flatMap((n) => all.slice(6 * n + 2 * step, 6 * n + 2 * step + 2));
    const [a, b] = [pick(ahead, 2), pick(back, 0)];
    const joined = Array.from({ length: a.length / 2 }, (_, i) => [
      ...a.slice(2 * i, 2 * i + 2),
      ...b.slice(2 * i, 2 * i + 2),
    ]).flat();
    assertClose(await numbers(layer.apply(x)), joined, near);
    for (const [mergeMode, merge] of [
      ['sum', (p: number, q: number) => p + q],
      ['mul', (p: number, q: number) => p * q],
      ['ave', (p: number, q: number) => (p + q) / 2],
    ] as const) {
      const other = layers.bidirectional({ layer: layers.lstm({ units: 2, returnSequences }), mergeMode });
      other.build([3, 4], engine);
      other.setWeights(await layer.getWeights());
      const expected = a.map((value, i) => merge(value, b[i]!));
      assertClose(await numbers(other.apply(x)), expected, near);
    }
  }
  assert.throws(
    () => layers.bidirectional({ layer: layers.dense({ units: 2 }) as never }),
    /use a recurrent one/,
  );
});

test('an embedding with a mask, a bidirectional LSTM and dropout learn under jit as without', async () => {
  const results: number[][] = [];
  for (const { run } of MODES) {
    const own = await ht.open({ seed: 9, policy: 'mixed_float16' });
    const lstm = layers.lstm({ units: 4, dropout: 0.25, recurrentDropout: 0.25 });
    const model = ht.sequential([
      layers.embedding({ inputDim: 9, outputDim: 5, maskZero: true, inputShape: [6] }),
      layers.bidirectional({ layer: lstm }),
      layers.dense({ units: 2, dtype: 'float32' }),
    ]);
    model.build([6], own);
    const optimizer = new ht.LossScaleOptimizer(ht.optimizers.adam({ learningRate: 0.05 }));
    const step = run((x, y) =>
      optimizer.minimize(
        () =>
          ht.losses.sparseCategoricalCrossentropy(y!, model.apply(x!, { training: true }), {
            fromLogits: true,
          }),
        model.trainableVariables,
      ),
    );
    const ids = Int32Array.from({ length: 48 }, (_, i) => (i % 6 > 3 ? 0 : 1 + ((i * 5) % 8)));
    const x = ht.tensor(ids, { shape: [8, 6], engine: own });
    const y = ht.tensor(
      Int32Array.from({ length: 8 }, (_, i) => Number(ids[6 * i]! > 4)),
      { engine: own },
    );
    const losses: number[] = [];
    for (let count = 0; count < 30; count++) {
      const loss = step(x, y) as ht.Tensor;
      losses.push((await loss.data())[0]!);
    }
    assert.ok(losses.at(-1)! < 0.5 * losses[0]!, `${losses}`);
    results.push(losses);
    own.close();
    ht.mixedPrecision.setGlobalPolicy('float32');
  }
  assert.equal(results[0], results[1]);
});
