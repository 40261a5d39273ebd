// Tests of tensors made from values and constants: contents, shapes, dtypes, in every form.
import * as assert from 'uvu/assert';
import * as ht from '../../src/node.ts';
import { suite } from '../harness.ts';
import { halfBits, nearestHalf } from '../reference/half.ts';
import { readAll, useEngines } from './engines.ts';
import { FORMS } from './row.ts';

const test = suite('creation');
const engines = useEngines(test);

async function assertTensor(
  tensor: ht.Tensor,
  dtype: ht.DType,
  shape: number[],
  values: number[],
): Promise<void> {
  const [got] = await readAll(tensor.engine, [tensor]);
  assert.is(tensor.dtype, dtype);
  assert.equal([...tensor.shape], shape);
  assert.is(tensor.size, values.length);
  assert.equal(got, values);
}

for (const form of FORMS) {
  test(`constants, ${form}`, async () => {
    const { engine, dtype } = engines.form(form);
    await assertTensor(ht.zeros([3], dtype, { engine }), dtype, [3], [0, 0, 0]);
    await assertTensor(ht.ones([], dtype, { engine }), dtype, [], [1]);
    await assertTensor(
      ht.full([1, 5], -2.5, dtype, { engine }),
      dtype,
      [1, 5],
      [-2.5, -2.5, -2.5, -2.5, -2.5],
    );
    const like = ht.full([7], 3, dtype, { engine });
    await assertTensor(ht.zerosLike(like), dtype, [7], Array(7).fill(0));
    await assertTensor(ht.onesLike(like), dtype, [7], Array(7).fill(1));
    const large = await ht.full([59, 37], 0.1, dtype, { engine }).data();
    const value = dtype === 'float16' ? nearestHalf(0.1) : Math.fround(0.1);
    assert.ok(large.length === 59 * 37 && large.every((element) => element === value));
  });

  test(`ranges and identities, ${form}`, async () => {
    const { engine, dtype } = engines.form(form);
    await assertTensor(ht.range(0, 5, 1, dtype, { engine }), dtype, [5], [0, 1, 2, 3, 4]);
    await assertTensor(ht.range(1, 2, 0.25, dtype, { engine }), dtype, [4], [1, 1.25, 1.5, 1.75]);
    await assertTensor(ht.range(3, -2, -2, dtype, { engine }), dtype, [3], [3, 1, -1]);
    await assertTensor(ht.eye(1, dtype, { engine }), dtype, [1, 1], [1]);
    await assertTensor(ht.eye(3, dtype, { engine }), dtype, [3, 3], [1, 0, 0, 0, 1, 0, 0, 0, 1]);
  });

  test(`values from numbers, nested arrays and typed arrays, ${form}`, async () => {
    const { engine, dtype } = engines.form(form);
    const options = { engine, dtype };
    await assertTensor(ht.tensor(2.5, options), dtype, [], [2.5]);
    await assertTensor(
      ht.tensor(
        [
          [1, 2, 3],
          [4, 5, 6],
        ],
        options,
      ),
      dtype,
      [2, 3],
      [1, 2, 3, 4, 5, 6],
    );
    await assertTensor(ht.tensor([[[1], [2]]], options), dtype, [1, 2, 1], [1, 2]);
    await assertTensor(
      ht.tensor(new Float32Array([1, 2, 3, 4]), { ...options, shape: [2, 2] }),
      dtype,
      [2, 2],
      [1, 2, 3, 4],
    );
    await assertTensor(ht.tensor(new Float64Array([0.5, -8]), options), dtype, [2], [0.5, -8]);
    await assertTensor(ht.tensor(new Uint8Array([0, 255]), options), dtype, [2], [0, 255]);
    await assertTensor(ht.tensor([true, false], options), dtype, [2], [1, 0]);
    assert.equal(
      await ht
        .tensor(
          [
            [1, 2],
            [3, 4],
          ],
          options,
        )
        .array(),
      [
        [1, 2],
        [3, 4],
      ],
    );
    assert.equal(await ht.tensor(5, options).array(), 5);
  });
}

test('a Uint16Array holds the bits of halves for float16, and numbers for float32', async () => {
  for (const form of FORMS.slice(1)) {
    const { engine } = engines.form(form);
    const bits = Uint16Array.from([0.5, -2, 65504, 6e-8].map(halfBits));
    await assertTensor(
      ht.tensor(bits, { dtype: 'float16', engine }),
      'float16',
      [4],
      [0.5, -2, 65504, 2 ** -24],
    );
    await assertTensor(ht.tensor(bits, { engine }), 'float32', [4], [...bits]);
  }
});

test('dtypes follow the values where none is given', async () => {
  const { engine } = engines.form('float32');
  await assertTensor(ht.tensor([1, 2], { engine }), 'float32', [2], [1, 2]);
  await assertTensor(ht.tensor(new Int32Array([-1, 2]), { engine }), 'int32', [2], [-1, 2]);
  await assertTensor(ht.tensor(new Uint32Array([1, 4294967295]), { engine }), 'uint32', [2], [1, 4294967295]);
  await assertTensor(ht.tensor([[true], [false]], { engine }), 'bool', [2, 1], [1, 0]);
});

test('whole numbers are exact at both ends of their dtype', async () => {
  const { engine } = engines.form('float32');
  const [low, high] = [-(2 ** 31), 2 ** 31 - 1];
  await assertTensor(ht.tensor([low, high, 0], { dtype: 'int32', engine }), 'int32', [3], [low, high, 0]);
  await assertTensor(ht.tensor([2 ** 32 - 1], { dtype: 'uint32', engine }), 'uint32', [1], [2 ** 32 - 1]);
  await assertTensor(
    ht.full([2], 2 ** 24 + 1, 'int32', { engine }),
    'int32',
    [2],
    [2 ** 24 + 1, 2 ** 24 + 1],
  );
  await assertTensor(ht.full([1], 2 ** 32 - 1, 'uint32', { engine }), 'uint32', [1], [2 ** 32 - 1]);
  await assertTensor(ht.full([1], low, 'int32', { engine }), 'int32', [1], [low]);
  await assertTensor(
    ht.pad(ht.tensor([5], { dtype: 'int32', engine }), [[1, 0]], high),
    'int32',
    [2],
    [high, 5],
  );
});

test('bool constants are 0 or 1', async () => {
  const { engine } = engines.form('float32');
  await assertTensor(ht.full([2], 5, 'bool', { engine }), 'bool', [2], [1, 1]);
  await assertTensor(ht.zeros([1], 'bool', { engine }), 'bool', [1], [0]);
  const counted = ht.cast(ht.full([3], 5, 'bool', { engine }), 'float32');
  assert.equal(await ht.sum(counted).array(), 3);
});

test('a number beside a tensor takes its dtype and engine', async () => {
  for (const form of FORMS) {
    const { engine, dtype } = engines.form(form);
    const x = ht.tensor([1, 2, 3], { engine, dtype });
    await assertTensor(ht.sub(10, x), dtype, [3], [9, 8, 7]);
    await assertTensor(ht.mul(x, 0.5), dtype, [3], [0.5, 1, 1.5]);
    await assertTensor(ht.add([[1], [2]], x), dtype, [2, 3], [2, 3, 4, 3, 4, 5]);
  }
});

test('many different numbers beside a tensor do not disturb each other', async () => {
  const { engine } = engines.form('float32');
  const x = ht.tensor([1], { engine });
  const sums = Array.from({ length: 600 }, (_, index) => ht.add(x, index));
  assert.equal(
    (await readAll(engine, sums)).flat(),
    Array.from({ length: 600 }, (_, index) => index + 1),
  );
});
