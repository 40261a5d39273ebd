// Tests of gemm_matrix for matrix units that no adapter here has: every tile, size of fragment and layout compiles, and is chosen.
import * as assert from 'uvu/assert';
import { gemm } from '../src/kernels/gemm/gemm.ts';
import { nameOf } from '../src/kernels/gemm/kernel.ts';
import { matrix } from '../src/kernels/gemm/matrix.ts';
import { prior } from '../src/kernels/gemm/prior.ts';
import type { GemmShape, Layout } from '../src/kernels/gemm/problem.ts';
import * as ht from '../src/node.ts';
import { suite } from './harness.ts';
import { openNullEngine } from './null-engine.ts';

const test = suite('gemm_matrix, compiled');

/** NVIDIA and AMD, NVIDIA, Intel, lavapipe; the last one is Apple's. */
const CONFIGS = [
  { m: 16, n: 16, k: 16, input: 'f16', output: 'f32' },
  { m: 16, n: 8, k: 16, input: 'f16', output: 'f32' },
  { m: 8, n: 16, k: 16, input: 'f16', output: 'f32' },
  { m: 8, n: 8, k: 8, input: 'f16', output: 'f32' },
  { m: 8, n: 8, k: 8, input: 'f32', output: 'f32' },
] as const satisfies readonly ht.MatrixConfig[];

const shapeOf = (input: ht.FloatDType, layout: Layout = 'NN', size = 70): GemmShape => ({
  ...{ m: size, k: size, n: size, batch: 1, layout, input, output: input },
});

for (const config of CONFIGS) {
  const { m, n, k, input } = config;
  test(`${m}x${n}x${k} ${input}: every tile in every layout compiles`, { timeout: 60_000 }, async () => {
    const engine = await openNullEngine({ matrix: [config], subgroupSize: [16, 32] });
    const dtypes = input === 'f16' ? (['float16'] as const) : (['float32', 'float16'] as const);
    let compiled = 0;
    for (const dtype of dtypes) {
      const x = ht.zeros([70, 70], dtype, { engine });
      const c = ht.zeros([70, 70], dtype, { engine });
      for (const [i, tile] of matrix.tiles(shapeOf(dtype), engine.info).entries()) {
        for (const [transposeA, transposeB] of [
          [false, false],
          [false, true],
          [true, false],
        ] as const) {
          const sizes = { m: 70, k: 70, n: 70, transposeA, transposeB };
          gemm({ a: x, b: x, c, ...sizes }, { candidate: { kernel: matrix, tile, splits: 1 + (i % 2) } });
          await engine.settle();
          compiled++;
        }
      }
    }
    assert.ok(compiled >= 9 * dtypes.length, `${compiled} variants`);
    engine.close();
  });
}

test('halves go to units for halves, else to those for f32; packed halves and float32 beside units for halves to none', async () => {
  const tiles = async (configs: readonly ht.MatrixConfig[], input: ht.FloatDType, f16: ht.HalfForm) => {
    const engine = await openNullEngine({ matrix: configs, subgroupSize: [32, 32] });
    const found = matrix.tiles(shapeOf(input), { ...engine.info, f16 });
    engine.close();
    return new Set(found.map(({ name }) => name.split(' of ')[1]));
  };
  assert.equal([...(await tiles(CONFIGS.slice(3), 'float16', 'native'))], ['8x8x8 f16']);
  assert.equal([...(await tiles(CONFIGS.slice(4), 'float16', 'native'))], ['8x8x8 f32']);
  assert.equal([...(await tiles(CONFIGS.slice(4), 'float16', 'packed'))], ['8x8x8 f32']);
  assert.equal([...(await tiles(CONFIGS.slice(4), 'float32', 'packed'))], ['8x8x8 f32']);
  assert.equal([...(await tiles(CONFIGS.slice(0, 4), 'float32', 'native'))], []);
  assert.equal([...(await tiles(CONFIGS.slice(0, 4), 'float16', 'packed'))], []);
});

test('GPUs with matrix units take them first, with the largest fragments', async () => {
  const engine = await openNullEngine({ matrix: CONFIGS.slice(0, 4), subgroupSize: [32, 32] });
  // The null backend has the least workgroup memory that WebGPU allows, half of what GPUs have.
  const limits = { ...engine.info.limits, workgroupStorage: 32768 };
  const info = { ...engine.info, vendor: 'nvidia', limits };
  engine.close();
  const first = (shape: GemmShape) => nameOf(prior(shape, info)[0]!);
  assert.match(first(shapeOf('float16', 'NT', 4096)), /^gemm_matrix 64x128x16 1x8 of 16x16x16 f16$/);
  assert.match(first(shapeOf('float32', 'NT', 4096)), /^gemm_tiled 128x64x16/);
  assert.match(
    first({ ...shapeOf('float16', 'TN', 64), k: 4096 }),
    /^gemm_matrix 32x32x16 2x2 of 16x16x16 f16 \/32$/,
  );
});
