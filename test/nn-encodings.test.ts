// Layers of categories: numbers and rows for values, for configurations of both Kerases, and what is refused.
import * as assert from 'uvu/assert';
import { modelToConfig } from '../src/convert/keras/write-model.ts';
import * as ht from '../src/node.ts';
import { assertThrows } from './assert-throws.ts';
import { suite } from './harness.ts';
import { read } from './keras-config.ts';

const test = suite('encodings');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ seed: 2 });
});
test.after(() => engine.close());

type Config = Readonly<Record<string, unknown>>;
/** What a layer of a configuration, and that of what is written of it, give; its shape is checked. */
async function given(kind: string, config: Config, x: unknown, dtype: 'int32' | 'float32'): Promise<unknown> {
  const values = ht.tensor(x as number[], { dtype });
  const sample = values.shape.slice(1);
  const whole = {
    class_name: 'Sequential',
    config: {
      name: 'm',
      layers: [
        { class_name: 'InputLayer', config: { name: 'x', batch_input_shape: [null, ...sample], dtype } },
        { class_name: kind, config: { name: 'own', ...config } },
      ],
    },
  };
  const results: unknown[] = [];
  for (const policy of ['float32', 'mixed_float16'] as const) {
    let model = read(whole, '3.5.0') as unknown as ht.Sequential;
    for (const [dialect, version] of [['keras2', '2.15.0'], ['keras3', '3.5.0']] as const) // biome-ignore format: as a list
      model = read(JSON.parse(JSON.stringify(modelToConfig(model as never, dialect))), version) as never;
    model.dtypePolicy = policy as never;
    const y = model.apply(values) as unknown as ht.Tensor;
    assert.equal(model.outputShape(sample as never), y.shape.slice(1));
    results.push(await y.array());
    model.dispose();
  }
  assert.equal(results[1], results[0], 'float16');
  return results[0];
}

test('CategoryEncoding: rows of ones, and of counts', async () => {
  const words = [[1, 3, 1], [0, 9, 2]]; // biome-ignore format: as rows
  const config = { num_tokens: 4, sparse: false };
  assert.equal(await given('CategoryEncoding', config, words, 'int32'), [[0, 1, 0, 1], [1, 0, 1, 0]]); // biome-ignore format: as rows
  const count = { ...config, output_mode: 'count' };
  assert.equal(await given('CategoryEncoding', count, words, 'int32'), [[0, 2, 0, 1], [1, 0, 1, 0]]); // biome-ignore format: as rows
  const one = { ...config, output_mode: 'one_hot' };
  assert.equal(await given('CategoryEncoding', one, [[2], [0]], 'int32'), [[0, 0, 1, 0], [1, 0, 0, 0]]); // biome-ignore format: as rows
  assert.equal(await given('CategoryEncoding', one, [2, 0], 'int32'), [[0, 0, 1, 0], [1, 0, 0, 0]]); // biome-ignore format: as rows
  assert.equal(await given('CategoryEncoding', one, [[3, 0]], 'int32'), [[[0, 0, 0, 1], [1, 0, 0, 0]]]); // biome-ignore format: as rows
});

test('Discretization: a value at a boundary is above it, also where halves cannot tell', async () => {
  const config = { bin_boundaries: [-1, 0.5, 2049], num_bins: null, epsilon: 0.01, dtype: 'int64' };
  const x = [[-3, -1, 0.25], [0.5, 2048, 2049]]; // biome-ignore format: as rows
  assert.equal(await given('Discretization', config, x, 'float32'), [[0, 1, 1], [2, 2, 3]]); // biome-ignore format: as rows
  assert.equal(
    await given('Discretization', { ...config, output_mode: 'one_hot' }, [[2], [-2]], 'float32'),
    [[0, 0, 1, 0], [1, 0, 0, 0]], // biome-ignore format: as rows
  );
});

test('IntegerLookup: places behind those for padding and for what is unknown', async () => {
  const x = [[12, 0, 36], [7, 1138, 42]]; // biome-ignore format: as rows
  const config = {
    vocabulary: [12, 36, 1138, 42],
    vocabulary_dtype: 'int64',
    oov_token: -1,
    mask_token: null,
  };
  assert.equal(await given('IntegerLookup', config, x, 'int32'), [[1, 0, 2], [0, 3, 4]]); // biome-ignore format: as rows
  const masked = { ...config, vocabulary: [0, -1, 12, 36, 1138, 42], mask_token: 0 };
  assert.equal(await given('IntegerLookup', masked, x, 'int32'), [[2, 0, 3], [1, 4, 5]]); // biome-ignore format: as rows
  assert.equal(
    await given('IntegerLookup', { ...config, output_mode: 'count' }, x, 'int32'),
    [[1, 1, 1, 0, 0], [1, 0, 0, 1, 1]], // biome-ignore format: as rows
  );
  const exact = { ...config, num_oov_indices: 0 };
  assert.equal(await given('IntegerLookup', exact, [[42, 12]], 'int32'), [[3, 0]]);
});

test('what is refused', () => {
  const { layers, ArgumentError, ShapeError } = ht;
  assertThrows(
    () => layers.categoryEncoding({ numTokens: 0 }),
    ArgumentError,
    /numTokens 0; use a whole number/,
  );
  assertThrows(
    () => layers.categoryEncoding({ numTokens: 3, outputMode: 'int' as never }),
    ArgumentError,
    /unknown outputMode 'int'/,
  );
  assertThrows(
    () => layers.categoryEncoding({ numTokens: 3 }).apply([1, 2]),
    ShapeError,
    /use \(\.\.\., numbers\)/,
  );
  assertThrows(
    () => layers.discretization({} as never),
    ArgumentError,
    /binBoundaries undefined; use a list of numbers/,
  );
  assertThrows(() => layers.discretization({ binBoundaries: [1, 1] }), ArgumentError, /use rising numbers/);
  assertThrows(() => layers.integerLookup({ vocabulary: [1, 2, 1] }), ArgumentError, /each once/);
  assertThrows(
    () => layers.integerLookup({ vocabulary: [1], numOovIndices: 2 as never }),
    ArgumentError,
    /hashes; use 0 or 1/,
  );
  const einsum = (equation: string, outputShape: never, biasAxes?: string) =>
    layers.einsumDense({ equation, outputShape, ...(biasAxes && { biasAxes }) });
  assertThrows(() => einsum('ab->c', 3 as never), ArgumentError, /equation 'ab->c'; use one such as/);
  assertThrows(() => einsum('ab,bc->ac', 3 as never, 'x'), ArgumentError, /'x' is no axis of the result/);
  assertThrows(
    () => einsum('ab,bc->ac', [1.5] as never),
    ArgumentError,
    /outputShape .*; use sizes from 1 on/,
  );
  assertThrows(
    () => einsum('ab,bc->ac', 3 as never).outputShape([2, 2]),
    ShapeError,
    /an axis for each letter/,
  );
  assertThrows(() => einsum('ab,bc->ca', 3 as never).outputShape([2]), ShapeError, /the batch first/);
  assertThrows(
    () => einsum('abc,cd->abd', [4, 3] as never).outputShape([2, 2]),
    ShapeError,
    /'b' is 4, of samples \(2, 2\) 2/,
  );
  assertThrows(() => einsum('ab,bcd->ac', 3 as never).outputShape([2]), ShapeError, /'d' of the kernel/);
  const built = einsum('ab,bc->ac', 3 as never);
  built.apply([[1, 2]]);
  assertThrows(() => built.apply([[1, 2, 3]]), ShapeError, /built for \(2\)/);
  const words = ['StringLookup', 'TextVectorization', 'Hashing'];
  assertThrows(
    () =>
      read({
        class_name: 'Sequential',
        config: { layers: words.map((kind) => ({ class_name: kind, config: { name: kind } })) },
      }),
    ht.FormatError,
    /'StringLookup' \(StringLookup\), 'TextVectorization' \(TextVectorization\), 'Hashing' \(Hashing\)/,
  );
});
