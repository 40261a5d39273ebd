// Watches of loops of one's own: steps under a GradScaler, and functions that checkpoint runs again.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { gradientOf, sgd } from './scaled-gradient.ts';
import { MODES, number } from './step.ts';
import { dense, finding, HALF_FORMS, histogram, useHalves } from './watched.ts';

const test = suite('numerics, loops');
const halves = useHalves(test);

for (const { mode, run } of MODES) {
  test(`${mode}: optimizers under one GradScaler end one step, whose gradients are counted without its scale`, async () => {
    halves('native');
    const scaler = new ht.mixedPrecision.GradScaler({ initialScale: 2 ** 10 });
    const [a, b] = [ht.variable([0]), ht.variable([0])];
    const [first, second] = [sgd(), sgd()];
    const watch = ht.numerics.watch();
    const step = run((x, y) => {
      const gradients = [gradientOf(scaler, a, x!), gradientOf(scaler, b, y!)];
      scaler.step(first, [[gradients[0]!, a]]);
      scaler.step(second, [[gradients[1]!, b]]);
      scaler.update();
    });
    for (const [x, y] of [
      [2, 0.5],
      [2, Number.POSITIVE_INFINITY],
      [2, 0.5],
      [2, Number.NaN],
    ])
      step(ht.tensor([x!]), ht.tensor([y!]));
    const report = await watch.report();
    watch.stop();
    assert.equal([report.steps, report.failedSteps], [4, 2]);
    assert.equal([report.firstBad!.step, report.latestBad!.step], [2, 4]);
    assert.equal(report.firstBad!.stored, ['infinity']);
    const gradients = report.ops.filter(({ gradientOf }) => gradientOf.length > 0);
    assert.equal(new Set(gradients.flatMap(({ gradientOf }) => gradientOf)), new Set([a.name, b.name]));
    // Of 2 and 0.5, and of 1 that reaches the loss; the scale of 2^10, and then of 2^9, is divided out.
    const exponents = gradients.flatMap((op) => histogram(op).map(([exponent]) => exponent));
    assert.equal([...new Set(exponents)].sort(), [-1, 0, 1]);
    assert.is(await scaler.skippedSteps(), 2);
    assert.equal([await number(a), await number(b)], [-8, -1], 'each is skipped by its own gradients');
  });
}

for (const form of HALF_FORMS) {
  test(`what checkpoint runs again is forward, and counted once, ${form}`, async () => {
    const engine = halves(form);
    const x = ht.tensor([[1, 2]], { engine });
    const found = async (wrap: <A extends unknown[], R>(fn: (...args: A) => R) => (...args: A) => R) => {
      const layers = [dense('wide', 2, 300, 'mixed_float16', 2), dense('narrow', 1, 2)];
      const model = ht.sequential(layers);
      model.build([2], engine);
      const body = wrap((input: ht.Tensor) => ht.square(ht.relu(model.apply(input) as ht.Tensor)));
      const watch = ht.numerics.watch(model);
      const optimizer = ht.optimizers.sgd({ learningRate: 0 });
      optimizer.minimize(() => ht.cast(ht.sum(body(x)), 'float32'), model.trainableVariables);
      const report = await watch.report();
      watch.stop();
      return report;
    };
    const [plain, repeated] = [await found((fn) => fn), await found(ht.checkpoint)];
    const rows = ({ ops }: ht.NumericsReport) =>
      ops.filter(({ layer }) => layer !== '').map((op) => [op.layer, op.pass, op.op, op.values, op.badSteps]);
    assert.equal(rows(repeated), rows(plain));
    assert.is(finding(repeated)('wide', 'forward', 'matMul').values, 2);
    assert.equal(repeated.firstBad?.op, plain.firstBad?.op);
    assert.equal(repeated.firstBad?.layer, plain.firstBad?.layer);
  });
}
