// Gradients that carry powers of two: whatever the ways they take, tapes give what they give without, bit for bit.
import * as assert from 'uvu/assert';
import { Carried, recordOp } from '../src/autograd/recording.ts';
import * as ht from '../src/node.ts';
import { scaleUp } from '../src/ops/rescale.ts';
import { suite } from './harness.ts';
import { MODES, numbers } from './step.ts';

const test = suite('carried gradients');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open();
});
test.after(() => engine.close());

/** Scales the gradient of `x`, which is handed on as it is, by 2^exponent. */
type Raise = (x: ht.Tensor, exponent: number) => ht.Tensor;

const raise: Raise = (x, power) => {
  const point = x.alias(x.shape, {});
  recordOp('raise', [x], [point], ([gradient]) => {
    const exponent = ht.tensor(power, { dtype: 'int32' });
    return [new Carried(scaleUp(gradient!, exponent), exponent)];
  });
  return point;
};
const plain: Raise = (x) => ht.mul(x, 1);

const x0 = [0.25, -1.5, 3, 0.125];
const w0 = [1.5, -2, 0.75, 1];

/** Losses of a variable w and an input x that go several ways. */
const GRAPHS: Readonly<Record<string, (x: ht.Tensor, w: ht.Tensor, raise: Raise) => ht.Tensor>> = {
  'a chain': (x, w, raise) => ht.sum(raise(ht.tanh(raise(ht.mul(x, w), 7)), -3)),
  'branches with powers of their own, and one without': (x, w, raise) => {
    const h = ht.mul(x, w);
    const [a, b] = [raise(ht.tanh(h), 5), raise(ht.square(raise(h, -9)), 30)];
    return ht.sum(raise(ht.add(ht.add(a, b), h), 2));
  },
  'a weight used before and after': (x, w, raise) => ht.sum(ht.mul(raise(ht.mul(x, w), 11), w)),
  'a residual around a residual': (x, w, raise) => {
    const inner = (h: ht.Tensor) => ht.add(h, raise(ht.tanh(ht.mul(h, w)), 6));
    return ht.sum(ht.square(ht.add(x, raise(inner(raise(inner(x), 3)), -4))));
  },
  'results of one op with different powers': (x, w, raise) => {
    const [a, b, c, d] = ht.split(ht.mul(x, w), 4) as [ht.Tensor, ht.Tensor, ht.Tensor, ht.Tensor];
    return ht.sum(ht.mul(raise(a, 4), ht.add(raise(b, -8), ht.mul(c, raise(d, 21)))));
  },
  'recomputed in the backward pass': (x, w, raise) =>
    ht.sum(raise(ht.checkpoint((h: ht.Tensor) => raise(ht.tanh(raise(ht.mul(h, w), 8)), 5))(raise(x, 2)), 3)),
};

for (const { mode, run } of MODES) {
  for (const [name, graph] of Object.entries(GRAPHS)) {
    test(`${mode}: ${name}`, async () => {
      const variable = ht.variable(w0);
      const gradients = async (raise: Raise) => {
        const step = run((x) => {
          const tape = new ht.GradientTape();
          tape.watch(x!);
          const loss = tape.record(() => graph(x!, variable.values, raise));
          return tape.gradient(loss, [x!, variable]);
        });
        return Promise.all(step(ht.tensor(x0)).map(numbers));
      };
      const expected = await gradients(plain);
      assert.ok(expected.flat().some((value) => value !== 0));
      assert.equal(await gradients(raise), expected);
    });
  }

  test(`${mode}: powers beyond those of float32 together bring through what float32 alone loses`, async () => {
    const variable = ht.variable(w0);
    const gradient = async (raise: Raise) => {
      const step = run((x) => {
        const tape = new ht.GradientTape();
        const loss = tape.record(() => {
          let h = ht.mul(x!, variable.values);
          for (let i = 0; i < 4; i++) h = ht.mul(h, 2 ** 30);
          for (let i = 0; i < 4; i++) h = raise(ht.mul(h, 2 ** -40), 40);
          return ht.sum(h);
        });
        return tape.gradient(loss, variable)!;
      });
      return numbers(step(ht.tensor(x0)));
    };
    assert.equal(await gradient(plain), [0, 0, 0, 0]);
    assert.equal(
      await gradient(raise),
      x0.map((x) => x * 2 ** -40),
    );
  });

  test(`${mode}: second derivatives, and a penalty on the gradient`, async () => {
    const variable = ht.variable(w0);
    const penalised = async (raise: Raise) => {
      const step = run((x) => {
        const outer = new ht.GradientTape();
        const total = outer.record(() => {
          const inner = new ht.GradientTape();
          const loss = inner.record(() => ht.sum(raise(ht.tanh(raise(ht.mul(x!, variable.values), 6)), -2)));
          const [gradient] = inner.gradient(loss, [variable]);
          return ht.add(loss, ht.sum(ht.square(gradient!)));
        });
        return outer.gradient(total, variable)!;
      });
      return numbers(step(ht.tensor(x0)));
    };
    assert.equal(await penalised(raise), await penalised(plain));
  });

  test(`${mode}: a float16 source gets its gradient in float16, a float32 one what float16 could not hold`, async () => {
    const [half, full] = [ht.variable([0.5], { dtype: 'float16' }), ht.variable([0.5])];
    const step = run((x) => {
      const tape = new ht.GradientTape();
      const loss = tape.record(() => {
        const h = ht.add(half.values, full.read('float16'));
        return ht.mul(ht.sum(ht.cast(raise(ht.mul(h, x!), 12), 'float32')), 2 ** -20);
      });
      return tape.gradient(loss, [half, full]);
    });
    const [byHalf, byFull] = step(ht.tensor([2 ** -10], { dtype: 'float16' })) as [ht.Tensor, ht.Tensor];
    assert.equal([byHalf.dtype, byFull.dtype], ['float16', 'float32']);
    // 2^-20 comes to the scaled result as a half; 2^-30 does not exist as one.
    assert.equal([await numbers(byHalf), await numbers(byFull)], [[0], [2 ** -30]]);
  });

  test(`${mode}: a statistic that overwrites its variable is taken as it is`, async () => {
    const variable = ht.variable([1], { overwriteWithGradient: true });
    const step = run((x) => {
      const tape = new ht.GradientTape();
      tape.watch(x!);
      const statistic = ht.customGradient((x: ht.Tensor, _: ht.Tensor) => ({
        value: x,
        gradient: (upstream) => [upstream, ht.tensor([42])],
      }));
      const loss = tape.record(() => ht.sum(raise(statistic(x!, variable.values), 5)));
      return tape.gradient(loss, [x!, variable]);
    });
    assert.equal(await Promise.all(step(ht.tensor([3])).map(numbers)), [[1], [42]]);
  });
}
