/** Launches `column_factors.wgsl` and `scale_columns.wgsl`: normalisation of columns by statistics that are given. */
import { column_factors, scale_columns } from '../generated/shaders.ts';
import { linearGrid } from '../gpu/shader.ts';
import { normalisationTail } from './epilogue.ts';
import type { ColumnStatistics, ColumnWeights } from './normalise_columns.ts';
import { elementOf, type Operand, quads, readForm, unusedStorage } from './operand.ts';
import { inQuads, scratch } from './whole-quads.ts';

/**
 * `(x - mean) / sqrt(variance + epsilon) gamma + beta` of rows of `columns`; what is undefined is left out. Statistics and weights are
 * (columns), float32.
 */
export function scaleColumnsKernel(
  x: Operand,
  { mean, variance }: ColumnStatistics,
  { gamma, beta }: ColumnWeights,
  y: Operand,
  { columns, epsilon }: { readonly columns: number; readonly epsilon: number },
): void {
  const { engine } = x;
  const across = quads(columns);
  const factors = scratch({ engine, dtype: 'float32' }, 12 * across, 'batchNormalization');
  engine.run(column_factors, {
    types: {},
    overrides: { GAMMA: gamma !== undefined, BETA: beta !== undefined },
    bindings: {
      ...{ mean: mean.storage, variance: variance.storage, factors: factors.storage },
      gamma: gamma?.storage ?? unusedStorage(engine, 0),
      beta: beta?.storage ?? unusedStorage(engine, 1),
    },
    params: { quads: across, epsilon },
    workgroups: linearGrid(across, 64),
  });
  const rows = x.size / columns;
  inQuads([x], y, columns, ([x4], y4) =>
    engine.run(scale_columns, {
      types: { In4: readForm(x), Out4: elementOf(y), Acc: 'f32' },
      bindings: { x: x4.storage, factors: factors.storage, y: y4.storage },
      params: { rows, quads: across },
      workgroups: linearGrid(Math.ceil(rows / scale_columns.constants.STRIP) * across, 64),
      tail:
        x.dtype === y.dtype
          ? normalisationTail({ upstream: x4.storage, result: y4.storage }, factors.storage, columns)
          : undefined,
    }),
  );
  engine.release(factors.storage);
}
