/** `gemm_tiled.wgsl`: tiles in workgroup memory and registers, for GPUs. */
import { gemm_tiled } from '../../generated/shaders.ts';
import { gemmKernel } from './kernel.ts';

/** [rows, columns, K of a step] and [rows, columns] of one invocation: the sets of discrete and of integrated GPUs. */
const TILES = [
  [128, 64, 16, 8, 4],
  [64, 128, 16, 8, 4],
  [128, 128, 8, 8, 8],
  [64, 64, 16, 4, 4],
  [64, 64, 16, 8, 8],
  [32, 64, 16, 4, 8],
  [64, 32, 16, 8, 4],
  [32, 32, 32, 4, 4],
  [32, 32, 16, 4, 4],
  [16, 64, 16, 4, 4],
] as const;

export const tiled = gemmKernel(gemm_tiled, (_shape, { limits }) =>
  TILES.map(([rows, columns, step, ownRows, ownColumns]) => {
    const [DOWN, ACROSS] = [rows / ownRows, columns / ownColumns];
    return {
      name: `${rows}x${columns}x${step} ${ownRows}x${ownColumns}`,
      constants: { TM: ownRows, TQ: ownColumns / 4, BK: step / 4, ACROSS, DOWN },
      rows,
      columns,
      step,
    };
  }).filter(
    ({ constants: { ACROSS, DOWN }, rows, columns, step }) =>
      ACROSS * DOWN <= limits.workgroupInvocations &&
      (rows + columns) * (step + 4) * 4 <= limits.workgroupStorage,
  ),
);
