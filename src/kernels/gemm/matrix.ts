/** `gemm_matrix.wgsl`: subgroup matrices, for adapters that list some with f32 sums. */
import { gemm_matrix } from '../../generated/shaders.ts';
import type { EngineInfo, MatrixConfig } from '../../gpu/adapter.ts';
import type { ElementType } from '../../gpu/shader.ts';
import { gemmKernel } from './kernel.ts';

/** Rows, columns and K of a workgroup's step, and its subgroups down and across; where fragments fit them. */
const TILES = [
  [64, 128, 16, 1, 8],
  [64, 64, 16, 1, 4],
  [64, 64, 16, 2, 2],
  [128, 128, 16, 2, 4],
  [128, 128, 32, 2, 2],
  [32, 64, 16, 1, 4],
  [32, 64, 32, 2, 2],
  [32, 32, 16, 2, 2],
] as const;

export const matrix = gemmKernel(gemm_matrix, ({ input }, info) => {
  const { matrix: configs, limits } = info;
  const lanes = subgroupOf(info);
  if (!lanes) return [];
  // Halves are multiplied as halves, by units for them; Apple's take f32 alone. An engine opened as packed has no halves.
  const halves = input === 'float16' && info.f16 === 'native' && configs.some(isFor('f16'));
  const element = halves ? 'f16' : 'f32';
  return configs
    .filter(isFor(element))
    .flatMap((config) =>
      TILES.filter((tile) => fits(config, tile)).map(([rows, columns, step, groupsDown, groupsAcross]) => ({
        name: `${rows}x${columns}x${step} ${groupsDown}x${groupsAcross} of ${config.m}x${config.n}x${config.k} ${element}`,
        constants: {
          ...{ FM: config.m, FN: config.n, FK: config.k, BK: step / 4, LANES: lanes.size },
          SUBGROUP: lanes.chosen ? lanes.size : 0,
          ...{ GROUPS_DOWN: groupsDown, GROUPS_ACROSS: groupsAcross },
          DOWN: rows / groupsDown / config.m,
          ACROSS: columns / groupsAcross / config.n,
        },
        types: (halves ? {} : { In: 'f32', Stage4: 'f32' }) as Record<string, ElementType>,
        ...{ rows, columns, step },
      })),
    )
    .filter(({ constants: { LANES, GROUPS_DOWN, GROUPS_ACROSS, FM, FN, ACROSS }, rows, columns, step }) => {
      const subgroups = GROUPS_DOWN * GROUPS_ACROSS;
      const bytes = element === 'f16' ? 2 : 4;
      const longest = (rows + columns) * (step + 8) + step * 16;
      return (
        subgroups * LANES <= limits.workgroupInvocations &&
        longest * bytes + subgroups * FM * ACROSS * FN * 4 <= limits.workgroupStorage
      );
    });
});

const isFor =
  (element: 'f16' | 'f32') =>
  ({ input, output }: MatrixConfig): boolean =>
    input === element && output === 'f32';

function fits(
  { m, n, k }: MatrixConfig,
  [rows, columns, step, down, across]: (typeof TILES)[number],
): boolean {
  return rows % (down * m) === 0 && columns % (across * n) === 0 && step % k === 0;
}

/** Invocations of a subgroup: the only size there is, or one chosen where the device lets us. */
function subgroupOf({ subgroupSize, features }: EngineInfo): { size: number; chosen: boolean } | undefined {
  if (!subgroupSize) return undefined;
  const [min, max] = subgroupSize;
  if (min === max) return { size: max, chosen: false };
  if (!features.includes('subgroup-size-control')) return undefined;
  return { size: Math.max(min, Math.min(max, 32)), chosen: true };
}
