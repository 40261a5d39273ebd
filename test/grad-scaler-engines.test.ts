// GradScaler on several engines, and on packed halves.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { gradientOf, sgd } from './scaled-gradient.ts';
import { number, numbers } from './step.ts';

const test = suite('GradScaler, engines');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open();
});
test.after(() => engine.close());

const { GradScaler } = ht.mixedPrecision;
test('two engines: a scaler follows its variables, and its state does', async () => {
  const scaler = new GradScaler({ initialScale: 8, growthSteps: 1 });
  const optimizer = sgd();
  const variable = ht.variable([0]);
  scaler.step(optimizer, [[gradientOf(scaler, variable, ht.tensor([1])), variable]]);
  scaler.update();
  const saved = await scaler.state();
  const other = await ht.open();
  const moved = ht.variable([0], { engine: other });
  scaler.loadState(saved);
  scaler.step(optimizer, [[gradientOf(scaler, moved, ht.tensor([1], { engine: other })), moved]]);
  scaler.update();
  assert.equal([await number(moved), await scaler.lossScale()], [-1, 32]);
  other.close();
  engine = await ht.open();
});

test('packed halves: gathered, unscaled and skipped as on native ones', async () => {
  const packed = await ht.open({ f16: 'packed' });
  const scaler = new GradScaler({ initialScale: 2 ** 10 });
  const variable = ht.variable([1, 2, 3], { dtype: 'float16' });
  const optimizer = sgd({ gradientAccumulationSteps: 2 });
  const step = ht.jit((g) => {
    const [unscaled] = scaler.unscale(optimizer, [g]);
    scaler.step(optimizer, [[ht.clipByValue(unscaled!, -1, 1), variable]]);
    scaler.update();
  });
  const half = (...values: number[]) => ht.tensor(values, { dtype: 'float16', engine: packed });
  step(half(512, -256, 4096));
  step(half(512, -256, 4096));
  assert.equal(await numbers(variable), [0.5, 2.25, 2]);
  step(half(512, Infinity, 4096));
  step(half(512, -256, 4096));
  assert.equal([...(await numbers(variable)), await scaler.lossScale()], [0.5, 2.25, 2, 2 ** 9]);
  packed.close();
  engine = await ht.open();
});
