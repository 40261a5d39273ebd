// RNN of Keras, by its cells: as the layers that have them, with the weights where Keras stores them.
import * as assert from 'uvu/assert';
import { pairsOf } from '../src/convert/assign.ts';
import { emptyNode, nodeAt, weightsIn } from '../src/convert/keras/store.ts';
import { modelToConfig } from '../src/convert/keras/write-model.ts';
import type { StoredTensor } from '../src/convert/stored-model.ts';
import * as ht from '../src/node.ts';
import { assertThrows } from './assert-throws.ts';
import { suite } from './harness.ts';
import { functional, input, layer, read } from './keras-config.ts';
import { numbers } from './step.ts';

const test = suite('cells of Keras');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ seed: 5 });
});
test.after(() => engine.close());

type Model = ht.Functional<ht.Tensor, ht.Tensor>;
const cell = (kind: string, config: object) => ({ class_name: kind, config: { name: kind, ...config } });
const rnn = (config: object, more: object = {}) =>
  functional([input('x', [null, 4, 3]), layer('RNN', 'rnn', config, [['x', 0, 0, more]])], [['rnn', 0, 0]]);
const both = { class_name: 'StackedRNNCells', config: { name: 'both', cells: [
  cell('LSTMCell', { units: 2 }),
  cell('GRUCell', { units: 5, reset_after: true }),
] } }; // biome-ignore format: as cells

/** What `layers`, one after the other, make of `x` with the model's weights; and of what is written of the model. */
async function same(config: object, layers: readonly ht.Layer[]): Promise<void> {
  const model = read(config) as unknown as Model;
  const x = ht.randomNormal([2, 4, 3]);
  const wanted = ht.sequential(layers as never, { inputShape: [4, 3] });
  wanted.build();
  model.build();
  wanted.setWeights(await model.getWeights());
  assert.equal(await numbers(model.apply(x)), await numbers(wanted.apply(x) as ht.Tensor));
  for (const dialect of ['keras2', 'keras3'] as const) {
    const again = read(modelToConfig(model as never, dialect), dialect === 'keras3' ? '3.5.0' : '2.15.0');
    again.build();
    again.setWeights(await model.getWeights());
    assert.equal(await numbers(again.apply(x as never) as never), await numbers(model.apply(x)), dialect);
    again.dispose();
  }
  for (const one of [model, wanted]) one.dispose();
}

test('one cell is a layer, a stack of cells is as many', async () => {
  const { lstm, gru, simpleRNN } = ht.layers;
  const flags = { unroll: true, time_major: false, return_state: false, implementation: null };
  await same(rnn({ cell: cell('LSTMCell', { units: 2, unit_forget_bias: true }), ...flags }), [
    lstm({ units: 2 }) as unknown as ht.Layer,
  ]);
  await same(rnn({ cell: cell('SimpleRNNCell', { units: 2, activation: 'relu' }), go_backwards: true }), [
    simpleRNN({ units: 2, activation: 'relu', goBackwards: true }) as unknown as ht.Layer,
  ]);
  await same(rnn({ cell: both, return_sequences: true, go_backwards: true, ...flags }), [
    lstm({ units: 2, returnSequences: true, goBackwards: true }) as unknown as ht.Layer,
    gru({ units: 5, returnSequences: true }) as unknown as ht.Layer,
  ]);
  const wrapped = layer('Bidirectional', 'two', {
    layer: { class_name: 'RNN', config: { name: 'one', cell: cell('GRUCell', { units: 2 }) } },
  });
  const model = read({ class_name: 'Sequential', config: { name: 's', layers: [wrapped] } });
  assert.equal((model as unknown as Model).apply(ht.ones([1, 4, 3])).shape, [1, 4]);
});

test('weights of a stack, where Keras 3 stores them, and in the order of tf.keras', () => {
  const config = rnn({ cell: both });
  const root = emptyNode();
  const shapes = { lstm_cell: [[3, 8], [2, 8], [8]], gru_cell: [[2, 15], [5, 15], [2, 15]] }; // biome-ignore format: as cells
  for (const [name, own] of Object.entries(shapes).sort())
    for (const [i, shape] of own.entries()) {
      const node = nodeAt(root, ['layers', 'rnn', 'cell', 'cells', name]);
      const tensor: StoredTensor = { name: `${name}/${i}`, shape, dtype: 'float32', read: async () => new Float32Array(0) }; // biome-ignore format: one
      node.variables.set(i, tensor);
    }
  const weights = weightsIn(root, config as never);
  assert.equal(
    weights.get('rnn')!.map(({ name }) => name),
    ['lstm_cell/0', 'lstm_cell/1', 'lstm_cell/2', 'gru_cell/0', 'gru_cell/1', 'gru_cell/2'],
  );
  for (const order of ['layers', 'trainable first'] as const) {
    const model = read(config);
    model.build();
    const stored = { format: 'x', architecture: config as never, weights, order };
    assert.is(pairsOf('x', model, stored).length, 6);
    model.dispose();
  }
});

test('what is refused', () => {
  const own = { cell: cell('MyCell', { units: 2 }) };
  assertThrows(() => read(rnn(own)), ht.FormatError, /unknown classes of layers: 'MyCell' \(rnn\)/);
  assertThrows(
    () => read(rnn({ cell: both, return_state: true })),
    ht.FormatError,
    /states of a stack of cells/,
  );
  assertThrows(() => read(rnn({ cell: 3 })), ht.FormatError, /cell\.class_name: undefined; use a string/);
});
