// Tests of gradient tapes: what is watched and recorded, how often gradients may be taken, and what they are taken of.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { assertThrows } from './assert-throws.ts';
import { suite } from './harness.ts';

const test = suite('tape');

let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open();
});
test.after(() => engine.close());

async function numbers(...tensors: (ht.Tensor | null)[]): Promise<(number[] | null)[]> {
  return Promise.all(tensors.map(async (tensor) => (tensor === null ? null : [...(await tensor.data())])));
}

test('a watched tensor has a gradient, another one has none', async () => {
  const [x, other] = [ht.tensor([1, 2, 3]), ht.tensor([4, 5, 6])];
  const tape = new ht.GradientTape();
  tape.watch(x);
  const y = tape.record(() => ht.mul(ht.square(x), other));
  const gradients = tape.gradient(y, [x, other], { unconnected: 'none' });
  assert.equal(await numbers(...gradients), [[8, 20, 36], null]);
});

test('unconnected sources: null by default, zeros where asked', async () => {
  const [x, far] = [ht.tensor([1, 2]), ht.tensor([[1], [2], [3]], { dtype: 'float16' })];
  const take = (options?: ht.GradientOptions) => {
    const tape = new ht.GradientTape();
    tape.watch(x, far);
    const y = tape.record(() => ht.neg(x));
    return tape.gradient(y, far, options);
  };
  assert.is(take(), null);
  assert.is(take({ unconnected: 'none' }), null);
  const zeros = take({ unconnected: 'zero' })!;
  assert.equal([zeros.dtype, [...zeros.shape]], ['float16', [3, 1]]);
  assert.equal([...(await zeros.data())], [0, 0, 0]);
  const tape = new ht.GradientTape();
  const wrong = { unconnected: 'zeros' } as unknown as ht.GradientOptions;
  assertThrows(
    () => tape.gradient(x, x, wrong),
    ht.ArgumentError,
    /unknown unconnected 'zeros'; use 'none' or 'zero'/,
  );
});

test('variables watch themselves, unless they or the tape say otherwise', async () => {
  const v = ht.variable([1, 2]);
  const fixed = ht.variable([3, 4], { trainable: false });
  const take = (options?: ht.TapeOptions, watched: ht.Variable[] = []) => {
    const tape = new ht.GradientTape(options);
    tape.watch(...watched);
    const y = tape.record(() => ht.mul(v, fixed));
    return numbers(...tape.gradient(y, [v, fixed], { unconnected: 'none' }));
  };
  assert.equal(await take(), [[3, 4], null]);
  assert.equal(await take({ watchVariables: false }), [null, null]);
  assert.equal(await take({ watchVariables: false }, [fixed]), [null, [1, 2]]);
  assert.equal(await take({}, [fixed]), [
    [3, 4],
    [1, 2],
  ]);
  for (const variable of [v, fixed]) variable.dispose();
});

test('only what runs inside record is recorded, and stopRecording leaves a gap', async () => {
  const x = ht.tensor([3]);
  const tape = new ht.GradientTape();
  tape.watch(x);
  const outside = ht.square(x);
  const y = tape.record(() => {
    const gap = tape.stopRecording(() => ht.square(x));
    return ht.add(ht.add(ht.mul(x, gap), outside), ht.neg(x));
  });
  // d/dx of 9 x + 9 - x.
  assert.equal(await numbers(tape.gradient(y, x)), [[8]]);
});

test('record may run several times, and what it threw leaves the tape usable', async () => {
  const x = ht.tensor([2]);
  const tape = new ht.GradientTape();
  tape.watch(x);
  const y = tape.record(() => ht.square(x));
  assert.throws(() => tape.record(() => ht.matMul(x, x)), /matMul/);
  ht.exp(x);
  const z = tape.record(() => ht.mul(y, x));
  assert.equal(await numbers(tape.gradient(z, x)), [[12]]);
});

test('a tape records once at a time', () => {
  const tape = new ht.GradientTape();
  assertThrows(
    () => tape.record(() => tape.record(() => 0)),
    ht.ArgumentError,
    /recording already; nest another one/,
  );
});

test('a tape that is not persistent is used up by its gradient', () => {
  const x = ht.tensor([2]);
  const tape = new ht.GradientTape();
  tape.watch(x);
  const y = tape.record(() => ht.square(x));
  tape.gradient(y, x);
  const message = /the tape is used up; make a new one, or new GradientTape\(\{ persistent: true \}\)/;
  assertThrows(() => tape.gradient(y, x), ht.ArgumentError, message);
  assertThrows(() => tape.record(() => 0), ht.ArgumentError, message);
});

test('a persistent tape gives several gradients, until it is disposed', async () => {
  const x = ht.tensor([2]);
  const tape = new ht.GradientTape({ persistent: true });
  tape.watch(x);
  const [y, z] = tape.record(() => {
    const square = ht.square(x);
    return [square, ht.mul(square, square)] as const;
  });
  assert.equal(await numbers(tape.gradient(y, x), tape.gradient(z, x), tape.gradient(z, y)), [
    [4],
    [32],
    [8],
  ]);
  assert.equal(await numbers(tape.gradient(z, x)), [[32]]);
  tape.dispose();
  tape.dispose();
  assertThrows(() => tape.gradient(y, x), ht.ArgumentError, /used up/);
});

test('an error in gradient leaves the tape as it was', async () => {
  const x = ht.tensor([2]);
  const tape = new ht.GradientTape();
  tape.watch(x);
  const y = tape.record(() => ht.square(x));
  assert.throws(() => tape.gradient(y, x, { outputGradients: ht.ones([2]) }));
  assert.equal(await numbers(tape.gradient(y, x)), [[4]]);
});

test('output gradients weigh the target, which is summed without them', async () => {
  const x = ht.tensor([
    [1, 2],
    [3, 4],
  ]);
  const take = (outputGradients?: ht.Tensor) => {
    const tape = new ht.GradientTape();
    tape.watch(x);
    const y = tape.record(() => ht.square(x));
    return tape.gradient(y, x, outputGradients ? { outputGradients } : {});
  };
  assert.equal(await numbers(take()), [[2, 4, 6, 8]]);
  assert.equal(
    await numbers(
      take(
        ht.tensor([
          [1, 0],
          [-1, 0.5],
        ]),
      ),
    ),
    [[2, 0, -6, 4]],
  );
  assertThrows(() => take(ht.ones([2])), ht.ShapeError, /outputGradients\[0\] is \(2\), the target \(2, 2\)/);
});

test('several targets: their gradients are summed, each with its own output gradient', async () => {
  const [x, w] = [ht.tensor([1, 2]), ht.tensor([3, 4])];
  const take = (options?: ht.GradientOptions) => {
    const tape = new ht.GradientTape();
    tape.watch(x, w);
    const targets = tape.record(() => [ht.mul(x, w), ht.square(x), ht.neg(w)]);
    return tape.gradient(targets, [x, w], options);
  };
  assert.equal(await numbers(...take()), [
    [5, 8],
    [0, 1],
  ]);
  const outputGradients = [ht.tensor([1, 1]), ht.tensor([0, 10]), ht.tensor([5, 5])];
  assert.equal(await numbers(...take({ outputGradients })), [
    [3, 44],
    [-4, -3],
  ]);
  assertThrows(
    () => take({ outputGradients: outputGradients.slice(1) }),
    ht.ShapeError,
    /outputGradients\[2\] is missing/,
  );
});

test('sources may be intermediate results, the target itself, or named twice', async () => {
  const x = ht.tensor([2]);
  const tape = new ht.GradientTape({ persistent: true });
  tape.watch(x);
  const { a, b, y } = tape.record(() => {
    const a = ht.square(x);
    const b = ht.mul(a, 3);
    return { a, b, y: ht.add(ht.mul(a, b), a) };
  });
  // y = a b + a with a = x^2 = 4, b = 3 a = 12.
  assert.equal(await numbers(...tape.gradient(y, [x, a, b, y, x])), [[100], [25], [4], [1], [100]]);
  assert.equal(await numbers(tape.gradient(x, x)), [[1]]);
  assert.is(tape.gradient(a, b), null);
  tape.dispose();
});

test('each gradient of a list has a life of its own', async () => {
  const [a, b] = [ht.tensor([1, 2]), ht.tensor([3, 4])];
  const tape = new ht.GradientTape();
  tape.watch(a, b);
  const y = tape.record(() => ht.add(a, b));
  const seed = ht.tensor([5, 6]);
  const gradients = tape.gradient(y, [a, b, a], { outputGradients: seed });
  gradients[0]!.dispose();
  assert.equal(await numbers(gradients[1]!, gradients[2]!, seed), [
    [5, 6],
    [5, 6],
    [5, 6],
  ]);
});

test('a value used many times, and paths that meet again', async () => {
  const x = ht.tensor([1.5]);
  const tape = new ht.GradientTape();
  tape.watch(x);
  const y = tape.record(() => {
    let sum = x;
    for (let i = 0; i < 10; i++) sum = ht.add(sum, ht.mul(x, sum));
    return sum;
  });
  // y = x (1 + x)^10.
  const expected = 2.5 ** 10 + 15 * 2.5 ** 9;
  const [[got]] = (await numbers(tape.gradient(y, x))) as [[number]];
  assert.ok(Math.abs(got - expected) < 1e-5 * expected, `${got}, not ${expected}`);
});

test('integers have no gradient: not as sources, not as targets, not through a cast', async () => {
  const [x, whole] = [ht.tensor([1.5, 2.5]), ht.tensor([1, 2], { dtype: 'int32' })];
  const tape = new ht.GradientTape();
  assertThrows(
    () => tape.watch(whole),
    ht.DtypeError,
    /^GradientTape\.watch: dtype int32 has no gradient; use 'float32' or 'float16'$/,
  );
  tape.watch(x);
  const [y, rounded] = tape.record(
    () => [ht.mul(x, ht.cast(ht.cast(x, 'int32'), 'float32')), ht.cast(x, 'int32')] as const,
  );
  assertThrows(() => tape.gradient(rounded, x), ht.DtypeError, /a target of dtype int32 has no gradient/);
  assert.equal(await numbers(...tape.gradient(y, [x, whole], { unconnected: 'none' })), [[1, 2], null]);
});

test('what is no tensor is no source and no target', () => {
  const x = ht.tensor([1]);
  const tape = new ht.GradientTape();
  const wrong = (value: unknown) => value as ht.Tensor;
  assertThrows(
    () => tape.watch(wrong(3)),
    ht.ArgumentError,
    /a source must be a tensor or a variable, got 3/,
  );
  assertThrows(
    () => tape.gradient(x, wrong(null)),
    ht.ArgumentError,
    /a source must be a tensor or a variable, got null/,
  );
  assertThrows(
    () => tape.gradient(wrong('loss'), x),
    ht.ArgumentError,
    /the target must be a tensor, got 'loss'/,
  );
  assertThrows(
    () => tape.gradient(wrong(undefined), x),
    ht.ArgumentError,
    /the target must be a tensor, got undefined/,
  );
});
