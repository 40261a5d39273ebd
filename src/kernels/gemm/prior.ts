/** What is known before anything is measured: candidates for a problem on an adapter, the most promising first. */
import type { EngineInfo } from '../../gpu/adapter.ts';
import { direct } from './direct.ts';
import { FAMILY } from './family.ts';
import { type Candidate, type GemmKernel, type Tile, tilesOf } from './kernel.ts';
import { matrix } from './matrix.ts';
import type { GemmShape } from './problem.ts';
import { shuffle } from './shuffle.ts';
import { skinny } from './skinny.ts';
import { tiled } from './tiled.ts';

/** Parts of K worth trying, and the least that a part sums. */
const SPLITS = [2, 4, 8, 16, 32];
const SHORTEST_PART = 128;

/** Every candidate for a problem: what can be measured and pinned. */
export function candidates(shape: GemmShape, info: EngineInfo): readonly Candidate[] {
  return FAMILY.flatMap((kernel) =>
    kernel
      .tiles(shape, info)
      .flatMap((tile) => [1, ...splitsFor(shape)].map((splits) => ({ kernel, tile, splits }))),
  );
}

function splitsFor({ k }: GemmShape): number[] {
  return SPLITS.filter((splits) => k / splits >= SHORTEST_PART);
}

/** Candidates for a problem in the order in which they are worth trying; the first serves while nothing is measured. */
export function prior(shape: GemmShape, info: EngineInfo): readonly Candidate[] {
  const ordered = info.software ? onProcessor(shape, info) : onGpu(shape, info);
  return [...ordered, ...whole(direct.tiles(shape, info), direct)];
}

function whole(tiles: readonly Tile[], kernel: GemmKernel): Candidate[] {
  return tiles.map((tile) => ({ kernel, tile, splits: 1 }));
}

/** Largest tile first, down to the first one that the rows fill; loads are what costs there, and large tiles load least. */
function onProcessor(shape: GemmShape, info: EngineInfo): Candidate[] {
  const tiles = [...shuffle.tiles(shape, info)].sort((p, q) => q.rows - p.rows);
  const filled = tiles.findIndex((_tile, i) => shape.m > (tiles[i + 1]?.rows ?? 0));
  return whole([...tiles.slice(filled), ...tiles.slice(0, filled)], shuffle);
}

/**
 * Tiles by what public measurements found best, for an adapter's vendor; of these the first that makes enough workgroups,
 * with K in parts where none does.
 */
function onGpu(shape: GemmShape, info: EngineInfo): Candidate[] {
  const vendor = VENDORS[info.vendor] ?? OTHERS;
  return [
    ...whole(skinny.tiles(shape, info), skinny),
    ...ranked(shape, info, matrix, vendor.matrix, vendor.enough),
    ...ranked(shape, info, tiled, vendor.tiles, vendor.enough),
  ];
}

/** Tiles named in `names`: the first that makes enough workgroups leads; with K in parts where none does. */
function ranked(
  shape: GemmShape,
  info: EngineInfo,
  kernel: GemmKernel,
  names: readonly string[],
  enough: number,
): Candidate[] {
  const all = [...kernel.tiles(shape, info)].sort((p, q) => fragment(q) - fragment(p));
  const tiles = names.flatMap((name) => all.find((tile) => tile.name.startsWith(name)) ?? []);
  const busy = tiles.filter((tile) => tilesOf(shape, tile) >= enough);
  const smallest = tiles.at(-1);
  const rest = tiles.filter((tile) => !busy.includes(tile)).reverse();
  const splits = smallest
    ? splitsFor(shape)
        .filter((count) => tilesOf(shape, smallest) * count <= 2 * enough)
        .at(-1)
    : undefined;
  const split: Candidate[] =
    busy.length === 0 && smallest && splits ? [{ kernel, tile: smallest, splits }] : [];
  return [...whole(busy, kernel), ...split, ...whole(rest, kernel)];
}

/** Products of one fragment where a tile has some: of the sizes an adapter lists, the largest do most in one instruction. */
function fragment({ constants }: Tile): number {
  const { FM = 1, FN = 1, FK = 1 } = constants as Readonly<Record<string, number>>;
  return FM * FN * FK;
}

interface Vendor {
  /** Workgroups that keep its processors busy. */
  readonly enough: number;
  /** Tiles by the beginning of their names, the largest first: of gemm_tiled, and of gemm_matrix. */
  readonly tiles: readonly string[];
  readonly matrix: readonly string[];
}

/** Discrete GPUs: on an A100, 128x64 with 8x4 reached three quarters of the f32 peak, 64x128 by 1x8 subgroups most of all. */
const DISCRETE: Vendor = {
  enough: 256,
  tiles: ['128x64x16 8x4', '64x128x16 8x4', '64x64x16 4x4', '64x32x16 8x4', '32x64x16 4x8', '32x32x16 4x4'],
  matrix: ['64x128x16 1x8', '64x64x16 1x4', '32x64x16 1x4', '32x32x16 2x2'],
};
/** Integrated GPUs, and those of which nothing is known. */
const OTHERS: Vendor = {
  enough: 128,
  tiles: ['64x64x16 4x4', '32x64x16 4x8', '64x32x16 8x4', '32x32x32 4x4', '32x32x16 4x4'],
  matrix: ['64x64x16 2x2', '32x64x32 2x2', '32x32x16 2x2'],
};
const VENDORS: Readonly<Record<string, Vendor>> = {
  nvidia: DISCRETE,
  amd: DISCRETE,
  intel: { ...OTHERS, enough: 256 },
  // Tiles of 8x8 an invocation spill there: 0.9 of the speed of 4x4.
  apple: { enough: 128, tiles: ['64x64x16 4x4', '32x32x16 4x4'], matrix: ['32x64x32 2x2', '32x32x16 2x2'] },
};
