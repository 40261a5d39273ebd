/** Launches `moving_statistics.wgsl`: moving means and variances take a step towards those of a batch. */
import { moving_statistics } from '../generated/shaders.ts';
import { linearGrid } from '../gpu/shader.ts';
import type { ColumnStatistics } from './normalise_columns.ts';

/** In place, all float32; a channel whose batch statistics are not finite stays as it is. */
export function movingStatisticsKernel(
  batch: ColumnStatistics,
  moving: ColumnStatistics,
  momentum: number,
): void {
  const { size, engine } = moving.mean;
  engine.run(moving_statistics, {
    types: {},
    bindings: {
      ...{ mean: batch.mean.storage, variance: batch.variance.storage },
      ...{ movingMean: moving.mean.storage, movingVariance: moving.variance.storage },
    },
    params: { size, momentum },
    workgroups: linearGrid(size, 64),
  });
}
