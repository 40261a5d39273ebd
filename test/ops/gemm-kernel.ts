// What every kernel of the GEMM family must do: tiles, layouts, storages, ragged sizes, batches, parts of K, epilogues.
import * as assert from 'uvu/assert';
import { emptyTensor } from '../../src/autograd/tensor.ts';
import { gemm } from '../../src/kernels/gemm/gemm.ts';
import type { Candidate, GemmKernel, Tile } from '../../src/kernels/gemm/kernel.ts';
import type { Layout } from '../../src/kernels/gemm/problem.ts';
import * as ht from '../../src/node.ts';
import type { Test } from '../harness.ts';
import type { Engines } from './engines.ts';
import { checkGemm, inputOf } from './gemm-case.ts';
import type { Form, FormName } from './row.ts';

const LAYOUTS: readonly Layout[] = ['NN', 'NT', 'TN', 'TT'];
/** m, k, n; the last three are for kernels that take few rows or columns only. */
const SIZES = [
  [1, 1, 1],
  [7, 7, 7],
  [33, 33, 33],
  [59, 37, 45],
  [130, 130, 130],
  [1, 130, 45],
  [3, 37, 130],
  [130, 45, 7],
] as const;

type Size = readonly [m: number, k: number, n: number];

/** The tiles of a kernel for a problem of this size; none where it does not take it. */
function tilesOf(kernel: GemmKernel, [m, k, n]: Size, { engine, dtype }: Form): readonly Tile[] {
  const shape = { m, k, n, batch: 1, layout: 'NN', input: dtype, output: dtype } as const;
  return kernel.tiles(shape, engine.info);
}

const whole = (kernel: GemmKernel, tile: Tile): Candidate => ({ kernel, tile, splits: 1 });

/** Registers the tests of one kernel in these forms of float32 and float16. */
export function checkKernel(
  test: Test,
  engines: Engines,
  kernel: GemmKernel,
  forms: readonly FormName[],
): void {
  for (const form of forms) {
    test(`${kernel.name}: every layout on ragged sizes, ${form}`, { timeout: 60_000 }, async () => {
      const own = engines.form(form);
      let ran = 0;
      for (const layout of LAYOUTS) {
        for (const [m, k, n] of SIZES) {
          const [tile] = tilesOf(kernel, [m, k, n], own);
          if (!tile) continue;
          await checkGemm({ m, k, n, layout }, own, [own.dtype], whole(kernel, tile));
          ran++;
        }
      }
      assert.ok(ran >= 4, `${ran} problems`);
    });
  }

  test(`${kernel.name}: every tile, on ragged sizes and on those that fit it`, {
    timeout: 60_000,
  }, async () => {
    const own = engines.form('float32');
    const ragged: Size = tilesOf(kernel, [59, 37, 45], own).length > 0 ? [59, 37, 45] : [5, 37, 45];
    for (const [i, tile] of tilesOf(kernel, ragged, own).entries()) {
      const [m, k, n] = ragged;
      const [layout, form] = [LAYOUTS[i % 4]!, engines.form(forms[i % forms.length]!)];
      await checkGemm({ m, k, n, layout }, form, ['float32'], whole(kernel, tile));
      const fitting = { m: tile.rows, k: 3 * tile.step, n: 2 * tile.columns, layout: LAYOUTS[(i + 1) % 4]! };
      await checkGemm(
        fitting,
        engines.form(forms[(i + 1) % forms.length]!),
        ['float32'],
        whole(kernel, tile),
      );
    }
  });

  test(`${kernel.name}: batches, one operand for all, parts of K, epilogues`, {
    timeout: 60_000,
  }, async () => {
    for (const [i, form] of forms.entries()) {
      const own = engines.form(form);
      const tile = tilesOf(kernel, [6, 100, 9], own)[0]!;
      const size = { m: 6, k: 100, n: 9 };
      const layout = (['NN', 'NT', 'TN'] as const)[i]!;
      for (const shared of [undefined, 'a', 'b'] as const)
        await checkGemm(
          { ...size, layout, batch: 3, ...(shared ? { shared } : {}) },
          own,
          [own.dtype],
          whole(kernel, tile),
        );
      const epilogue = { biased: true, residual: true, activation: 'relu' } as const;
      await checkGemm({ ...size, ...epilogue, batch: 2 }, own, [own.dtype], whole(kernel, tile));
      for (const splits of [2, 3])
        await checkGemm({ ...size, layout, ...epilogue, batch: 2 }, own, ['float32', 'float16'], {
          kernel,
          tile,
          splits,
        });
    }
  });

  test(`${kernel.name}: does in its epilogue what kernels of their own did with its result`, {
    timeout: 60_000,
  }, async () => {
    // Parts of K are summed by a kernel that all share.
    for (const [i, form] of forms.entries()) {
      const own = engines.form(form);
      const { engine, dtype } = own;
      const [m, k, n] = [5, 12, 8];
      const tile = tilesOf(kernel, [m, k, n], own)[0]!;
      const draw = (shape: readonly number[], of: ht.FloatDType, from = -1) =>
        ht.randomUniform(shape, from, 3, of, { engine });
      const [a, b] = [draw([m, k], dtype), draw([k, n], dtype)];
      const [gamma, beta, mean] = [draw([n], 'float32'), draw([n], 'float32'), draw([n], 'float32')];
      const variance = draw([n], 'float32', 0.1);
      for (const splits of i === 0 ? [1, 2] : [1]) {
        const fn = (a: ht.Tensor, b: ht.Tensor) => {
          const c = emptyTensor(engine, [m, n], dtype, 'test');
          gemm({ a, b, c, m, k, n }, { candidate: { kernel, tile, splits }, input: inputOf(own) });
          return ht.relu6(ht.batchNormalization(c, { gamma, beta, mean, variance }));
        };
        const traced = ht.jit(fn);
        const { dispatches } = await traced.program(a, b).profile();
        const labels = dispatches.map(({ label }) => label);
        assert.is(labels.length, splits + 1, labels.join('; '));
        assert.equal(await traced(a, b).data(), await fn(a, b).data(), `${form} by ${splits}`);
        traced.dispose();
      }
    }
  });

  test(`${kernel.name}: the overflow flag is set by what does not fit, and by nothing else`, async () => {
    for (const form of forms) {
      const own = engines.form(form);
      const { engine, dtype } = own;
      const tile = tilesOf(kernel, [5, 8, 7], own)[0]!;
      for (const [factor, output, expected] of [
        [80, 'float16', 0],
        [110, 'float16', 1],
        [110, 'float32', 0],
        [Number.POSITIVE_INFINITY, 'float32', 1],
        [Number.NaN, 'float32', 1],
      ] as const) {
        for (const splits of [1, 2]) {
          const flag = ht.zeros([1], 'uint32', { engine });
          const a = ht.full([5, 8], factor, dtype, { engine });
          const b = ht.full([8, 7], 80, dtype, { engine });
          const c = ht.zeros([5, 7], output, { engine });
          gemm(
            { a, b, c, m: 5, k: 8, n: 7, overflow: flag.storage },
            { candidate: { kernel, tile, splits }, input: inputOf(own) },
          );
          assert.equal([...(await flag.data())], [expected], `${form} ${factor} into ${output} by ${splits}`);
          for (const tensor of [flag, a, b, c]) tensor.dispose();
        }
      }
    }
  });
}
