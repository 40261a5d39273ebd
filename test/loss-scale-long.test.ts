// Ten thousand steps with overflow injected at random, in every rule set: finite weights, and the twin's scale bit for bit at every step.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { randomOf } from './ops/draws.ts';
import * as reference from './reference/loss-scale.ts';
import { numbers } from './step.ts';

const test = suite('loss scale, ten thousand steps');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ seed: 3 });
});
test.after(() => engine.close());

/** Steps that one call of a jitted function makes. */
const CALL = 50;
/** What a loss is multiplied with for a bad step: what float16 overflows with where the scale is high, and what never passes. */
const FACTORS = [1e6, Infinity, Number.NaN];

const CASES: readonly (ht.LossScaleOptions & { window?: number; steps: number })[] = [
  { rules: 'keras3', growthSteps: 9, hysteresis: 2, steps: 10_000 },
  {
    ...{ rules: 'tf.keras', growthSteps: 5, initialScale: 2 ** 12, maxScale: 2 ** 14 },
    ...{ growthFactor: 1.3, backoffFactor: 0.7, steps: 1000 },
  },
  { rules: 'pytorch', growthSteps: 4, hysteresis: 2, window: 3, steps: 1500 },
  {
    rules: 'pytorch',
    growthSteps: 40,
    hysteresis: 3,
    consecutiveHysteresis: true,
    minScale: 2 ** 10,
    steps: 1000,
  },
];

for (const { window = 1, steps, ...options } of CASES) {
  test(`${steps} steps, ${JSON.stringify(options)}, window ${window}`, { timeout: 400_000 }, async () => {
    const variable = ht.variable([1, -2, 3, 0.5]);
    const inner = ht.optimizers.adam({ learningRate: 0.01, gradientAccumulationSteps: window });
    const optimizer = new ht.LossScaleOptimizer(inner, options);
    const target = ht.tensor([0.5, 0.25, -1, 2], { dtype: 'float16' });
    /** A row for each step: the scale after it, and the gradients that it had. */
    const train = ht.jit((factors) =>
      ht.stack(
        Array.from({ length: CALL }, (_, i) => {
          const loss = () => {
            const off = ht.sub(variable.read('float16'), target);
            return ht.sum(ht.mul(ht.cast(ht.square(off), 'float32'), ht.slice(factors, [i], [1])));
          };
          const { gradients } = optimizer.computeGradients(loss, [variable]);
          optimizer.apply(gradients, [variable]);
          return ht.concat([ht.reshape(optimizer.scale(engine), [1]), gradients[0]!]);
        }),
      ),
    );
    const rule = { ...reference.RULES[options.rules!], ...options };
    let state = reference.start(rule);
    const random = randomOf(`${options.rules} ${options.growthSteps}`);
    // Stretches of much, little and no injected overflow, so that the scale goes up and down all the way.
    let share = 0;
    let injected = 0;
    for (let from = 0; from < steps; from += CALL) {
      if (from % 100 === 0) share = random() < 0.4 ? 0 : random() / 2;
      const bad = Array.from({ length: CALL }, () => random() < share);
      const factors = ht.tensor(bad.map((one) => (one ? FACTORS[Math.floor(3 * random())]! : 1)));
      const log = train(factors);
      for (const [i, [scale, ...gradients]] of ((await log.array()) as number[][]).entries()) {
        const finite = gradients.every(Number.isFinite);
        if (bad[i] && !finite) injected++;
        state = reference.step(state, finite, rule, window);
        if (scale !== state.scale)
          assert.unreachable(`step ${from + i}: ${scale}, the twin has ${state.scale}`);
      }
      for (const tensor of [log, factors]) tensor.dispose();
      for (const value of await numbers(variable)) assert.ok(Number.isFinite(value), `after step ${from}`);
    }
    const { growthCounter, skipped, iterations, endured, gathered } = await optimizer.readState();
    assert.equal(
      [growthCounter, skipped, iterations, endured, gathered],
      [state.growthCounter, state.skipped, state.iterations, state.endured, state.gathered],
    );
    assert.ok(injected > steps / 50 && skipped > steps / 100, `${injected} injected, ${skipped} skipped`);
    assert.ok(iterations > steps / 10, `${iterations} steps made`);
  });
}
