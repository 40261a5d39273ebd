// Tests of what the op table does not show of indices: fixed order of sums, gradients of f16 copies, NaN, and jit.
import * as assert from 'uvu/assert';
import * as ht from '../../src/node.ts';
import { suite } from '../harness.ts';
import { segmentSum } from '../reference/indexing.ts';
import { assertClose } from '../tolerances.ts';
import { integers, randomOf, uniform } from './draws.ts';
import { useEngines } from './engines.ts';
import { FORMS } from './row.ts';

const test = suite('indices');
const engines = useEngines(test);
const { NaN: NAN } = Number;

/** Padding is half of a batch, as it is of sentences. */
function drawn(count: number, columns: number, vocabulary: number) {
  const random = randomOf('indices');
  const ids = integers(0, vocabulary - 1).draw(random, [count], 0);
  const padded = ids.map((id) => (random() < 0.5 ? 0 : id));
  return { ids: padded, values: uniform(-1, 1).draw(random, [count, columns], 0) };
}

for (const form of FORMS) {
  test(`the gradient of a lookup has the same bits each time, and those of its order, ${form}`, async () => {
    const { engine, dtype } = engines.form(form);
    const [count, columns, vocabulary] = [3000, 12, 700];
    const { ids, values } = drawn(count, columns, vocabulary);
    const x = ht.tensor(values, { engine, dtype, shape: [count, columns] });
    const segments = ht.tensor(Int32Array.from(ids), { engine });
    const once = async () => [...(await ht.unsortedSegmentSum(x, segments, vocabulary).data())];
    const first = await once();
    for (let i = 0; i < 3; i++) assert.equal(await once(), first);
    const plain = { shape: [count, columns], data: [...(await x.data())] };
    const expected = segmentSum(plain, { shape: [count], data: ids }, vocabulary);
    assertClose(first, expected.data, { op: 'unsortedSegmentSum', dtype, terms: 100 });
  });
}

test('the gradient of the f16 copy of a variable is the f32 sum', async () => {
  const { engine } = engines.form('float16 native');
  const count = 300;
  const table = ht.variable(new Float32Array(20).fill(1), { engine, shape: [5, 4] });
  const upstream = ht.full([count, 4], 2 ** -11, 'float16', { engine });
  const tape = new ht.GradientTape();
  const rows = tape.record(() => {
    const ids = ht.tensor(new Int32Array(count).fill(3), { engine });
    return ht.embeddingLookup(ht.cast(table, 'float16'), ids);
  });
  assert.is(rows.dtype, 'float16');
  // One more, which no half beside 300 / 2048 can hold.
  const whole = ht.add(
    upstream,
    ht.pad(ht.full([1, 4], 2 ** -20, 'float16', { engine }), [
      [0, count - 1],
      [0, 0],
    ]),
  );
  const gradient = tape.gradient(rows, table, { outputGradients: whole })!;
  assert.is(gradient.dtype, 'float32');
  const first = (await whole.data())[0]!;
  const expected = Math.fround(first + (count - 1) * 2 ** -11);
  const wanted = Array.from({ length: 20 }, (_, i) => (i >= 12 && i < 16 ? expected : 0));
  assert.equal([...(await gradient.data())], wanted);
});

test('NaN is the greatest in topk and the first in argMax and argMin; it moves, and what is not chosen does not show', async () => {
  for (const form of FORMS) {
    const { engine, dtype } = engines.form(form);
    const x = ht.tensor([[1, NAN, 3, -0, 0, -Infinity, Infinity, NAN]], { engine, dtype });
    const { values, indices } = ht.topk(x, 8);
    assert.equal([...(await indices.data())], [1, 7, 6, 2, 0, 3, 4, 5]);
    assert.equal([...(await values.data())], [NAN, NAN, Infinity, 3, 1, -0, 0, -Infinity]);
    assert.equal([...(await ht.argMax(x, 1).data())], [1]);
    assert.equal([...(await ht.argMin(x, 1).data())], [1]);
    const bad = ht.full([3], NAN, dtype, { engine });
    const good = ht.ones([3], dtype, { engine });
    const chooses = ht.tensor([true, false, true], { engine });
    assert.equal([...(await ht.where(chooses, good, bad).data())], [1, NAN, 1]);
    const { gradients } = ht.valueAndGradients((a) => ht.sum(ht.where(chooses, a, bad)), [good]);
    assert.equal([...(await gradients[0]!.data())], [1, 0, 1]);
    assert.equal([...(await ht.reverse(ht.concat([bad, good])).data())], [1, 1, 1, NAN, NAN, NAN]);
  }
});

test('the last of several updates for one place counts', async () => {
  const { engine } = engines.form('float32');
  const zeros = ht.zeros([4], 'float32', { engine });
  const updated = ht.tensorScatterUpdate(zeros, [[2], [0], [2], [9], [2]], [1, 2, 3, 4, 5]);
  assert.equal([...(await updated.data())], [2, 0, 5, 0]);
});

test('jit gives the same bits', async () => {
  const { engine } = engines.form('float32');
  const { ids, values } = drawn(500, 3, 40);
  const x = ht.tensor(values, { engine, shape: [500, 3] });
  const segments = ht.tensor(Int32Array.from(ids), { engine });
  const step = (x: ht.Tensor, ids: ht.Tensor) => {
    const sums = ht.unsortedSegmentSum(x, ids, 40);
    const wide = ht.concat([sums, ht.cumsum(sums, -1), ht.reverse(sums, 0), ht.topk(sums, 2).values], 1);
    const mirrored = ht.mirrorPad(
      ht.concat([wide, wide], 1),
      [
        [1, 0],
        [0, 0],
      ],
      'reflect',
    );
    return ht.einsum('ij,kj->ki', ht.tile(wide, [1, 2]), mirrored);
  };
  const traced = ht.jit(step);
  const eager = ht.tidy(() => step(x, segments));
  const expected = [...(await eager.data())];
  for (let i = 0; i < 3; i++) assert.equal([...(await traced(x, segments).data())], expected);
});
