// Tests of the advice of a watch: scales that lose nothing, checked by training with them and beside them; words; data for plots.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { dense, finding, useHalves } from './watched.ts';

const test = suite('numerics advice');
useHalves(test);

/** Three layers, and two samples whose gradients differ by 2^spread: a report of two steps with this loss scale. */
async function reportWith(
  scale: number,
  policy: ht.PolicyLike = 'mixed_float16',
  spread = 10,
): Promise<ht.NumericsReport> {
  const kernel = (row: number, column: number) => 2 ** (-6 * Math.abs(Math.sin(3 * row + 5 * column)));
  const model = ht.sequential([
    dense('a', 8, kernel, policy, 8),
    dense('b', 8, kernel, policy),
    dense('head', 4, kernel, 'float32'),
  ]);
  const inner = ht.optimizers.sgd({ learningRate: 0 });
  // Of the rules that check: a step with overflow fails.
  const optimizer = new ht.LossScaleOptimizer(inner, { initialScale: scale, growthSteps: 1e6 });
  const loss = (_: ht.Tensor, y: ht.Tensor) =>
    ht.mean(ht.mul(y, ht.tensor([[2 ** -6], [2 ** (-6 - spread)]])));
  model.compile({ optimizer, loss });
  const watch = ht.numerics.watch(model);
  await model.fit(ht.ones([4, 8]), ht.ones([4, 4]), { verbose: 0, batchSize: 2 });
  const report = await watch.report();
  watch.stop();
  return report;
}

function shareBelow(report: ht.NumericsReport): number {
  const halves = report.ops.filter(({ dtype, pass }) => dtype === 'float16' && pass === 'backward');
  const numbers = (op: ht.OpNumerics) => op.values - op.zeros - op.nans;
  const sum = (of: (op: ht.OpNumerics) => number) => halves.reduce((total, op) => total + of(op), 0);
  return sum((op) => op.below * numbers(op)) / sum(numbers);
}

test('the scales advised lose nothing, and those beside them do', async () => {
  const { advice } = await reportWith(2 ** 10);
  const { largest, smallest, exists } = advice.lossScale!;
  assert.ok(exists && smallest < largest, `${smallest} to ${largest}`);
  assert.match(
    advice.words.at(-2)!,
    /^loss scale: 2\^-?\d+ to 2\^\d+ lose nothing: no overflow, less than 1\.0 % below 2\^-24$/,
  );
  const at: ht.NumericsReport[] = [];
  for (const scale of [largest, 2 * largest, smallest, smallest / 2]) at.push(await reportWith(scale));
  const [greatest, tooGreat, least, tooSmall] = at as [
    ht.NumericsReport,
    ...ht.NumericsReport[],
  ] as ht.NumericsReport[];
  assert.equal([greatest!.failedSteps, greatest!.firstBad], [0, undefined]);
  assert.ok(tooGreat!.failedSteps > 0);
  assert.is(tooGreat!.firstBad!.pass, 'backward');
  assert.ok(shareBelow(least!) < 0.01, `${shareBelow(least!)} below with the smallest`);
  assert.ok(shareBelow(tooSmall!) >= 0.01, `${shareBelow(tooSmall!)} below with half of it`);
  for (const report of [greatest!, least!])
    assert.equal(
      report.advice.lossScale,
      advice.lossScale,
      'the same advice with every scale that loses nothing',
    );
});

test('a model in float32 is told what float16 would ask for', async () => {
  const [wide, mixed] = [await reportWith(1, 'float32'), await reportWith(2 ** 10)];
  assert.equal(wide.advice.lossScale!.largest, mixed.advice.lossScale!.largest);
});

test('where no scale serves, it says so, and names the layers', async () => {
  const { advice } = await reportWith(2 ** 10, 'mixed_float16', 60);
  const { exists, largest, lostAtLargest } = advice.lossScale!;
  assert.is(exists, false);
  assert.ok(lostAtLargest >= 0.01);
  assert.ok(
    advice.keepFloat32.length > 0 && advice.keepFloat32.every((layer) => ['a', 'b', 'head'].includes(layer)),
  );
  const line = advice.words.find((text) => text.startsWith('loss scale: '))!;
  assert.match(
    line,
    new RegExp(
      `each loses something: beyond 2\\^${Math.log2(largest)} gradients overflow, with it [\\d.]+ % are below`,
    ),
  );
});

test('histograms are data for a plot', async () => {
  const report = await reportWith(2 ** 10);
  const { histogram, values, zeros } = finding(report)('b', 'backward', 'matMul');
  const total = histogram.counts.reduce((sum, count) => sum + count, 0);
  assert.is(total, values - zeros);
  assert.ok(histogram.counts[0]! > 0 && histogram.counts.at(-1)! > 0);
  assert.equal(JSON.parse(JSON.stringify(report.ops))[0].layer, 'a');
});
