/** `gemm_skinny.wgsl`: for few rows or few columns, where the work is reading the other operand once. */
import { gemm_skinny } from '../../generated/shaders.ts';
import { gemmKernel } from './kernel.ts';

/** Rows or columns up to which a product is a skinny one. */
export const SKINNY = 8;
const THREADS = 64;

export const skinny = gemmKernel(gemm_skinny, ({ m, n }) => {
  if (Math.min(m, n) > SKINNY) return [];
  const fewRows = m <= n;
  const TM = fewRows ? powerOfTwo(m) : 4;
  return [4, 8, 16].map((slices) => {
    const across = fewRows ? THREADS / slices : Math.ceil(n / 4);
    const rows = (THREADS / slices / across) * TM;
    return {
      name: `${rows}x${across * 4}x4 by ${slices}`,
      constants: { TM },
      overrides: { SLICES: slices, ACROSS: across },
      rows,
      columns: across * 4,
      step: 4,
    };
  });
});

function powerOfTwo(count: number): number {
  return 2 ** Math.ceil(Math.log2(count));
}
