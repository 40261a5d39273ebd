// Tests of the command queue: order of writes and reads, reused buffers, long lists, work in flight.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';

const test = suite('gpu queue');

let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open();
});
test.after(() => engine.close());

const filled = (size: number, value: number) => new Float32Array(size).fill(value);

for (const dtype of ['float32', 'float16'] as const) {
  // An odd number of halves is not whole words and takes another way.
  for (const size of [1000, 1001]) {
    test(`a reused buffer is not overwritten before recorded work has read it, ${dtype} of ${size}`, async () => {
      await engine.settle();
      const sums: ht.Tensor[] = [];
      for (let round = 0; round < 40; round++) {
        const x = ht.tensor(filled(size, round), { dtype });
        sums.push(ht.add(x, 1));
        x.dispose();
      }
      for (const [round, sum] of sums.entries()) {
        const values = await sum.data();
        assert.ok(
          values.length === size && values.every((value) => value === round + 1),
          `round ${round}: ${values[0]}, ${values[size - 1]}`,
        );
        sum.dispose();
      }
    });

    test(`a write comes after the reads before it and before those after it, ${dtype} of ${size}`, async () => {
      const variable = ht.variable(filled(size, 0), { dtype });
      const before = ht.add(variable, 0);
      variable.assign(filled(size, 5));
      const after = ht.add(variable, 0);
      variable.assign(filled(size, 9));
      assert.equal(
        [(await before.data())[0], (await after.data())[size - 1], (await variable.data())[size - 1]],
        [0, 5, 9],
      );
      variable.dispose();
    });
  }
}

test('part of a storage is written at its place, whether work is recorded or not', async () => {
  for (const recorded of [false, true]) {
    const x = ht.tensor(filled(6, 1));
    await engine.settle();
    if (recorded) ht.add(x, 1).dispose();
    engine.write(x.storage, Float32Array.of(7, 8), 8);
    assert.equal([...(await x.data())], [1, 1, 7, 8, 1, 1], recorded ? 'recorded' : 'at once');
  }
});

test('host arrays may be changed as soon as a call returns', async () => {
  const values = filled(300, 1);
  const idle = ht.tensor(values);
  ht.add(idle, 1).dispose();
  const busy = ht.variable(values);
  busy.assign(values);
  values.fill(-1);
  assert.is((await idle.data())[299], 1);
  assert.is((await busy.data())[299], 1);
  busy.dispose();
});

test('thousands of ops without awaiting: in order, in few submits, in little memory', async () => {
  const start = ht.zeros([10]);
  await engine.settle();
  const [submits, memory] = [engine.made.submits, engine.memory()];
  let x = ht.add(start, 0);
  for (let i = 1; i <= 5000; i++) {
    const next = i % 2 ? ht.add(x, 3) : ht.sub(x, 2);
    x.dispose();
    x = next;
  }
  const unawaited = engine.made.submits - submits;
  assert.ok(unawaited > 0 && unawaited <= 8, `${unawaited} submits before anything was awaited`);
  assert.ok(
    engine.memory().buffers - memory.buffers < 10,
    `${engine.memory().buffers - memory.buffers} buffers`,
  );
  assert.equal([...(await x.data())], Array(10).fill(2500));
});

test('many results of one list, each with its own params', async () => {
  const x = ht.ones([3]);
  const scaled = Array.from({ length: 300 }, (_, i) =>
    ht.slice(ht.pad(x, [[i, 0]], i), [Math.max(0, i - 1)], [2]),
  );
  const read = await engine.read(scaled.map(({ storage }) => ({ storage, bytes: 8 })));
  for (const [i, bytes] of read.entries())
    assert.equal([...new Float32Array(bytes)], i === 0 ? [1, 1] : [i, 1], `${i}`);
});

test('reads of every size, several at once, and of the same tensor twice', async () => {
  const tensors = [1, 2, 3, 5, 1023].map((size) => ht.tensor(filled(size, size), { dtype: 'float16' }));
  const all = await Promise.all([...tensors, ...tensors].map((tensor) => tensor.data()));
  for (const [i, values] of all.entries()) {
    const { size } = tensors[i % tensors.length]!;
    assert.ok(values.length === size && values.every((value) => value === size));
  }
  assert.equal(await engine.read([]), []);
});

test('results do not wait for each other: a read sees what was recorded before it alone', async () => {
  const variable = ht.variable([1]);
  const first = variable.data();
  variable.assign([2]);
  const second = variable.data();
  variable.assign([3]);
  assert.equal([[...(await first)], [...(await second)], [...(await variable.data())]], [[1], [2], [3]]);
  variable.dispose();
});

test('settle waits for recorded work, and may be called when there is none', async () => {
  let x = ht.ones([200, 200]);
  for (let i = 0; i < 20; i++) x = ht.tidy(() => ht.mul(ht.matMul(x, x), 1 / 200));
  await engine.settle();
  const submits = engine.made.submits;
  await engine.settle();
  await engine.settle(3);
  assert.is(engine.made.submits, submits);
  // Each product of 1/200 times ones is ones again.
  assert.ok([...(await x.data())].every((value) => Math.abs(value - 1) < 1e-4));
});

test('a step of few ops is one submit', async () => {
  const x = ht.ones([4, 4]);
  await x.data();
  const before = engine.made.submits;
  const y = ht.tidy(() => ht.softmax(ht.relu(ht.add(ht.matMul(x, x), 1))));
  assert.is(engine.made.submits, before);
  await y.data();
  assert.is(engine.made.submits, before + 1);
});
