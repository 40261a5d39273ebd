// Tests of convolutions and pooling beyond the op table: jit, chunks of images, values that are not finite.
import * as assert from 'uvu/assert';
import type { Host } from '../../src/gpu/engine-options.ts';
import { convolution } from '../../src/kernels/conv.ts';
import * as ht from '../../src/node.ts';
import { windowOf } from '../../src/values/window.ts';
import { suite } from '../harness.ts';
import { useEngines } from './engines.ts';
import { FORMS } from './row.ts';

const test = suite('convolutions');
const engines = useEngines(test);

/** Numbers without a pattern that halves hold exactly. */
function numbers(shape: readonly number[], dtype: ht.FloatDType, engine: ht.Engine, seed = 1): ht.Tensor {
  const size = shape.reduce((product, length) => product * length, 1);
  const values = Float32Array.from({ length: size }, (_, i) => (((i + seed) * 7919) % 257) / 128 - 1);
  return ht.tensor(values, { shape, dtype, engine });
}

for (const form of FORMS) {
  test(`jit gives the bits of eager ops, forward and backward, ${form}`, { timeout: 60_000 }, async () => {
    const { engine, dtype } = engines.form(form);
    const x = numbers([2, 9, 8, 4], dtype, engine);
    const filter = numbers([3, 3, 4, 8], dtype, engine, 3);
    const own = numbers([3, 3, 8, 1], dtype, engine, 5);
    const step = (image: ht.Tensor, w: ht.Tensor, d: ht.Tensor) => {
      const tape = new ht.GradientTape();
      tape.watch(image, w, d);
      const y = tape.record(() => {
        const first = ht.conv2d(image, w, 2, 'same', { activation: 'tanh' });
        const second = ht.depthwiseConv2d(first, d, 1, 'same');
        return ht.sum(ht.square(ht.resizeBilinear(ht.maxPool(second, 2), [5, 4])));
      });
      return [y, ...tape.gradient(y, [image, w, d])];
    };
    const eager = await Promise.all(step(x, filter, own).map((result) => result.data()));
    const fast = ht.jit(step);
    for (const _run of [1, 2]) {
      const results = fast(x, filter, own) as ht.Tensor[];
      assert.equal(await Promise.all(results.map((result) => result.data())), eager);
    }
    fast.dispose();
  });
}

test('a gradient by the image that is folded a few images at a time is that of all at once', async () => {
  const { engine } = engines.form('float32');
  // 3 MiB of products for patches an image: 11 of 13 at once.
  const [x, filters] = [[13, 16, 16, 48], 4] as const;
  const window = windowOf('test', [16, 16], [9, 9], { strides: 2, pad: 'same' });
  const w = numbers([9, 9, 48, filters], 'float32', engine);
  const upstream = numbers([13, 8, 8, filters], 'float32', engine, 2);
  const [whole, ...parts] = [
    ht.zeros(x, 'float32', { engine }),
    ...[0, 12].map(() => ht.zeros([1, 16, 16, 48], 'float32', { engine })),
  ];
  convolution.byImage(upstream, w, whole!, window);
  for (const [i, image] of [0, 12].entries())
    convolution.byImage(ht.slice(upstream, [image, 0, 0, 0], [1, -1, -1, -1]), w, parts[i]!, window);
  const all = await whole!.data();
  const size = all.length / 13;
  for (const [i, image] of [0, 12].entries())
    assert.equal(all.slice(image * size, (image + 1) * size), await parts[i]!.data(), `image ${image}`);
});

test('kernels for patches are measured, checked and chosen like any others', {
  timeout: 60_000,
}, async () => {
  const notes = { read: async () => undefined, write: async () => {} };
  const host: Host = { wait: (promise) => promise, freeMemory: 2 ** 32, notes };
  const engine = await ht.open({ gemm: { tune: true }, host });
  const x = numbers([2, 9, 8, 8], 'float32', engine);
  const filter = numbers([3, 3, 8, 8], 'float32', engine, 3);
  const convolve = () => ht.conv2d(x, filter, 1, 'same');
  const before = await convolve().data();
  const tuned = await ht.tune(convolve, { engine, verbose: 0 });
  assert.is(tuned.length, 1);
  assert.equal(tuned[0]!.refused, []);
  assert.equal(ht.gemmChoices(engine), { 'NN float32>float32 256x128x8 patches': tuned[0]!.chosen });
  const after = await convolve().data();
  for (const [i, value] of before.entries()) assert.ok(Math.abs(value - after[i]!) < 1e-4, `element ${i}`);
  engine.close();
});

test('maxPool keeps NaN and infinities, and gives the gradient to the first of equals', async () => {
  const { engine } = engines.form('float32');
  const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
  const x = ht.tensor([[1, nan, -infinity, -infinity, 3, 3, infinity, 4]], { engine });
  const image = ht.reshape(x, [1, 1, 8, 1]);
  const tape = new ht.GradientTape();
  tape.watch(image);
  const y = tape.record(() => ht.maxPool(image, [1, 2]));
  assert.equal([...(await y.data())], [nan, -infinity, 3, infinity]);
  const gradient = tape.gradient(y, image)!;
  assert.equal([...(await gradient.data())], [0, 1, 1, 0, 1, 0, 1, 0]);
});

test('what lies beside an image does not reach into its results', async () => {
  const { engine } = engines.form('float32');
  const infinite = ht.full([1, 3, 3, 4], Number.POSITIVE_INFINITY, 'float32', { engine });
  const images = ht.concat([infinite, ht.ones([1, 3, 3, 4], 'float32', { engine }), infinite], 0);
  const y = ht.conv2d(images, ht.ones([3, 3, 4, 1], 'float32', { engine }), 1, 'same');
  const middle = await ht.slice(y, [1, 0, 0, 0], [1, 3, 3, 1]).data();
  assert.equal([...middle], [16, 24, 16, 24, 36, 24, 16, 24, 16]);
});
