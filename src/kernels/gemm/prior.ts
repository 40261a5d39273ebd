/** What is known before anything is measured: candidates for a problem on an adapter, the most promising first. */
import type { EngineInfo } from '../../gpu/adapter.ts';
import { direct } from './direct.ts';
import type { Candidate, GemmKernel } from './kernel.ts';
import type { GemmShape } from './problem.ts';
import { shuffle } from './shuffle.ts';

export function prior(shape: GemmShape, info: EngineInfo): readonly Candidate[] {
  const of = (kernel: GemmKernel): Candidate[] =>
    kernel.tiles(shape, info).map((tile) => ({ kernel, tile, splits: 1 }));
  const tiles = of(shuffle).reverse();
  return [...tiles, ...of(direct)];
}
