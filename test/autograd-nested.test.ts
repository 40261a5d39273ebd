// Tests of nested tapes, stopped and custom gradients, and of tapes together with tidy.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { collected } from './collected.ts';
import { suite } from './harness.ts';

const test = suite('nested tapes');

let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open();
});
test.after(() => engine.close());

async function number(tensor: ht.Tensor | null): Promise<number | null> {
  return tensor && (await tensor.data())[0]!;
}

function assertNear(got: number | null, expected: number, what: string): void {
  assert.ok(
    got !== null && Math.abs(got - expected) <= 1e-4 * (1 + Math.abs(expected)),
    `${what}: ${got}, not ${expected}`,
  );
}

/** The n-th derivative of `f` at `x`, by n nested tapes. */
function derivative(f: (x: ht.Tensor) => ht.Tensor, x: ht.Tensor, n: number): ht.Tensor | null {
  if (n === 0) return f(x);
  const tape = new ht.GradientTape();
  tape.watch(x);
  const y = tape.record(() => derivative(f, x, n - 1));
  return y && tape.gradient(y, x);
}

test('first to fourth derivatives', async () => {
  const s = 1 / (1 + Math.exp(-0.7));
  const th = Math.tanh(0.7);
  const functions: [name: string, f: (x: ht.Tensor) => ht.Tensor, expected: number[]][] = [
    ['x^4', (x) => ht.square(ht.square(x)), [0.7 ** 4, 4 * 0.7 ** 3, 12 * 0.7 ** 2, 24 * 0.7, 24]],
    ['e^(2x)', (x) => ht.exp(ht.mul(x, 2)), [1, 2, 4, 8, 16].map((factor) => factor * Math.exp(1.4))],
    ['log', ht.log, [Math.log(0.7), 1 / 0.7, -(0.7 ** -2), 2 * 0.7 ** -3, -6 * 0.7 ** -4]],
    ['1/x', ht.reciprocal, [1 / 0.7, -(0.7 ** -2), 2 * 0.7 ** -3, -6 * 0.7 ** -4, 24 * 0.7 ** -5]],
    [
      '1/x by div',
      (x) => ht.div(1, x),
      [1 / 0.7, -(0.7 ** -2), 2 * 0.7 ** -3, -6 * 0.7 ** -4, 24 * 0.7 ** -5],
    ],
    ['sqrt', ht.sqrt, [0.7 ** 0.5, 0.5 * 0.7 ** -0.5, -0.25 * 0.7 ** -1.5, 0.375 * 0.7 ** -2.5]],
    [
      'sigmoid',
      ht.sigmoid,
      [s, s * (1 - s), s * (1 - s) * (1 - 2 * s), s * (1 - s) * (1 - 6 * s + 6 * s * s)],
    ],
    ['tanh', ht.tanh, [th, 1 - th ** 2, -2 * th * (1 - th ** 2), (1 - th ** 2) * (6 * th ** 2 - 2)]],
    [
      'square of a product',
      (x) => ht.reshape(ht.matMul(ht.reshape(x, [1, 1]), ht.reshape(x, [1, 1])), []),
      [0.49, 1.4, 2],
    ],
  ];
  const x = ht.tensor(0.7);
  for (const [name, f, expected] of functions) {
    for (const [n, value] of expected.entries())
      assertNear(await number(derivative(f, x, n)), value, `derivative ${n} of ${name}`);
  }
  assert.is(
    derivative((t) => ht.mul(t, 3), x, 2),
    null,
  );
});

test('a persistent tape records its own gradients, one that is not persistent does not', async () => {
  const x = ht.tensor(3);
  const tape = new ht.GradientTape({ persistent: true });
  tape.watch(x);
  const first = tape.record(() => {
    const y = ht.mul(ht.square(x), x);
    return tape.gradient(y, x)!;
  });
  assertNear(await number(first), 27, 'first');
  assertNear(await number(tape.gradient(first, x)), 18, 'second');
  tape.dispose();
});

test('the inner gradient of a loss as part of the outer loss', async () => {
  const [w, x] = [ht.variable([0.5, -1]), ht.tensor([2, 3])];
  const outer = new ht.GradientTape();
  const penalty = outer.record(() => {
    const inner = new ht.GradientTape();
    const loss = inner.record(() => ht.sum(ht.square(ht.mul(w, x))));
    return ht.sum(ht.square(inner.gradient(loss, w)!));
  });
  // Sum of (2 w x^2)^2, so 8 w x^4.
  assert.equal([...(await outer.gradient(penalty, w)!.data())], [64, -648]);
  w.dispose();
});

test('stopGradient keeps the values and ends the path', async () => {
  const x = ht.tensor([2]);
  const tape = new ht.GradientTape();
  tape.watch(x);
  const y = tape.record(() => ht.mul(x, ht.stopGradient(ht.square(x))));
  assert.is(await number(y), 8);
  assert.is(await number(tape.gradient(y, x)), 4);
});

test('a custom gradient replaces that of its inside', async () => {
  const clipped = ht.customGradient((x: ht.Tensor) => ({
    value: ht.mul(x, 10),
    gradient: (upstream) => ht.clipByValue(upstream, -1, 1),
  }));
  const x = ht.tensor([1, 2, 3]);
  const tape = new ht.GradientTape();
  tape.watch(x);
  const y = tape.record(() => ht.mul(clipped(x), [0.5, 7, -7]));
  assert.equal([...(await y.data())], [5, 140, -210]);
  assert.equal([...(await tape.gradient(y, x)!.data())], [0.5, 1, -1]);
});

test('a custom gradient of several arguments, null among them, and of its own argument as value', async () => {
  const scaled = ht.customGradient((x: ht.Tensor, w: ht.Tensor) => ({
    value: ht.mul(x, w),
    gradient: (upstream) => [ht.mul(upstream, 100), null],
  }));
  const [x, w] = [ht.tensor([1]), ht.tensor([2])];
  const tape = new ht.GradientTape();
  tape.watch(x, w);
  const y = tape.record(() => scaled(x, w));
  const [byX, byW] = tape.gradient(y, [x, w], { unconnected: 'none' });
  assert.equal([await number(byX!), byW], [100, null]);
  const reversed = ht.customGradient((t: ht.Tensor) => ({
    value: t,
    gradient: (upstream) => ht.neg(upstream),
  }));
  assert.is(await number(ht.valueAndGradients((t) => ht.add(t!, reversed(t!)), [x]).gradients[0]!), 0);
  assert.is(await number(x), 1);
});

test('a custom gradient of another count or shape is refused', () => {
  const x = ht.tensor([1, 2]);
  const take = (gradient: (upstream: ht.Tensor) => ht.Tensor | ht.Tensor[]) => () => {
    const own = ht.customGradient((t: ht.Tensor) => ({ value: ht.neg(t), gradient }));
    return ht.valueAndGradients((t) => own(t!), [x]);
  };
  assert.throws(
    take((upstream) => [upstream, upstream]),
    /^customGradient: 2 gradients for 1 arguments; return one each$/,
  );
  assert.throws(
    take((upstream) => ht.sum(upstream)),
    /^customGradient: its gradient by input 0 has shape \(\), the input \(2\)$/,
  );
});

test('derivatives of a custom gradient are those of the ops in it', async () => {
  const cube = ht.customGradient((x: ht.Tensor) => ({
    value: ht.mul(x, ht.square(x)),
    gradient: (upstream) => ht.mul(upstream, ht.mul(ht.square(x), 3)),
  }));
  const x = ht.tensor(2);
  for (const [n, expected] of [8, 12, 12, 6].entries())
    assertNear(await number(derivative(cube, x, n)), expected, `derivative ${n}`);
});

test('intermediates disposed inside tidy inside record do not hurt, nor does disposing them by hand', async () => {
  const x = ht.tensor([0.5, 1]);
  const tape = new ht.GradientTape();
  tape.watch(x);
  const y = tape.record(() => {
    const tidied = ht.tidy(() => ht.exp(ht.square(ht.tidy(() => ht.neg(ht.mul(x, 2))))));
    const byHand = ht.square(x);
    const sum = ht.add(tidied, byHand);
    byHand.dispose();
    tidied.dispose();
    return sum;
  });
  const gradient = tape.gradient(y, x)!;
  y.dispose();
  const got = [...(await gradient.data())];
  for (const [i, v] of [0.5, 1].entries())
    assertNear(got[i]!, 8 * v * Math.exp(4 * v * v) + 2 * v, `element ${i}`);
});

test('a tape around, inside and across tidy frees everything', async () => {
  const x = ht.tensor([1, 2]);
  ht.tidy(() => ht.mul(ht.square(x), 2)).dispose();
  await collected();
  const start = engine.memory().bytesInUse;
  const take = (persistent: boolean) => {
    const tape = new ht.GradientTape({ persistent });
    tape.watch(x);
    const y = tape.record(() => ht.tidy(() => ht.square(ht.square(x))));
    return { tape, y };
  };
  const inside = ht.tidy(() => {
    const { tape, y } = take(false);
    return tape.gradient(y, x)!;
  });
  assert.equal([...(await inside.data())], [4, 32]);
  inside.dispose();
  assert.is(engine.memory().bytesInUse, start, 'gradient in tidy');
  // Tapes that are never asked, or could be asked again, end with the tidy that they were made in.
  ht.tidy(() => void take(false));
  assert.is(engine.memory().bytesInUse, start, 'unused tape in tidy');
  ht.tidy(() => {
    const { tape, y } = take(true);
    tape.gradient(y, x);
    tape.gradient(y, x);
  });
  assert.is(engine.memory().bytesInUse, start, 'persistent tape in tidy');
  const { tape, y } = take(false);
  const gradient = tape.gradient(y, x)!;
  for (const tensor of [gradient, y]) tensor.dispose();
  assert.is(engine.memory().bytesInUse, start, 'no tidy');
  const { tape: held, y: z } = take(true);
  held.gradient(z, x)!.dispose();
  held.dispose();
  z.dispose();
  assert.is(engine.memory().bytesInUse, start, 'persistent tape');
});

test('ops without a tape, and a tape without watched values, keep nothing', () => {
  const x = ht.tensor([1, 2]);
  ht.exp(x).dispose();
  const start = engine.memory().bytesInUse;
  const tape = new ht.GradientTape();
  tape.record(() => ht.exp(ht.exp(x)).dispose());
  // The inner result alone, whose handle is left to the collector.
  assert.ok(engine.memory().bytesInUse - start <= 256);
});
