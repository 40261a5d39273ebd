// Loss scaling under nested tapes: second derivatives of scaled losses, and gradient penalties in the order of PyTorch's recipe.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { MODES, number, numbers } from './step.ts';
import { NEVER_SCALED, quiet } from './warnings.ts';

const test = suite('loss scale, nested tapes');
quiet(test, NEVER_SCALED);
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open();
});
test.after(() => engine.close());

const sgd = (learningRate = 1) => ht.optimizers.sgd({ learningRate });

/**
 * inner: g = grad(S loss, w); g /= S in float32; penalty = sqrt(sum(g^2)); total = loss + penalty; outer: grad(S total, w).
 * The loss is the mean of (x w - y)^2, its products in float16; the scaled gradient of the total.
 */
function penalised(optimizer: ht.LossScaleOptimizer, w: ht.Variable, x: ht.Tensor, y: ht.Tensor): ht.Tensor {
  const outer = new ht.GradientTape();
  const scaledTotal = outer.record(() => {
    const inner = new ht.GradientTape();
    const [loss, scaled] = inner.record(() => {
      const product = ht.matMul(ht.cast(x, 'float16'), w.read('float16'));
      const value = ht.mean(ht.square(ht.sub(ht.cast(product, 'float32'), y)));
      return [value, optimizer.scaleLoss(value)] as const;
    });
    const [g] = optimizer.getUnscaledGradients(inner.gradient(scaled, [w]));
    const penalty = ht.sqrt(ht.sum(ht.square(ht.cast(g!, 'float32'))));
    return optimizer.scaleLoss(ht.add(loss, penalty));
  });
  return outer.gradient(scaledTotal, [w])[0]!;
}

/** The gradient of loss + |grad loss| in doubles: g = A w - b with A = 2 x'x / n; the penalty's is A g / |g|. */
function expected(x: readonly (readonly number[])[], y: readonly number[], w: readonly number[]): number[] {
  const n = x.length;
  const A = w.map((_, i) => w.map((_, j) => (2 / n) * x.reduce((sum, row) => sum + row[i]! * row[j]!, 0)));
  const b = w.map((_, i) => (2 / n) * x.reduce((sum, row, k) => sum + row[i]! * y[k]!, 0));
  const g = A.map((row, i) => row.reduce((sum, a, j) => sum + a * w[j]!, 0) - b[i]!);
  const norm = Math.hypot(...g);
  return g.map((own, i) => own + A[i]!.reduce((sum, a, j) => sum + (a * g[j]!) / norm, 0));
}

const X = [
  [1, 2, -1],
  [0.5, -1, 2],
  [-2, 0.25, 1],
  [1, 1, 0.5],
];
const Y = [1, -2, 0.5, 3];
const W = [0.5, -0.25, 1];
const column = (values: readonly number[]) => ht.tensor(values.map((value) => [value]));

for (const { mode, run } of MODES) {
  for (const rules of ['keras3', 'tf.keras', 'pytorch'] as const) {
    test(`${mode}, ${rules}: a step on a loss with a gradient penalty, whatever the scale`, async () => {
      const gradient = expected(X, Y, W);
      for (const initialScale of [1, 2 ** 6, 2 ** 10]) {
        const w = ht.variable(W.map((value) => [value]));
        const optimizer = new ht.LossScaleOptimizer(sgd(), { rules, initialScale, growthSteps: 1 });
        const step = run((x, y) => {
          const scaled = penalised(optimizer, w, x!, y!);
          const given = rules === 'tf.keras' ? optimizer.getUnscaledGradients([scaled]) : [scaled];
          optimizer.applyGradients(ht.zip(given, [w]));
        });
        step(ht.tensor(X), column(Y));
        for (const [i, value] of (await numbers(w)).entries()) {
          const off = Math.abs(value - (W[i]! - gradient[i]!));
          assert.ok(off < 1e-2, `scale ${initialScale}: ${value} is off by ${off}`);
        }
        assert.equal([await optimizer.lossScale(), await optimizer.skippedSteps()], [2 * initialScale, 0]);
      }
    });
  }

  test(`${mode}: small gradients of a penalty, which only a scale brings through float16, twice`, async () => {
    const factor = 2 ** -22;
    const penaltyOf = async (initialScale: number) => {
      const w = ht.variable([[3]]);
      const lossScale = initialScale === 1 ? ht.mixedPrecision.noLossScale() : undefined;
      const optimizer = new ht.LossScaleOptimizer(sgd(), lossScale ? { lossScale } : { initialScale });
      const step = run((x) => {
        const outer = new ht.GradientTape();
        const total = outer.record(() => {
          const inner = new ht.GradientTape();
          const scaled = inner.record(() => {
            const half = ht.matMul(ht.cast(x!, 'float16'), w.read('float16'));
            const wide = ht.mul(ht.cast(ht.square(half), 'float32'), factor * 2 ** -4);
            return optimizer.scaleLoss(ht.sum(wide));
          });
          const [g] = optimizer.getUnscaledGradients(inner.gradient(scaled, [w]));
          return optimizer.scaleLoss(ht.sum(g!));
        });
        return optimizer.getUnscaledGradients(outer.gradient(total, [w]))[0]!;
      });
      return number(step(ht.tensor([[1]])));
    };
    // d/dw of d/dw of 2^-26 w^2: 2^-25, below half of float16's smallest number.
    assert.is(await penaltyOf(1), 0);
    assert.is(await penaltyOf(2 ** 12), 2 ** -25);
  });

  test(`${mode}: an overflow in the inner gradient alone skips the step`, async () => {
    const w = ht.variable(W.map((value) => [value]));
    const optimizer = new ht.LossScaleOptimizer(sgd(), { initialScale: 2 ** 8 });
    const step = run((x, y) => optimizer.applyGradients(ht.zip([penalised(optimizer, w, x!, y!)], [w])));
    // The loss is about 1e10, its gradient in float16 infinite.
    step(ht.tensor(X), column([1e5, 0, 0, 0]));
    assert.equal([...(await numbers(w)), await optimizer.skippedSteps()], [...W, 1]);
    step(ht.tensor(X), column(Y));
    assert.is.not(await number(w), W[0]);
  });

  test(`${mode}: second derivatives of a scaled loss are scaled twice, and divided twice are those of the loss`, async () => {
    const optimizer = new ht.LossScaleOptimizer(sgd(), { initialScale: 2 ** 5 });
    const w = ht.variable([2]);
    const second = run(() => {
      const outer = new ht.GradientTape();
      const scaledFirst = outer.record(() => {
        const inner = new ht.GradientTape();
        const scaled = inner.record(() => {
          const half = w.read('float16');
          return optimizer.scaleLoss(ht.cast(ht.sum(ht.mul(half, ht.square(half))), 'float32'));
        });
        return optimizer.scaleLoss(ht.sum(inner.gradient(scaled, [w])[0]!));
      });
      return outer.gradient(scaledFirst, [w])[0]!;
    });
    // 6 w, scaled by 2^10.
    assert.is(await number(second()), 12 * 2 ** 10);
    const unscaledBetween = run(() => {
      const outer = new ht.GradientTape();
      const first = outer.record(() => {
        const inner = new ht.GradientTape();
        const scaled = inner.record(() => {
          const half = w.read('float16');
          return optimizer.scaleLoss(ht.cast(ht.sum(ht.mul(half, ht.square(half))), 'float32'));
        });
        const [g] = optimizer.getUnscaledGradients(inner.gradient(scaled, [w]));
        return optimizer.scaleLoss(ht.sum(g!));
      });
      return optimizer.getUnscaledGradients(outer.gradient(first, [w]))[0]!;
    });
    assert.is(await number(unscaledBetween()), 12);
  });
}
