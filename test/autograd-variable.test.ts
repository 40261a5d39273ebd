// Tests of variables: assignment, the f16 copy and its float32 gradients, and changes that a tape must notice.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { decode } from '../src/values/nested.ts';
import { assertThrows } from './assert-throws.ts';
import { suite } from './harness.ts';
import { nearestHalf } from './reference/half.ts';

const test = suite('variables');

const engines: ht.Engine[] = [];
test.before(async () => {
  engines.push(await ht.open({ f16: 'native' }), await ht.open({ f16: 'packed' }));
});
test.after(() => {
  for (const engine of engines) engine.close();
});

const values = async (of: { data(): Promise<ArrayLike<number>> }) => Array.from(await of.data());

test('values, shapes, names and dtypes', async () => {
  const v = ht.variable(
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
    { name: 'kernel' },
  );
  assert.equal([v.name, v.dtype, [...v.shape], v.size, v.trainable], ['kernel', 'float32', [2, 3], 6, true]);
  assert.equal(await v.array(), [
    [1, 2, 3],
    [4, 5, 6],
  ]);
  assert.match(String(v), /^Variable kernel \(2, 3\) float32$/);
  const count = ht.variable(Int32Array.of(7), { dtype: 'int32' });
  assert.equal([count.trainable, await values(count)], [false, [7]]);
  assert.is.not(count.name, ht.variable([1]).name);
  const half = ht.variable(new Float32Array(6).fill(0.1), { shape: [3, 2], dtype: 'float16' });
  assert.equal([half.dtype, await values(half)], ['float16', Array(6).fill(nearestHalf(0.1))]);
});

test('what is no value of a variable', () => {
  assertThrows(() => ht.variable([[1, 2], [3]]), ht.ShapeError, /^variable: rows differ/);
  assertThrows(
    () => ht.variable([1, 2, 3], { shape: [2] }),
    ht.ShapeError,
    /^variable: 3 values for shape \(2\) of 2 elements$/,
  );
  assertThrows(() => ht.variable([]), ht.ShapeError, /no elements/);
  assertThrows(
    () => ht.variable([1], { dtype: 'half' as 'float16' }),
    ht.DtypeError,
    /^variable: unknown dtype 'half'/,
  );
  assertThrows(
    () => ht.variable([1.5], { dtype: 'int32' }),
    ht.DataError,
    /value 1\.5 at index 0 is no int32/,
  );
  assertThrows(
    () => ht.variable(null as unknown as number[]),
    ht.DataError,
    /^variable_\d+: value null at index 0; use numbers or booleans$/,
  );
  assertThrows(() => ht.variable(['1'] as unknown as number[]), ht.DataError, /value '1' at index 0/);
});

for (const form of ['native', 'packed'] as const) {
  const engineOf = () => engines[form === 'native' ? 0 : 1]!;

  test(`assigning numbers and tensors changes the values and the f16 copy in step, ${form}`, async () => {
    const engine = engineOf();
    const v = ht.variable([1, 2, 3], { engine });
    const copy = async () => {
      const [bytes] = await engine.read([{ storage: v.halfStorage!, bytes: 6 }]);
      return Array.from(decode(bytes!, 'float16', 3));
    };
    assert.is(v.halfStorage, undefined);
    assert.equal(await values(v.read('float16')), [1, 2, 3]);
    v.assign([0.1, 70000, -5]);
    assert.equal(await values(v), [0.1, 70000, -5].map(Math.fround));
    assert.equal(await copy(), [nearestHalf(0.1), Number.POSITIVE_INFINITY, -5]);
    v.assign(ht.tensor([7, 8, 9], { engine }));
    assert.equal(
      [await values(v), await copy()],
      [
        [7, 8, 9],
        [7, 8, 9],
      ],
    );
    v.assign(v.values);
    v.assign(ht.mul(v, 2));
    assert.equal(
      [await values(v), await copy()],
      [
        [14, 16, 18],
        [14, 16, 18],
      ],
    );
    assert.is(v.assign(Float32Array.of(1, 1, 1)), v);
    assert.equal(
      [await values(v), await copy()],
      [
        [1, 1, 1],
        [1, 1, 1],
      ],
    );
    v.dispose();
  });

  test(`an assignment that does not fit changes nothing, ${form}`, async () => {
    const engine = engineOf();
    const v = ht.variable([1, 2], { engine, name: 'w' });
    const count = ht.variable([5], { engine, dtype: 'int32', name: 'n' });
    v.read('float16');
    const submits = engine.made.submits;
    const memory = engine.memory();
    assertThrows(() => v.assign([1, 2, 3]), ht.ShapeError, /^w: assigned 3 values, it has 2 \(2\)$/);
    assertThrows(() => v.assign([1, 'x'] as unknown as number[]), ht.DataError, /^w: value 'x' at index 1/);
    assertThrows(() => count.assign([1.5]), ht.DataError, /^n: value 1\.5 at index 0 is no int32/);
    assert.equal([engine.made.submits, engine.memory()], [submits, memory]);
    const [wide, half] = [ht.zeros([2, 1], 'float32', { engine }), ht.zeros([2], 'float16', { engine })];
    assertThrows(() => v.assign(wide), ht.ShapeError, /^w: assigned shape \(2, 1\), it has \(2\)$/);
    assertThrows(() => v.assign(half), ht.DtypeError, /^w: assigned float16, it is float32; use ht\.cast$/);
    const elsewhere = ht.zeros([2], 'float32', { engine: engines.find((other) => other !== engine)! });
    assertThrows(() => v.assign(elsewhere), ht.ArgumentError, /^w: assigned a tensor of another engine/);
    assert.equal(
      [await values(v), await values(v.read('float16')), await values(count)],
      [[1, 2], [1, 2], [5]],
    );
    assertThrows(
      () => count.read('float16'),
      ht.DtypeError,
      /^n: a int32 variable cannot be read as float16/,
    );
  });

  test(`the gradient by the f16 copy and by its variable is float32 and not rounded to halves, ${form}`, async () => {
    const engine = engineOf();
    const w = ht.variable([[0.5], [0.25]], { engine });
    const bias = ht.variable([1], { engine });
    const x = ht.tensor([[1, 2]], { engine, dtype: 'float16' });
    const take = (upstream: number) => {
      const tape = new ht.GradientTape();
      const sources: (ht.Variable | ht.Tensor)[] = [w, bias];
      const y = tape.record(() => {
        const [half, offset] = [w.read('float16'), bias.read('float16')];
        sources.push(half, offset);
        return ht.cast(ht.matMul(x, half, false, false, { bias: offset, dtype: 'float32' }), 'float32');
      });
      return tape.gradient(y, sources, { outputGradients: ht.full([1, 1], upstream, 'float32', { engine }) });
    };
    const gradients = take(1e3 + 1);
    assert.equal(
      gradients.map(({ dtype }) => dtype),
      Array(4).fill('float32'),
    );
    // 2 (1000 + 1) and 1001 are no trouble for halves, but for 1e-9 and 1e6 there is no half.
    const product = ht.full([1, 1], 1e-9, 'float32', { engine });
    const tape = new ht.GradientTape();
    const y = tape.record(() => {
      const wide = ht.matMul(x, w.read('float16'), false, false, { dtype: 'float32' });
      return ht.mul(wide, product);
    });
    const [tiny] = tape.gradient(y, [w]);
    assert.equal(await values(tiny!), [1e-9, 2e-9].map(Math.fround));
    assert.equal(await values(take(1e6)[0]!), [1e6, 2e6]);
    const reshaped = new ht.GradientTape();
    const z = reshaped.record(() => {
      const view = ht.reshape(ht.reshape(w.read('float16'), [2]), [1, 2]);
      return ht.mul(ht.matMul(x, view, false, true, { dtype: 'float32' }), product);
    });
    assert.equal(await values(reshaped.gradient(z, w)!), [1e-9, 2e-9].map(Math.fround));
    for (const variable of [w, bias]) variable.dispose();
  });

  test(`weight gradients of float16 layers leave the f32 sum unrounded, ${form}`, async () => {
    const engine = engineOf();
    const w = ht.variable([[1]], { engine });
    // 3000 products of 1 and 0.1: the sum has no half, and 1 / 3000 of it is not lost on the way.
    const x = ht.full([3001, 1], 1, 'float16', { engine });
    const tape = new ht.GradientTape();
    const y = tape.record(() => ht.matMul(x, w.read('float16')));
    const gradient = tape.gradient(y, w, {
      outputGradients: ht.full([3001, 1], 0.1, 'float16', { engine }),
    })!;
    const [got] = await values(gradient);
    const expected = 3001 * nearestHalf(0.1);
    assert.ok(Math.abs(got! - expected) < 1e-3, `${got}, not ${expected}`);
    assert.is.not(nearestHalf(got!), got);
    w.dispose();
  });

  test(`one variable read several times, in both dtypes, ${form}`, async () => {
    const engine = engineOf();
    const w = ht.variable([2, 3], { engine });
    const tape = new ht.GradientTape();
    const y = tape.record(() => {
      const halves = ht.mul(ht.cast(w, 'float16'), w.read('float16'));
      return ht.add(ht.add(ht.cast(halves, 'float32'), ht.mul(w, 10)), w.read());
    });
    assert.equal(await values(y), [26, 42]);
    // w^2 + 11 w.
    assert.equal(await values(tape.gradient(y, w)!), [15, 17]);
    w.dispose();
  });
}

test('a variable that changes between recording and gradient is noticed', async () => {
  const v = ht.variable([2, 3], { engine: engines[0]! });
  const take = (change: () => void) => () => {
    const tape = new ht.GradientTape();
    const y = tape.record(() => ht.square(v));
    change();
    return tape.gradient(y, v);
  };
  for (const change of [
    () => v.assign([5, 6]),
    () => v.assign(ht.ones([2], 'float32', { engine: engines[0]! })),
  ]) {
    assertThrows(take(change), ht.ArgumentError, /a variable has changed since square read it/);
  }
  const replayed = ht.jit((x: ht.Tensor) => v.assign(x).read());
  replayed(ht.ones([2], 'float32', { engine: engines[0]! }));
  assertThrows(
    take(() => void replayed(ht.ones([2], 'float32', { engine: engines[0]! }))),
    ht.ArgumentError,
    /has changed/,
  );
  assert.equal(await values(take(() => {})()!), [2, 2]);
  v.dispose();
});

test('a disposed variable says so', async () => {
  const v = ht.variable([1], { engine: engines[0]! });
  v.read('float16').dispose();
  const before = engines[0]!.memory().bytesInUse;
  v.dispose();
  v.dispose();
  assert.is(before - engines[0]!.memory().bytesInUse, 512, 'the values and their copy');
  assertThrows(() => ht.add(v, 1), ht.DisposedError, /disposed/);
  assertThrows(() => v.assign([1]), ht.DisposedError, /disposed/);
});
