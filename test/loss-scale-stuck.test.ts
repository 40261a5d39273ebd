// Training that is stuck: the scale at its floor, every step skipped; fit says so once, and names where it overflows.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { warningsOf } from './warnings.ts';

const test = suite('stuck training');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ seed: 1 });
});
test.after(() => engine.close());

const dense = (name: string, options: object = {}) =>
  ht.layers.dense({ units: 4, name, dtype: 'mixed_float16', ...options });

/** A model of three layers, one of which is given `special` options; the loss scaled by the rules. */
function modelOf(
  rules: ht.Rules,
  which: number,
  special: object,
  more: ht.LossScaleOptions = {},
): ht.Sequential {
  const model = ht.sequential(
    ['first', 'second', 'third'].map((name, i) =>
      dense(name, { ...(i === 0 ? { inputShape: [4] } : {}), ...(i === which ? special : {}) }),
    ),
  );
  void model.weights; // makes them
  const inner = ht.optimizers.sgd({ learningRate: 1e-6 });
  model.compile({
    optimizer: new ht.LossScaleOptimizer(inner, { rules, initialScale: 8, ...more }),
    loss: 'mse',
  });
  return model;
}

/** What fit told while it trained `model`, of what concerns the loss scale. */
async function told(
  model: ht.Sequential,
  epochs: number,
  y: ht.Tensor = ht.zeros([64, 4]),
): Promise<string[]> {
  const x = ht.ones([64, 4]);
  const all = await warningsOf(() => model.fit(x, y, { batchSize: 4, epochs, verbose: 0 }));
  return all.filter((text) => text.startsWith('fit: '));
}

const huge = (shape: readonly number[]) => new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(30000);

test('an activation that overflows names its layer', async () => {
  for (const [rules, scale] of [
    ['tf.keras', 1],
    ['keras3', 2 ** -13],
  ] as const) {
    const model = modelOf(rules, 1, { kernelInitializer: huge, useBias: false });
    model.layers[0]!.setWeights([new Float32Array(16).fill(1), new Float32Array(4)]);
    const [text, ...more] = await told(model, 3);
    assert.match(
      text!,
      /^fit: the loss scale has come down to .* and the last \d+ steps were skipped: first not finite is the result of 'second'; give the layer dtype 'float32'/,
    );
    assert.is(more.length, 0);
    const got = Number(/down to (\S+) and/.exec(text!)![1]);
    assert.ok(got <= Math.max(scale, 1), text);
  }
});

test('a gradient that overflows names what it reaches', async () => {
  // The last layer's weights are huge, and its input is 0: results stay small, gradients do not.
  const model = modelOf('tf.keras', 2, { kernelInitializer: huge, useBias: false });
  model.layers[1]!.setWeights([new Float32Array(16), new Float32Array(4)]);
  const [text] = await told(model, 3, ht.full([64, 4], 60000));
  assert.match(text!, /first not finite is a gradient that goes back from the result of 'third'/);
});

test('data that are not finite are told of as such', async () => {
  const model = modelOf('tf.keras', 0, {});
  const [text] = await told(model, 3, ht.full([64, 4], Number.NaN)).catch(() => ['refused']);
  assert.match(text!, /refused|first not finite is the target/);
});

test('in functional models, under autocast, and where training ends before the next batch', async () => {
  const input = ht.input({ shape: [4] });
  const hidden = dense('wide', { kernelInitializer: huge, dtype: 'float32' }).apply(input) as ht.Symbolic;
  const out = dense('out', { kernelInitializer: huge, dtype: 'float32' }).apply(hidden) as ht.Symbolic;
  const model = ht.model({ inputs: input, outputs: out });
  const optimizer = new ht.LossScaleOptimizer(ht.optimizers.sgd(), { rules: 'tf.keras', initialScale: 2 });
  model.compile({ optimizer, loss: 'mse', autocast: { rules: 'tensorflow' } });
  const [text] = await told(model as never, 2);
  assert.match(text!, /first not finite is the result of '(wide|out)'/);

  const short = modelOf('tf.keras', 1, { kernelInitializer: huge }, { initialScale: 1 });
  const [late] = await told(short, 1);
  assert.match(late!, /^fit: the loss scale has come down to 1 and the last \d+ steps were skipped: /);
});

test('training that goes well, or has ups and downs, is not told of', async () => {
  assert.equal(await told(modelOf('tf.keras', 0, {}), 3), []);
  assert.equal(await told(modelOf('pytorch', 0, {}, { initialScale: 2 ** 40, growthSteps: 2 }), 6), []);
  const model = modelOf('tf.keras', 0, {});
  model.compile({ optimizer: 'sgd', loss: 'mse' });
  assert.equal(await told(model, 1), []);
});
