/** `gemm_direct.wgsl`: register tiles straight from storage, for every adapter. */
import { gemm_direct } from '../../generated/shaders.ts';
import { gemmKernel } from './kernel.ts';

export const direct = gemmKernel(gemm_direct, () =>
  [4, 8, 16].map((TM) => ({
    name: `${TM}x4x4`,
    constants: { TM },
    rows: TM,
    columns: 4,
    step: 4,
    tilesPerGroup: 64,
  })),
);
