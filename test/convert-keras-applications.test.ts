// Small models with what Keras's applications have between their convolutions, in their own configurations.
import * as assert from 'uvu/assert';
import { modelToConfig } from '../src/convert/keras/write-model.ts';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { functional, input, layer, read } from './keras-config.ts';
import { numbers } from './step.ts';

const test = suite('parts of Keras applications');
let engine: ht.Engine;
test.before(async () => {
  engine = await ht.open({ seed: 4 });
});
test.after(() => engine.close());

type Model = ht.Functional<ht.Tensor, ht.Tensor>;
const PIXELS = Array.from({ length: 2 * 2 * 3 }, (_, i) => ((i * 5) % 11) - 4);
const image = input('x', [null, null, null, 3]);
const of = (name: string) => [[name, 0, 0, {}]];
const op = (fn: string, name: string, ...nodes: unknown[]) =>
  layer(
    fn.endsWith('getitem') ? 'SlicingOpLambda' : 'TFOpLambda',
    name,
    { dtype: 'float32', function: fn },
    ...nodes,
  );

/** Of the model, and of what is written of it. */
async function outputOf(config: object, version = '2.12.0'): Promise<number[]> {
  const x = ht.tensor(PIXELS, { shape: [1, 2, 2, 3] });
  const model = read(config, version) as unknown as Model;
  const y = await numbers(model.apply(x));
  const again = read(
    JSON.parse(JSON.stringify(modelToConfig(model as never, 'keras3'))),
    '3.5.0',
  ) as unknown as Model;
  again.build();
  again.setWeights(await model.getWeights());
  assert.equal(await numbers(again.apply(x)), y);
  for (const one of [model, again]) one.dispose();
  return y;
}

function assertNear(got: readonly number[], wanted: readonly number[]): void {
  assert.is(got.length, wanted.length);
  for (const [i, value] of wanted.entries())
    assert.ok(Math.abs(got[i]! - value) <= 1e-5 * (1 + Math.abs(value)), `${got} is not ${wanted}`);
}

test('MobileNetV3: hard swish by operations, and squeeze and excitation', async () => {
  const config = functional(
    [
      image,
      layer('Rescaling', 'r', { scale: 1 / 127.5, offset: -1 }, of('x')),
      op('__operators__.add', 'plus', ['r', 0, 0, { y: 3, name: null }]),
      layer('ReLU', 'cut', { max_value: 6, negative_slope: 0, threshold: 0 }, of('plus')),
      op('math.multiply', 'sixth', ['cut', 0, 0, { y: 1 / 6, name: null }]),
      layer('Multiply', 'swish', {}, [
        ['r', 0, 0, {}],
        ['sixth', 0, 0, {}],
      ]),
      layer(
        'GlobalAveragePooling2D',
        'squeeze',
        { data_format: 'channels_last', keepdims: true },
        of('swish'),
      ),
      op('math.multiply', 'excite', ['swish', 0, 0, { y: ['squeeze', 0, 0], name: null }]),
    ],
    [['excite', 0, 0]],
  );
  const swish = PIXELS.map((value) => {
    const x = value / 127.5 - 1;
    return x * (Math.min(Math.max(x + 3, 0), 6) / 6);
  });
  const means = [0, 1, 2].map((c) => swish.filter((_, i) => i % 3 === c).reduce((a, b) => a + b) / 4);
  assertNear(
    await outputOf(config),
    swish.map((value, i) => value * means[i % 3]!),
  );
});

test('preprocess_input of ResNet: channels turned round, and their means taken off', async () => {
  const slice = (step: number | null) => ({ start: null, stop: null, step });
  const config = functional(
    [
      image,
      op('__operators__.getitem', 'bgr', [
        'x',
        0,
        0,
        { slice_spec: [{ class_name: '__ellipsis__' }, slice(-1)] },
      ]),
      op('nn.bias_add', 'less', ['bgr', 0, 0, { bias: [-103.939, -116.779, -123.68], data_format: 'NHWC' }]),
    ],
    [['less', 0, 0]],
  );
  const means = [103.939, 116.779, 123.68];
  assertNear(
    await outputOf(config),
    PIXELS.map((_, i) => PIXELS[i - (i % 3) + 2 - (i % 3)]! - means[i % 3]!),
  );
});

test('EfficientNet: scales by channel as Keras 3 writes arrays; InceptionResNetV2: a scaled branch', async () => {
  const scale = { class_name: '__tensor__', config: { value: [2, 0.5, -1], dtype: 'float32' } };
  const config = functional(
    [
      image,
      layer('Rescaling', 'r', { scale, offset: 0 }, of('x')),
      layer('CustomScaleLayer', 'block35_1', { scale: 0.25 }, [
        ['x', 0, 0, {}],
        ['r', 0, 0, {}],
      ]),
      layer('Activation', 'swish', { activation: 'hard_swish' }, of('block35_1')),
    ],
    [['swish', 0, 0]],
  );
  const wanted = PIXELS.map((value, i) => {
    const x = value + 0.25 * value * [2, 0.5, -1][i % 3]!;
    return x * Math.min(Math.max(x / 6 + 0.5, 0), 1);
  });
  assertNear(await outputOf(config, '3.3.0'), wanted);
});

test('ConvNeXt: LayerScale, StochasticDepth, and a sum by an operation', async () => {
  const config = functional(
    [
      image,
      layer('LayerScale', 's', { init_values: 0.5, projection_dim: 3 }, of('x')),
      layer('StochasticDepth', 'd', { drop_path_rate: 0.3 }, of('s')),
      op('__operators__.add', 'sum', ['x', 0, 0, { y: ['d', 0, 0], name: null }]),
    ],
    [['sum', 0, 0]],
  );
  assertNear(
    await outputOf(config),
    PIXELS.map((value) => 1.5 * value),
  );
});

test('augmentation in front of a model', async () => {
  const config = functional(
    [
      image,
      layer('RandomFlip', 'f', { mode: 'horizontal_and_vertical', seed: null }, of('x')),
      layer(
        'RandomRotation',
        'r',
        { factor: 0.1, fill_mode: 'reflect', fill_value: 0, interpolation: 'bilinear', seed: 3 },
        of('f'),
      ),
      layer('RandomZoom', 'z', { height_factor: 0.1, width_factor: null, fill_mode: 'reflect' }, of('r')),
      layer('RandomContrast', 'c', { factor: 0.2, value_range: [0, 255] }, of('z')),
    ],
    [['c', 0, 0]],
  );
  assertNear(await outputOf(config), PIXELS);
});
