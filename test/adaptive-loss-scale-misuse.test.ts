// Adaptive loss scaling used wrongly, on two engines, on one that is closed, and by a step that throws.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';

const test = suite('adaptive loss scale, misuse');
const { AdaptiveLossScale } = ht.mixedPrecision;
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ policy: 'mixed_float16' });
});
test.after(() => {
  ht.mixedPrecision.setGlobalPolicy('float32');
  engine.close();
});

const network = () => ht.sequential([ht.layers.dense({ units: 2, inputShape: [3], dtype: 'float32' })]);

test('a model on another engine begins anew; one that is closed says so', async () => {
  const adaptive = new AdaptiveLossScale();
  const other = await ht.open({ f16: 'packed' });
  const step = (own: ht.Engine) => {
    const layer = ht.layers.dense({ name: own === other ? 'there' : 'here', units: 2 });
    adaptive.during(() => {
      const tape = new ht.GradientTape();
      const loss = tape.record(() =>
        ht.sum(ht.cast(layer.apply(ht.ones([1, 3], 'float32', { engine: own })), 'float32')),
      );
      tape.gradient(loss, layer.trainableVariables);
    });
  };
  step(engine);
  assert.equal(Object.keys(await adaptive.scales()), ['here']);
  step(other);
  assert.equal(Object.keys(await adaptive.scales()), ['there']);
  other.close();
  await adaptive.scales().then(
    () => assert.unreachable(),
    (error) => assert.instance(error, ht.DisposedError),
  );
  step(engine);
  assert.equal(Object.keys(await adaptive.scales()), ['here']);
  adaptive.dispose();
});

for (const [what, fn, message] of [
  [
    'an unknown option',
    () => new AdaptiveLossScale({ refresh: 1 } as never),
    /AdaptiveLossScale: unknown option 'refresh'; use/,
  ],
  [
    'no steps',
    () => new AdaptiveLossScale({ refreshSteps: 0 }),
    /refreshSteps is 0; use a whole number from 1 on/,
  ],
  ['half a step', () => new AdaptiveLossScale({ growthSteps: 1.5 }), /growthSteps is 1.5; use/],
  ['no share', () => new AdaptiveLossScale({ underflow: 0 }), /underflow is 0; use a share/],
  ['all of it', () => new AdaptiveLossScale({ underflow: 1 }), /underflow is 1; use a share/],
  [
    'an unknown scaling',
    () => network().compile({ loss: 'mse', lossScaling: 'global' as never }),
    /compile: lossScaling is 'global'; use 'adaptive' or an AdaptiveLossScale/,
  ],
  [
    'autocast beside it',
    () => network().compile({ loss: 'mse', lossScaling: 'adaptive', autocast: {} }),
    /compile: lossScaling goes by layers .* use one of them/,
  ],
  [
    'an async step',
    () => new AdaptiveLossScale().during(async () => {}),
    /AdaptiveLossScale.during: the function is async/,
  ],
] as const)
  test(`${what} is refused`, () => {
    assert.throws(fn, (error: Error) => error instanceof ht.ArgumentError && message.test(error.message));
  });

test('a step that throws leaves no scaling behind', async () => {
  const adaptive = new AdaptiveLossScale();
  assert.throws(
    () =>
      adaptive.during(() => {
        throw new Error('mine');
      }),
    /mine/,
  );
  const layer = ht.layers.dense({ name: 'after', units: 2 });
  const tape = new ht.GradientTape();
  tape.gradient(
    tape.record(() => ht.sum(layer.apply(ht.ones([1, 3], 'float32', { engine })))),
    layer.trainableVariables,
  );
  assert.equal(await adaptive.scales(), {});
});
