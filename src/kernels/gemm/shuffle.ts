/** `gemm_shuffle.wgsl`: one subgroup a tile, for adapters whose subgroups have one known size. */
import { gemm_shuffle } from '../../generated/shaders.ts';
import { gemmKernel } from './kernel.ts';

export const shuffle = gemmKernel(gemm_shuffle, ({ patches }, { subgroupSize }) => {
  if (!subgroupSize || subgroupSize[0] !== subgroupSize[1]) return [];
  const [LANES] = subgroupSize;
  // Wider subgroups are those of GPUs, which read storage at its full width anyway.
  if (LANES > 16) return [];
  // A lane knows the corners of four patches.
  const heights = [8, 16, 32].filter((rows) => !patches || rows <= 4 * LANES);
  return heights.map((TM) => ({
    name: `${TM}x${4 * LANES}x4`,
    constants: { TM, LANES },
    rows: TM,
    columns: 4 * LANES,
    step: 4,
  }));
});
