// Muon against float64: matrices by their orthogonalised momentum, all else as AdamW moves it.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { randomOf } from './ops/draws.ts';
import { adam, orthogonalised } from './reference/optimizers.ts';
import { MODES, numbers } from './step.ts';
import { assertClose } from './tolerances.ts';

const test = suite('Muon');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open();
});
test.after(() => engine.close());

const draws = (name: string, size: number) => {
  const random = randomOf(name);
  return Array.from({ length: size }, () => Math.fround(4 * (random() - 0.5)));
};

const MATRICES = [
  { name: 'dense/kernel', shape: [12, 7] },
  { name: 'wide/kernel', shape: [7, 33] },
  { name: 'dense/bias', shape: [7] },
  { name: 'Embedding/table', shape: [5, 3] },
  { name: 'output/kernel', shape: [7, 3] },
] as const;

for (const rmsRate of [0.2, null]) {
  test(`Muon with rmsRate ${rmsRate}: matrices by their orthogonalised momentum, all else by AdamW, a step skipped`, async () => {
    const bits: unknown[] = [];
    for (const { mode, run } of MODES) {
      const variables = MATRICES.map(({ name, shape }) => {
        const size = shape.reduce<number>((product, n) => product * n, 1);
        return ht.variable(Float32Array.from(draws(`muon ${name}`, size)), { name, shape });
      });
      const inner = ht.optimizers.muon({
        ...{
          learningRate: 0.05,
          rmsRate,
          excludeLayers: ['^output'],
          clipNorm: 2,
          nesterov: rmsRate !== null,
        },
        ...{ weightDecay: 0.5, adamWeightDecay: 0.25, adamLrRatio: 0.5 },
      });
      const optimizer = new ht.LossScaleOptimizer(inner, { initialScale: 4 });
      const step = run((...own) => optimizer.apply(own, variables));
      const elements = await Promise.all(
        variables.map(async (variable) =>
          (await numbers(variable)).map((weight) => ({ weight, mean: 0, variance: 0 })),
        ),
      );
      let scale = 4;
      for (let count = 0; count < 4; count++) {
        const gradients = variables.map(({ name, size }) => draws(`muon ${name} ${count}`, size));
        const bad = count === 1 ? Infinity : 1;
        step(
          ...gradients.map((own, i) =>
            ht.tensor(
              Float32Array.from(own, (value) => value * scale * bad),
              { shape: MATRICES[i]!.shape },
            ),
          ),
        );
        if (count === 1) {
          scale /= 2;
          continue;
        }
        for (const [v, own] of elements.entries()) {
          const norm = Math.sqrt(gradients[v]!.reduce((sum, value) => sum + value * value, 0));
          const clipped = gradients[v]!.map((value) => (value * 2) / Math.max(norm, 2));
          if (v > 1) {
            const rule = { beta1: 0.9, beta2: 0.999, epsilon: 1e-7, step: count === 0 ? 1 : count };
            elements[v] = own.map(({ weight, ...slots }, i) =>
              adam(
                { weight: weight * (1 - 0.25 * 0.05), ...slots },
                clipped[i]!,
                { inverse: 1, learningRate: 0.025 },
                rule,
              ),
            );
            continue;
          }
          const [rows, columns] = MATRICES[v]!.shape as readonly [number, number];
          const moved = own.map(({ mean }, i) => 0.95 * mean + clipped[i]!);
          const direction = moved.map((m, i) => (rmsRate === null ? m : 0.95 * m + clipped[i]!));
          const matrix = Array.from({ length: rows }, (_, r) =>
            direction.slice(r * columns, (r + 1) * columns),
          );
          const size =
            rmsRate === null
              ? Math.sqrt(Math.max(1, rows / columns))
              : Math.sqrt(Math.max(rows, columns)) * rmsRate;
          const flat = orthogonalised(matrix, 5).flat();
          elements[v] = own.map(({ weight }, i) => {
            const decayed = weight * (1 - 0.5 * 0.05);
            return { weight: decayed - 0.05 * size * flat[i]!, mean: moved[i]!, variance: 0 };
          });
        }
      }
      const weights = await Promise.all(variables.map(numbers));
      for (const [v, own] of elements.entries())
        assertClose(
          weights[v]!,
          own.map(({ weight }) => weight),
          { op: `${mode}: ${MATRICES[v]!.name}`, dtype: 'float32', terms: 100 },
        );
      const { slots } = await optimizer.state();
      assert.equal(Object.keys(slots.momentum!), ['dense/kernel', 'wide/kernel']);
      assert.equal(Object.keys(slots.variance!), ['dense/bias', 'Embedding/table', 'output/kernel']);
      bits.push(weights);
    }
    assert.equal(bits[1], bits[0]);
  });
}
