// Bad input to layers, initialisers, models, activations and optimizers: the class, the message, and nothing changed.
import * as assert from 'uvu/assert';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { refuses, refusesUnchanged } from './refusal.ts';
import { numbers } from './step.ts';

const test = suite('refused layers and optimizers');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open();
});
test.after(() => engine.close());

const { ArgumentError, DisposedError, DtypeError, ShapeError } = ht;
type Case = readonly [given: unknown, type: typeof ht.ArgumentError, message: RegExp];

test('options of layers', async () => {
  const { layers } = ht;
  const dense: readonly Case[] = [
    [{}, ArgumentError, /^dense.*: units undefined; use a whole number from 1 on/],
    [{ units: 0 }, ArgumentError, /^dense.*: units 0/],
    [{ units: 2.5 }, ArgumentError, /^dense.*: units 2\.5/],
    [{ units: '10' }, ArgumentError, /^dense.*: units '10'/],
    [
      { units: 1, activation: 'swiss' },
      ArgumentError,
      /unknown activation 'swiss'; use 'linear', 'relu', 'sigmoid', 'softmax', 'tanh', 'elu'/,
    ],
    [{ units: 1, activation: 'toString' }, ArgumentError, /unknown activation 'toString'/],
    [
      { units: 1, kernelInitializer: 'glorot' },
      ArgumentError,
      /initialiser: unknown name 'glorot'; use 'zeros', 'ones', 'randomUniform'/,
    ],
    [{ units: 1, biasInitializer: 'toString' }, ArgumentError, /initialiser: unknown name 'toString'/],
    [{ units: 1, inputShape: 4 }, ShapeError, /shape must be an array of sizes, got 4/],
    [{ units: 1, inputShape: [0] }, ShapeError, /no elements/],
    [{ units: 1, inputShape: [2.5] }, ShapeError, /size 2\.5/],
    [{ units: 1, unit: 2 }, ArgumentError, /^dense: unknown option 'unit'; use 'units', 'activation'/],
    [{ units: 1, kernelInitialiser: 'ones' }, ArgumentError, /^dense: unknown option 'kernelInitialiser'/],
    [undefined, ArgumentError, /^dense: options are undefined; use an object with 'units'/],
    [10, ArgumentError, /^dense: options are 10/],
  ];
  for (const [options, type, message] of dense)
    await refuses(() => layers.dense(options as never), type, message);
  const others: readonly [() => ht.Layer, RegExp][] = [
    [() => layers.dropout({} as never), /^dropout.*: rate undefined; use a number from 0 to below 1/],
    [() => layers.dropout({ rate: 1 }), /^dropout.*: rate 1/],
    [() => layers.dropout({ rate: -0.5 }), /^dropout.*: rate -0\.5/],
    [
      () => layers.dropout({ rate: 0.5, seed: 1 } as never),
      /^dropout: unknown option 'seed'; use 'rate', 'noiseShape', 'name'/,
    ],
    [() => layers.activation({} as never), /^activation.*: unknown activation undefined/],
    [() => layers.activation('relu' as never), /^activation: options are 'relu'/],
    [() => layers.flatten({ axis: 1 } as never), /^flatten: unknown option 'axis'/],
  ];
  for (const [make, message] of others) await refuses(make, ArgumentError, message);
});

test('an initialiser of the wrong length leaves the layer unbuilt, and the right one builds it', async () => {
  let length = 3;
  const layer = ht.layers.dense({ units: 2, biasInitializer: () => new Float32Array(length), name: 'own' });
  await refuses(
    () => layer.apply(ht.ones([1, 4])),
    ShapeError,
    /^own\/bias: its initialiser gave 3 values for shape \(2\) of 2 elements/,
  );
  assert.equal([layer.built, layer.weights.length], [false, 0]);
  length = 2;
  layer.apply(ht.ones([1, 4]));
  assert.equal([layer.built, layer.weights.length], [true, 2]);
});

test('inputs of layers', async () => {
  const model = ht.sequential([ht.layers.dense({ units: 2, inputShape: [3], name: 'first' })]);
  const cases: readonly Case[] = [
    [ht.ones([2, 4]), ShapeError, /^first: samples of shape \(4\); it was built for \(3\)/],
    [ht.ones([3]), ShapeError, /^first: samples of shape \(\); it was built for \(3\)/],
    [5, ShapeError, /^model|^first: the input is a scalar/],
    ['x', ArgumentError, /^model: expected a tensor, a variable, a number or nested arrays, got 'x'/],
    [
      [
        [1, 2, 3],
        [1, 2],
      ],
      ShapeError,
      /rows differ/,
    ],
    [
      ht.tensor(Int32Array.of(1, 2, 3), { shape: [1, 3] }),
      DtypeError,
      /a is int32; use 'float32' or 'float16'/,
    ],
  ];
  for (const [input, type, message] of cases)
    await refusesUnchanged(model, () => model.apply(input as ht.Tensor), type, message);
  const gone = ht.ones([1, 3]);
  gone.dispose();
  await refusesUnchanged(
    model,
    () => model.apply(gone),
    DisposedError,
    /tensor of shape \(1, 3\): it was disposed/,
  );
});

test('models', async () => {
  const layer = ht.layers.dense({ units: 2, name: 'one' });
  const cases: readonly Case[] = [
    [[], ArgumentError, /^sequential: no layers; give at least one/],
    [undefined, ArgumentError, /^sequential: no layers/],
    [[layer, 'dense'], ArgumentError, /^sequential: item 1 is 'dense'; use layers, as ht.layers makes them/],
    [[layer, null], ArgumentError, /^sequential: item 1 is null/],
    [[layer, layer], ArgumentError, /^sequential: layer one stands in it twice/],
    [
      [layer, ht.layers.dense({ units: 1, name: 'one' })],
      ArgumentError,
      /^sequential: two layers are called 'one'; name them apart/,
    ],
  ];
  for (const [given, type, message] of cases)
    await refuses(() => ht.sequential(given as ht.Layer[]), type, message);
});

test('setWeights', async () => {
  const model = ht.sequential([ht.layers.dense({ units: 2, inputShape: [3], name: 'set' })]);
  const cases: readonly Case[] = [
    [[], ShapeError, /^setWeights: 0 arrays for 2 weights/],
    [[[1, 2, 3, 4, 5, 6]], ShapeError, /^setWeights: 1 arrays for 2 weights/],
    [
      [
        [1, 2, 3, 4, 5, 6],
        [1, 2, 3],
      ],
      ShapeError,
      /^setWeights: 3 values for set\/bias of 2/,
    ],
    [
      [
        [1, 2, 3, 4, 5],
        [1, 2],
      ],
      ShapeError,
      /^setWeights: 5 values for set\/kernel of 6/,
    ],
  ];
  for (const [values, type, message] of cases)
    await refusesUnchanged(model, () => model.setWeights(values as number[][]), type, message);
});

test('options of optimizers', async () => {
  const { adam, sgd } = ht.optimizers;
  const cases: readonly [() => unknown, RegExp][] = [
    [() => sgd({ learningRate: -1 }), /learningRate -1; use a number from 0 on/],
    [() => sgd({ learningRate: Number.NaN }), /learningRate NaN/],
    [() => sgd({ learningRate: Infinity }), /learningRate Infinity/],
    [() => sgd({ learningRate: '0.1' as never }), /learningRate '0\.1'/],
    [
      () => sgd({ lr: 0.1 } as never),
      /^SGD: unknown option 'lr'; use 'momentum', 'nesterov', 'learningRate'/,
    ],
    [() => sgd(0.1 as never), /^SGD: options are 0\.1|learningRate/],
    [() => sgd({ momentum: -0.1 }), /^SGD: momentum -0\.1; use a number from 0 to 1/],
    [() => sgd({ momentum: 1.5 }), /^SGD: momentum 1\.5/],
    [() => sgd({ lossScaleFactor: 0 }), /scale is 0; use a number above 0/],
    [() => adam({ beta1: 1 }), /^Adam: beta1 1; use a number from 0 to below 1/],
    [() => adam({ beta2: -0.5 }), /^Adam: beta2 -0\.5/],
    [() => adam({ epsilon: -1 }), /^Adam: epsilon -1; use a number from 0 on/],
    [() => adam({ epsilon: Number.NaN }), /^Adam: epsilon NaN/],
    [
      () => adam({ momentum: 0.9 } as never),
      /^Adam: unknown option 'momentum'; use 'beta1', 'beta2', 'epsilon'/,
    ],
    [() => adam({ clipNorm: 0 }), /clipNorm 0; use a number above 0/],
    [() => adam({ clipValue: -1 }), /clipValue -1/],
    [() => adam({ globalClipNorm: Number.NaN }), /globalClipNorm NaN/],
    [() => adam({ clipNorm: 1, clipValue: 1 }), /clipNorm and clipValue given; use one of them/],
  ];
  for (const [make, message] of cases) await refuses(make, ArgumentError, message);
  const optimizer = sgd({ learningRate: 0.5 });
  await refuses(() => (optimizer.learningRate = -1), ArgumentError, /learningRate -1/);
  assert.is(optimizer.learningRate, 0.5);
});

for (const wrap of [false, true]) {
  test(`gradients given to ${wrap ? 'a LossScaleOptimizer' : 'an optimizer'}: refused as a whole, before the step begins`, async () => {
    const other = await ht.open();
    const elsewhere = { variable: ht.variable([1, 2]), gradient: ht.ones([2]) };
    const place = { engine };
    const first = ht.variable([1, 2], { ...place, name: 'first' });
    const second = ht.variable([3], { ...place, name: 'second' });
    const inner = ht.optimizers.adam({ learningRate: 0.1 });
    const optimizer = wrap ? new ht.LossScaleOptimizer(inner) : inner;
    const fine = ht.ones([2], 'float32', place);
    optimizer.apply([fine, ht.ones([1], 'float32', place)], [first, second]);
    const disposed = ht.ones([1], 'float32', place);
    disposed.dispose();
    const dead = ht.variable([3], { ...place, name: 'dead' });
    dead.dispose();
    const one = ht.ones([1], 'float32', place);
    const everything = async () => [await numbers(first), await numbers(second), await optimizer.state()];
    const before = await everything();
    const { submits } = engine.made;
    const cases: readonly [() => void, typeof ht.ArgumentError, RegExp][] = [
      [() => optimizer.apply([fine], [first, second]), ArgumentError, /^zip: 1 gradients for 2 variables/],
      [
        () => optimizer.apply([fine, ht.ones([2], 'float32', place)], [first, second]),
        ShapeError,
        /gradient of second is \(2\), the variable \(1\)/,
      ],
      [
        () => optimizer.apply([fine, ht.tensor(Int32Array.of(1), place)], [first, second]),
        DtypeError,
        /gradient of second is int32; use a float/,
      ],
      [
        () => optimizer.apply([elsewhere.gradient], [first]),
        ArgumentError,
        /gradient of first lies on another engine/,
      ],
      [
        () => optimizer.apply([fine, elsewhere.gradient], [first, elsewhere.variable]),
        ArgumentError,
        /the variables lie on two engines/,
      ],
      [() => optimizer.apply([fine, disposed], [first, second]), DisposedError, /it was disposed/],
      [() => optimizer.apply([fine, one], [first, dead]), DisposedError, /it was disposed/],
      [
        () => optimizer.apply([null, null], [first, second]),
        ArgumentError,
        /no gradient for any of 2 variables/,
      ],
      [() => optimizer.apply([], []), ArgumentError, /no gradient for any of 0 variables/],
    ];
    for (const [call, type, message] of cases) await refuses(call, type, message);
    assert.is(engine.made.submits, submits);
    assert.equal(await everything(), before);
    other.close();
  });
}
