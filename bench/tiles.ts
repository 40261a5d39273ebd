/** Occupancy on paper: what a tile of `gemm_tiled` asks of a GPU. The table in README.md is this one. */
import { tiled } from '../src/kernels/gemm/tiled.ts';
import type { TextTable } from './text.ts';

/** A multiprocessor to have in mind: that of an A100. */
const PROCESSOR = { registers: 65_536, sharedBytes: 164 * 1024, threads: 2048, groups: 32 };
/** What addresses, bounds and the loop take beside the values, by the look of compiled kernels of this kind. */
const ADDRESSES = 24;

export interface TileFigures {
  readonly name: string;
  readonly threads: number;
  readonly workgroupBytes: number;
  /** Of one invocation: accumulators, prefetched quads, the blocks being multiplied, addresses. */
  readonly registers: number;
  /** Flops for each byte that a workgroup reads of f32 operands; twice that of halves. */
  readonly perGlobalByte: number;
  /** Flops for each byte that goes in or out of workgroup memory. */
  readonly perWorkgroupByte: number;
  /** Share of the threads of an A100's multiprocessor that are at work. */
  readonly occupancy: number;
}

export function tileFigures(): TileFigures[] {
  const shape = {
    m: 4096,
    k: 4096,
    n: 4096,
    batch: 1,
    layout: 'NN',
    input: 'float32',
    output: 'float32',
  } as const;
  const limits = { storageBinding: 0, buffer: 0, workgroupInvocations: 1024, workgroupStorage: 2 ** 16 };
  const info = { limits } as Parameters<typeof tiled.tiles>[1];
  return tiled.tiles(shape, info).map(({ name, rows, columns, constants }) => {
    const { TM, TQ, BK, ACROSS, DOWN } = constants as Record<'TM' | 'TQ' | 'BK' | 'ACROSS' | 'DOWN', number>;
    const threads = ACROSS * DOWN;
    const prefetched = ((rows + columns) * BK) / threads;
    const registers = 4 * TM * TQ + 4 * prefetched + 16 * TQ + 16 + ADDRESSES;
    const workgroupBytes = (rows + columns) * (BK + 1) * 16;
    // A step along K of one: each invocation reads its rows and columns, and its share of the tile was written.
    const moved = 4 * (TM + 4 * TQ) + (4 * (rows + columns)) / threads;
    const groups = Math.min(
      PROCESSOR.groups,
      Math.floor(PROCESSOR.threads / threads),
      // Registers are handed out by eights.
      Math.floor(PROCESSOR.registers / (threads * 8 * Math.ceil(registers / 8))),
      Math.floor(PROCESSOR.sharedBytes / workgroupBytes),
    );
    return {
      ...{ name, threads, workgroupBytes, registers },
      perGlobalByte: (rows * columns) / (2 * (rows + columns)),
      perWorkgroupByte: (2 * TM * 4 * TQ) / moved,
      occupancy: (groups * threads) / PROCESSOR.threads,
    };
  });
}

export function tileTable(): TextTable {
  return {
    title: 'gemm_tiled',
    head: [
      'tile',
      'invocations',
      'workgroup KiB',
      'registers',
      'flops/B global',
      'flops/B workgroup',
      'occupancy',
    ],
    numbersFrom: 1,
    rows: tileFigures().map((tile) => [
      tile.name,
      String(tile.threads),
      (tile.workgroupBytes / 1024).toFixed(1),
      String(tile.registers),
      `${tile.perGlobalByte.toFixed(1)} / ${(2 * tile.perGlobalByte).toFixed(1)}`,
      tile.perWorkgroupByte.toFixed(2),
      `${(100 * tile.occupancy).toFixed(0)} %`,
    ]),
  };
}

/** The table as README.md has it. */
export function tileMarkdown(): string {
  const { head, rows } = tileTable();
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}
