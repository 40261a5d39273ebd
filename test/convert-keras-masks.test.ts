// Masks that calls are given: results of layers in configurations of both Kerases, what they do, and what is written again.
import * as assert from 'uvu/assert';
import { modelToConfig } from '../src/convert/keras/write-model.ts';
import * as ht from '../src/node.ts';
import { assertThrows } from './assert-throws.ts';
import { suite } from './harness.ts';
import { functional, input, type Layer, layer, read } from './keras-config.ts';
import { refuses } from './refusal.ts';
import { numbers } from './step.ts';
import { assertClose } from './tolerances.ts';

const test = suite('masks of calls');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ seed: 21 });
});
test.after(() => engine.close());

type Model = ht.Functional<readonly ht.Tensor[], ht.Tensor>;
const ends = (...names: string[]) => names.map((name) => [name, 0, 0]);

/** A model of a configuration, the same as those that both Kerases' configurations of it make, and under jit. */
async function checked(
  config: object,
  version: string,
  inputs: readonly ht.Tensor[],
): Promise<[Model, number[]]> {
  const model = read(config, version) as unknown as Model;
  const got = await numbers(model.apply(inputs));
  assert.equal(await numbers(ht.jit((...x: ht.Tensor[]) => model.apply(x))(...inputs)), got, 'jit');
  for (const [dialect, other] of [
    ['keras2', '2.15.0'],
    ['keras3', '3.5.0'],
  ] as const) {
    const written = JSON.parse(JSON.stringify(modelToConfig(model as never, dialect)));
    const again = read(written, other) as unknown as Model;
    again.build([inputs.map(({ shape }) => shape.slice(1))].flat() as never, engine);
    again.setWeights(await model.getWeights());
    assert.equal(await numbers(again.apply(inputs)), got, dialect);
    assert.equal(JSON.parse(JSON.stringify(modelToConfig(again as never, dialect))), written, dialect);
    again.dispose();
  }
  return [model, got];
}

const close = (got: readonly number[], wanted: readonly number[], op: string) =>
  assertClose(got, wanted, { op: `${op} tanh`, dtype: 'float32', terms: 16 });

test('recurrent layers of Keras 3: the mask that Embedding makes there is an operation of its own', async () => {
  const tensor = (name: string, shape: unknown, dtype = 'float32') => ({
    class_name: '__keras_tensor__',
    config: { shape, dtype, keras_history: [name, 0, 0] },
  });
  const node = (args: unknown[], kwargs = {}) => ({ args, kwargs });
  const ids: Layer = input('ids', undefined, { batch_shape: [null, 4], dtype: 'int32' });
  const mask = { mask: tensor('not_equal', [null, 4], 'bool') };
  const embedded = tensor('words', [null, 4, 3]);
  const bidirectional = { layer: { class_name: 'GRU', config: { units: 2, name: 'inner' } } };
  const config = functional(
    [
      ids,
      layer('Embedding', 'words', { input_dim: 9, output_dim: 3 }, node([tensor('ids', [null, 4], 'int32')])),
      {
        ...layer('NotEqual', 'not_equal', {}, node([tensor('ids', [null, 4], 'int32'), 0])),
        ...{ module: 'keras.src.ops.numpy', registered_name: 'NotEqual' },
      },
      layer(
        'LSTM',
        'steps',
        { units: 2, return_sequences: true },
        node([embedded], { ...mask, training: false }),
      ),
      layer('Bidirectional', 'both', bidirectional, node([tensor('steps', [null, 4, 2])], mask)),
      layer('GlobalAveragePooling1D', 'mean', {}, node([tensor('steps', [null, 4, 2])], mask)),
      layer(
        'Concatenate',
        'all',
        { axis: -1 },
        node([[tensor('both', [null, 4]), tensor('mean', [null, 2])]]),
      ),
    ],
    ['all', 0, 0],
    [['ids', 0, 0]],
  );
  const [model, got] = await checked(config, '3.5.0', [
    ht.tensor([[3, 5, 0, 0], [1, 2, 3, 4]], { dtype: 'int32' }), // biome-ignore format: as words
  ]);
  const words = model.layers.find(({ name }) => name === 'words')!;
  const inner = model.layers.filter(({ name }) => ['steps', 'both', 'mean'].includes(name));
  const [steps, both, mean] = inner as unknown as ht.Layer[];
  const sequence = steps!.apply(words.apply(ht.tensor([[3, 5]], { dtype: 'int32' })) as ht.Tensor);
  const wanted = ht.concat([both!.apply(sequence), mean!.apply(sequence)], -1);
  close(got.slice(0, 6), await numbers(wanted), 'as the words alone');
  model.dispose();
});

test('attention of tf.keras: masks of values and of pairs, as floats, whole numbers and conditions', async () => {
  const node = (name: string, kwargs = {}) => [name, 0, 0, kwargs];
  const shown = { attention_mask: ['shown', 0, 0] };
  const config = functional(
    [
      input('q', [null, 2, 4]),
      input('v', [null, 3, 4]),
      input('kept', [null, 3], { dtype: 'int32' }),
      input('shown', [null, 2, 3]),
      layer('TFOpLambda', 'above', { function: 'math.greater' }, ['kept', 0, 0, { y: 0 }]),
      layer('Attention', 'dot', {}, [node('q'), node('v', { mask: [null, ['above', 0, 0]] })]),
      layer('AdditiveAttention', 'sum', {}, [node('q'), node('v', { mask: [null, ['kept', 0, 0]] })]),
      layer('MultiHeadAttention', 'heads', { num_heads: 2, key_dim: 3 }, [
        node('q', { ...shown, value: ['v', 0, 0], training: null }),
      ]),
      layer('Concatenate', 'all', { axis: -1 }, [node('dot'), node('sum'), node('heads')]),
    ],
    ends('all'),
    ends('q', 'v', 'kept', 'shown'),
  );
  const [q, v] = [ht.randomNormal([2, 2, 4]), ht.randomNormal([2, 3, 4])];
  const kept = ht.tensor([[1, 1, 0], [1, 0, 0]], { dtype: 'int32' }); // biome-ignore format: as rows
  const pairs = ht.tensor([[[1, 1, 0], [1, 1, 0]], [[1, 0, 0], [1, 0, 0]]], { dtype: 'float32' }); // biome-ignore format: as rows
  const [model, got] = await checked(config, '2.15.0', [q, v, kept, pairs]);
  const named = (name: string) => model.layers.find((one) => one.name === name)!;
  for (const [sample, steps] of [2, 1].entries()) {
    const queries = ht.slice(q, [sample, 0, 0], [1, 2, 4]);
    const values = ht.slice(v, [sample, 0, 0], [1, steps, 4]);
    const short = ['dot', 'sum', 'heads'].map((name) => named(name).apply([queries, values]) as ht.Tensor);
    close(got.slice(sample * 24, sample * 24 + 24), await numbers(ht.concat(short, -1)), `sample ${sample}`);
  }
  model.dispose();
});

test('Keras 3 names the masks of attention by its arguments; masks of heads, and broadcast ones', async () => {
  const mha = ht.layers.multiHeadAttention({ numHeads: 2, keyDim: 3 });
  const [q, v] = [ht.input({ shape: [2, 4] }), ht.input({ shape: [3, 4] })];
  const [qs, vs] = [ht.input({ shape: [2], dtype: 'int32' }), ht.input({ shape: [3] })];
  const one = mha.apply([q, v], { mask: [qs, vs] });
  const model = ht.model({ inputs: [q, v, qs, vs], outputs: one }) as unknown as Model;
  const inputs = [
    ...[ht.randomNormal([1, 2, 4]), ht.randomNormal([1, 3, 4])],
    ...[ht.ones([1, 2], 'int32'), ht.tensor([[1, 0, 1]], { dtype: 'float32' })],
  ];
  const written = modelToConfig(model as never, 'keras3') as unknown as { config: { layers: Layer[] } };
  const { kwargs } = (written.config.layers.at(-1)!.inbound_nodes as { kwargs: object }[])[0]!;
  assert.equal(Object.keys(kwargs), ['query_mask', 'value_mask']);
  const got = await numbers(model.apply(inputs));
  const [other] = await checked(written, '3.5.0', inputs);
  other.setWeights(await model.getWeights());
  assert.equal(await numbers(other.apply(inputs)), got);
  other.dispose();
  const row = ht.tensor([[[1, 0, 1]]], { dtype: 'bool' });
  const rows = mha.apply([inputs[0]!, inputs[1]!], { attentionMask: row });
  close(await numbers(rows), got, 'one row for all queries');
  const heads = mha.apply([inputs[0]!, inputs[1]!], { attentionMask: ht.reshape(row, [1, 1, 1, 3]) });
  close(await numbers(heads), got, 'one row for all heads');
  model.dispose();
});

test('a mask beside states, and what masks cannot be', async () => {
  const lstm = layer('GRU', 'r', { units: 2 }, [
    ['x', 0, 0, { initial_state: ['s', 0, 0], mask: ['m', 0, 0] }],
  ]);
  const inputs = [input('x', [null, 3, 4]), input('s', [null, 2]), input('m', [null, 3], { dtype: 'bool' })];
  const [model, got] = await checked(
    functional([...inputs, lstm], ends('r'), ends('x', 's', 'm')),
    '2.15.0',
    [...[ht.randomNormal([1, 3, 4]), ht.randomNormal([1, 2]), ht.tensor([[0, 0, 0]], { dtype: 'int32' })]],
  );
  assert.is(got.length, 2);
  const state = ht.tensor([[0.5, -1]]);
  const [x, none] = [ht.randomNormal([1, 3, 4]), ht.zeros([1, 3], 'int32')];
  assert.equal(await numbers(model.apply([x, state, none])), [0.5, -1], 'no step counts: the state stays');
  model.dispose();

  const refused = (kind: string, kwargs: object, message: RegExp) =>
    assertThrows(
      () =>
        read(
          functional(
            [...inputs, layer(kind, 'r', { units: 2 }, [['x', 0, 0, kwargs]])],
            ends('r'),
            ends('x'),
          ),
        ),
      ht.FormatError,
      message,
    );
  refused('GRU', { mask: 3 }, /inbound_nodes\[0\]: mask is something else than results of layers/);
  refused('GRU', { mask: [['m', 0, 0], ['m', 0, 0]] }, /one for each input at most/); // biome-ignore format: as nodes
  refused('GRU', { attention_mask: true }, /argument attention_mask is not supported/);
  refused('GRU', { mask: ['m', 1, 0] }, /call 1 of 'm', which has 1/);
  const [a, m] = [ht.input({ shape: [3, 4] }), ht.input({ shape: [3] })];
  const gru = ht.layers.gru({ units: 2 });
  await refuses(
    () => gru.apply(x, { mask: m as never }),
    ht.ArgumentError,
    /symbolic tensors and values mixed/,
  );
  await refuses(() => gru.apply(a, { mask: [m, m] as never }), ht.ArgumentError, /2 masks for 1 inputs/);
  await refuses(
    () => ht.model({ inputs: a, outputs: gru.apply(a, { mask: m }) }),
    ht.ArgumentError,
    /depend on/,
  );
});
