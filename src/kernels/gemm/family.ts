/** The kernels of the GEMM family: a new one is its shader, its tiles and a place in this list. */
import { direct } from './direct.ts';
import type { GemmKernel } from './kernel.ts';
import { matrix } from './matrix.ts';
import { shuffle } from './shuffle.ts';
import { skinny } from './skinny.ts';
import { tiled } from './tiled.ts';

export const FAMILY: readonly GemmKernel[] = [matrix, shuffle, tiled, skinny, direct];
