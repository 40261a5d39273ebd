// Bad graphs, layers of the wrong inputs, and data for models of several inputs: class, message, and nothing changed.
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { refuses, refusesUnchanged } from './refusal.ts';

const test = suite('refused graphs');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ seed: 5 });
});
test.after(() => engine.close());

const { ArgumentError, DataError, DtypeError, ShapeError } = ht;
const { layers } = ht;
type Case = readonly [call: () => unknown, type: typeof ht.ArgumentError, message: RegExp];

async function check(cases: readonly Case[]): Promise<void> {
  for (const [call, type, message] of cases) await refuses(call, type, message);
}

test('inputs and graphs', async () => {
  const x = ht.input({ shape: [3], name: 'x' });
  const z = ht.input({ shape: [3], name: 'z' });
  const y = layers.dense({ units: 2, name: 'y' }).apply(x);
  const shared = layers.dense({ units: 2, name: 'shared' });
  shared.apply(x);
  await check([
    [() => ht.input({} as never), ArgumentError, /^input: no shape; give that of one sample/],
    [() => ht.input({ shape: [0] }), ShapeError, /no elements/],
    [
      () => ht.input({ shape: [2], dtype: 'bool' as never }),
      DtypeError,
      /^input.*: dtype is bool; use 'float32', 'float16' or 'int32'/,
    ],
    [() => ht.input({ shape: [2], size: 3 } as never), ArgumentError, /^input: unknown option 'size'/],
    [
      () => ht.model({ inputs: x } as never),
      ArgumentError,
      /^model: outputs: undefined; use symbolic tensors/,
    ],
    [() => ht.model({ inputs: [], outputs: y }), ArgumentError, /^model: inputs: none; use symbolic tensors/],
    [
      () => ht.model({ inputs: ht.ones([1, 3]) as never, outputs: y }),
      ArgumentError,
      /^model: inputs: Tensor; use/,
    ],
    [
      () => ht.model({ inputs: z, outputs: y }),
      ArgumentError,
      /^model: the outputs depend on 'x', which is not among the inputs 'z'/,
    ],
    [
      () => ht.model({ inputs: [x, x], outputs: y, name: 'own' }),
      ArgumentError,
      /^own: input 'x' is given twice/,
    ],
    [
      () => ht.model({ inputs: x, outputs: layers.dense({ units: 1, name: 'y' }).apply(y) }),
      ArgumentError,
      /^model: two layers are called 'y'; name them apart/,
    ],
    [
      () => shared.apply(ht.input({ shape: [4] })),
      ShapeError,
      /^shared: samples of shape \(4\); it was built for \(3\)/,
    ],
    [() => shared.apply([x, z] as never), ArgumentError, /^shared: 2 inputs; it takes one/],
    [
      () => layers.add({ name: 'sum' }).apply([x, ht.ones([1, 3])] as never),
      ArgumentError,
      /^sum: symbolic tensors and values mixed/,
    ],
    [
      () => layers.add({ name: 'sum' }).apply(x as never),
      ArgumentError,
      /^sum: it takes a list of inputs, got SymbolicTensor/,
    ],
    [() => layers.add({ name: 'sum' }).apply([]), ArgumentError, /^sum: no inputs; give at least one/],
  ]);
});

test('shapes and options of layers', async () => {
  const of = (...shape: number[]) => ht.input({ shape });
  const named = { name: 'l' };
  await check([
    [
      () => layers.add(named).apply([of(3), of(4)]),
      ShapeError,
      /^l: shapes do not broadcast: a is \(3\), b is \(4\)/,
    ],
    [() => layers.subtract(named).apply([of(3)]), ShapeError, /^l: 1 inputs, samples \(3\); give two/],
    [
      () => layers.concatenate(named).apply([of(3, 2), of(4, 5)]),
      ShapeError,
      /^l: samples are \(3, 2\), \(4, 5\); sizes may differ along axis 2 alone/,
    ],
    [
      () => layers.concatenate({ ...named, axis: 0 }).apply([of(3), of(3)]),
      ShapeError,
      /^l: axis 0 is that of the batch/,
    ],
    [
      () => layers.concatenate({ ...named, axis: 3 }).apply([of(3), of(3)]),
      ShapeError,
      /^l: axis 3 for a tensor of rank 2/,
    ],
    [
      () => layers.reshape({ ...named, targetShape: [4] }).apply(of(3, 2)),
      ShapeError,
      /^l: samples are \(3, 2\) of 6 elements, targetShape is \(4\)/,
    ],
    [
      () => layers.reshape({ ...named, targetShape: [-1, 4] }).apply(of(3, 2)),
      ShapeError,
      /^l: samples are \(3, 2\)/,
    ],
    [() => layers.reshape({ ...named, targetShape: [-1, -1] }), ArgumentError, /^l: targetShape \[-1, -1\]/],
    [
      () => layers.permute({ ...named, dims: [1, 1] }),
      ArgumentError,
      /^l: dims \[1, 1\]; name each axis once/,
    ],
    [
      () => layers.permute({ ...named, dims: [2, 1] }).apply(of(3)),
      ShapeError,
      /^l: samples are \(3\), dims \[2, 1\]/,
    ],
    [
      () => layers.repeatVector({ ...named, n: 2 }).apply(of(3, 2)),
      ShapeError,
      /^l: samples are \(3, 2\); use \(features\)/,
    ],
    [() => layers.repeatVector({ ...named, n: 0 }), ArgumentError, /^l: n 0; use a whole number from 1 on/],
    [() => layers.reLU({ ...named, maxValue: -1 }), ArgumentError, /^l: maxValue -1; use a number from 0 on/],
    [
      () => layers.prelu({ ...named, sharedAxes: [3] }).apply(of(3, 2)),
      ArgumentError,
      /^l: sharedAxes names axis 3 of samples \(3, 2\)/,
    ],
    [
      () => layers.softmax({ ...named, axis: 2 }).apply(of(3)),
      ShapeError,
      /^l: axis 2 for a tensor of rank 2/,
    ],
    [
      () => layers.dropout({ ...named, rate: 0.5, noiseShape: [null, 2] }).apply(of(3)),
      ShapeError,
      /^l: noiseShape \[null, 2\] for samples \(3\)/,
    ],
    [
      () => layers.spatialDropout2d({ ...named, rate: 0.5 }).apply(of(3)),
      ShapeError,
      /^l: samples are \(3\); use \(height, width, channels\)/,
    ],
    [
      () => layers.gaussianNoise({ ...named, stddev: -1 }),
      ArgumentError,
      /^l: stddev -1; use a number from 0 on/,
    ],
    [() => layers.rescaling({ ...named } as never), ArgumentError, /^l: scale undefined; use a number/],
    [
      () => layers.zeroPadding2d({ ...named, padding: [1, -1] }),
      ArgumentError,
      /^l: padding \[1, -1\]; use a whole number from 0 on/,
    ],
    [
      () => layers.zeroPadding2d(named).apply(of(3, 2)),
      ShapeError,
      /^l: samples are \(3, 2\); use \(height, width, channels\)/,
    ],
    [
      () => layers.cropping1D({ ...named, cropping: 2 }).apply(of(4, 1)),
      ShapeError,
      /^l: samples are \(4, 1\), cropping is .*leave at least one element/,
    ],
    [
      () => layers.upSampling2d({ ...named, interpolation: 'cubic' as never }),
      ArgumentError,
      /^l: unknown interpolation 'cubic'; use 'nearest' or 'bilinear'/,
    ],
    [
      () => layers.timeDistributed({ ...named, layer: 3 as never }),
      ArgumentError,
      /^l: layer is 3; use one that ht.layers makes/,
    ],
    [
      () => layers.timeDistributed({ ...named, layer: layers.flatten() }).apply(of(3)),
      ShapeError,
      /^l: samples are \(3\); use \(steps, \.\.\.\)/,
    ],
    [
      () => layers.masking(named).apply(ht.ones([1, 2, 3]), { mask: [null, null] as never }),
      ArgumentError,
      /^l: 2 masks for 1 inputs/,
    ],
  ]);
});

test('data, losses and metrics of a model of two inputs and two outputs', async () => {
  const [a, b] = [ht.input({ shape: [2], name: 'a' }), ht.input({ shape: [1], dtype: 'int32', name: 'b' })];
  const asFloat = layers.rescaling({ scale: 1 }).apply(b);
  const model = ht.model({
    inputs: [a, b],
    outputs: [
      layers.dense({ units: 1, name: 'p' }).apply(a),
      layers.dense({ units: 1, name: 'q' }).apply(asFloat),
    ],
    name: 'pair',
  });
  const compile = (options: object) => () => model.compile(options as ht.CompileOptions);
  model.compile({ loss: 'mse' });
  const [x, y] = [
    [[[1, 2]], [[1]]],
    [[[1]], [[1]]],
  ];
  const fit =
    (p: unknown, q: unknown, options: object = {}) =>
    () =>
      model.fit(p as never, q as never, { verbose: 0, ...options });
  const cases: readonly Case[] = [
    [
      fit([[1, 2]], y),
      ArgumentError,
      /^fit: x: 1 arrays for 2 places; give one for each of 'a', 'b', in this order or by name/,
    ],
    [fit(ht.ones([1, 2]), y), ArgumentError, /^fit: x: one array, Tensor; give one for each/],
    [fit({ a: x[0], c: x[1] }, y), ArgumentError, /^fit: x: nothing is called 'c'/],
    [fit({ a: x[0] }, y), ArgumentError, /^fit: x: 'b' is missing/],
    [fit([x[0], null], y), ArgumentError, /^fit: x 'b' is null/],
    [fit([x[0], [[1], [2]]], y), ShapeError, /^fit: x 'a' has 1 samples, x 'b' has 2; use as many of both/],
    [
      fit([[[1, 2, 3]], x[1]], y),
      ShapeError,
      /^fit: input 'a': samples are \(3\), the model's inputShape is \(2\)/,
    ],
    [fit([x[0], [[1.5]]], y), DataError, /^fit: x 'b': 1\.5 in sample 0, element 0; use whole numbers/],
    [fit([[[1, Number.NaN]], x[1]], y), DataError, /^fit: x 'a': NaN in sample 0, element 1/],
    [fit(x, [y[0], [[1, 2]]]), ShapeError, /^fit: labels are \(1, 2\), predictions \(1, 1\)/],
    [
      fit(x, [y[0], null]),
      ArgumentError,
      /^fit: y 'q' is null; give labels for each output with a loss or metrics/,
    ],
    [
      fit(x, y, { classWeight: { 0: 1 } }),
      ArgumentError,
      /^fit: classWeight for several outputs; use sampleWeight/,
    ],
    [() => model.predict([[[1, 2, 3]], [[1]]]), ShapeError, /^pair: input 'a': samples are \(3\)/],
    [
      () => model.apply([ht.ones([1, 3]), ht.ones([1, 1])]),
      ShapeError,
      /^pair: input 'a': samples are \(3\)/,
    ],
    [compile({ loss: ['mse'] }), ArgumentError, /^compile: loss has 1 items for the outputs 'p', 'q'/],
    [
      compile({ loss: { p: 'mse', r: 'mse' } }),
      ArgumentError,
      /^compile: loss: no output is called 'r'; use 'p' or 'q'/,
    ],
    [compile({ loss: { p: null, q: null } }), ArgumentError, /^compile: no output has a loss/],
    [
      compile({ loss: 'mse', lossWeights: { p: 'a' } }),
      ArgumentError,
      /^compile: lossWeights holds 'a'; use numbers/,
    ],
    [
      compile({ loss: 'mse', metrics: { r: 'accuracy' } }),
      ArgumentError,
      /^compile: metrics: no output is called 'r'/,
    ],
    [compile({ loss: 'mse', metrics: [['accuracy']] }), ArgumentError, /^compile: metrics has 1 items/],
    [() => model.getLayer('r'), ArgumentError, /^pair: no layer r; it has b, a, rescaling/],
  ];
  for (const [call, type, message] of cases) await refusesUnchanged(model, call, type, message);
});
