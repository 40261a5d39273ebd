/** Launches `block_squares.wgsl` and `clip_factors.wgsl`: the norms of gradients in arenas, and what holds them within a bound. */

import { block_squares, clip_factors } from '../generated/shaders.ts';
import { linearGrid } from '../gpu/shader.ts';
import type { Storage } from '../gpu/storage.ts';
import { elementOf, type Operand } from './operand.ts';

/** Elements of a block: each variable of an arena begins with a whole one. */
export const BLOCK = 128;

/** Sums of squares of the unscaled gradient by block, `sums` from `first` on; of block i, `blocks[i]` elements count. */
export function blockSquaresKernel(
  gradient: Operand,
  blocks: Storage,
  state: Storage,
  sums: Storage,
  first: number,
): void {
  const count = gradient.size / BLOCK;
  gradient.engine.run(block_squares, {
    types: { In4: elementOf(gradient), Acc: 'f32' },
    bindings: { gradient: gradient.storage, blocks, state, sums },
    params: { count, first },
    workgroups: linearGrid(count, 64),
  });
}

/** Factors of each block of `groups` ranges of blocks, or with `global` one factor for a single range. */
export function clipFactorsKernel(
  ranges: Operand,
  sums: Storage,
  factors: Storage,
  bound: number,
  global: boolean,
): void {
  const groups = ranges.size / 2;
  ranges.engine.run(clip_factors, {
    types: {},
    overrides: { GLOBAL: global },
    bindings: { ranges: ranges.storage, sums, factors },
    params: { groups, bound },
    workgroups: linearGrid(groups, 1),
  });
}
