// What every kernel of the GEMM family must do with patches of images in the place of a stored matrix: implicit GEMM.
import * as assert from 'uvu/assert';
import { emptyTensor } from '../../src/autograd/tensor.ts';
import { gemm } from '../../src/kernels/gemm/gemm.ts';
import { type GemmKernel, nameOf, type Tile } from '../../src/kernels/gemm/kernel.ts';
import * as ht from '../../src/node.ts';
import { sizeOf } from '../../src/values/shape.ts';
import { windowOf } from '../../src/values/window.ts';
import type { Test } from '../harness.ts';
import type { Plain } from '../reference/array.ts';
import { castValue } from '../reference/cast.ts';
import { conv2d, type Windows } from '../reference/convolutions.ts';
import { matMul } from '../reference/matmul.ts';
import { assertClose } from '../tolerances.ts';
import { randomOf, uniform } from './draws.ts';
import { type Engines, readAll } from './engines.ts';
import { inputOf } from './gemm-case.ts';
import type { Form, FormName } from './row.ts';

interface PatchCase extends Windows {
  /** Batch, height, width, channels. */
  readonly image: readonly [number, number, number, number];
  readonly filter: readonly [number, number];
  readonly filters: number;
}

const CASES: readonly PatchCase[] = [
  { image: [2, 9, 7, 4], filter: [3, 3], filters: 5, pad: 'same' },
  { image: [1, 7, 11, 12], filter: [5, 2], filters: 40, strides: [1, 2], dilations: [1, 3], pad: 2 },
  { image: [1, 8, 8, 8], filter: [2, 2], filters: 32, strides: 2 },
];

/** Registers the tests of one kernel in these forms. */
export function checkPatches(
  test: Test,
  engines: Engines,
  kernel: GemmKernel,
  forms: readonly FormName[],
): void {
  for (const [place, form] of forms.entries()) {
    test(`${kernel.name}: patches as rows and as columns, ${form}`, { timeout: 60_000 }, async () => {
      // Compiling a variant takes long: each form has cases of its own.
      for (const [index, one] of CASES.entries()) {
        if (index % forms.length !== place) continue;
        const ran = await checkCase(kernel, one, engines.form(form), index);
        if (kernel.name !== 'gemm_skinny') assert.is(ran, 2);
      }
    });
  }
}

/** Runs one case with a tile of the kernel, another one in each case; says how many products the kernel took. */
async function checkCase(kernel: GemmKernel, one: PatchCase, form: Form, index: number): Promise<number> {
  const { engine, dtype } = form;
  const [images, height, width, channels] = one.image;
  const window = windowOf('test', [height, width], one.filter, one);
  const [positions, length] = [images * sizeOf(window.positions), sizeOf(one.filter) * channels];
  const random = randomOf(JSON.stringify(one));
  const draw = (...shape: number[]): Plain => ({
    shape,
    data: uniform(-1, 1)
      .draw(random, shape, 0)
      .map((value) => castValue(value, dtype)),
  });
  const x = draw(...one.image);
  const filter = draw(...one.filter, channels, one.filters);
  const upstream = draw(positions, one.filters);
  const tensorOf = ({ shape, data }: Plain) => ht.tensor(Float64Array.from(data), { shape, dtype, engine });
  const patches = { window, images, channels };

  const product = async (
    b: Plain,
    m: number,
    k: number,
    transposeA: boolean,
    expected: readonly number[],
  ): Promise<number> => {
    const layout = transposeA ? 'TN' : 'NN';
    const shape = { m, k, n: one.filters, batch: 1, layout, input: dtype, output: dtype, patches } as const;
    const tiles: readonly Tile[] = kernel.tiles(shape, engine.info);
    if (tiles.length === 0) return 0;
    const candidate = { kernel, tile: tiles[index % tiles.length]!, splits: 1 + (index % 2) };
    const operands = { a: tensorOf(x), b: tensorOf(b) };
    const c = emptyTensor(engine, [m, one.filters], 'float32', 'test');
    gemm({ ...operands, c, m, k, n: one.filters, transposeA, patches }, { candidate, input: inputOf(form) });
    const [got] = await readAll(engine, [c]);
    const op = `${nameOf(candidate)} ${layout} patches ${JSON.stringify(one)}`;
    assertClose(got!, expected, { op, dtype: 'float32', terms: k });
    for (const tensor of [operands.a, operands.b, c]) tensor.dispose();
    return 1;
  };
  const rows = conv2d(x, filter, one).data;
  // Each column of the patches by a filter that is 1 there and 0 elsewhere.
  const identity = Array.from({ length: length * length }, (_, i) =>
    Math.floor(i / length) === i % length ? 1 : 0,
  );
  const stored = conv2d(x, { shape: [...one.filter, channels, length], data: identity }, one).data;
  const columns = matMul({ shape: [positions, length], data: stored }, upstream, { transposeA: true }).data;
  return (
    (await product(filter, positions, length, false, rows)) +
    (await product(upstream, length, positions, true, columns))
  );
}
