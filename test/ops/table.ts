// The op table: one row for each use of an op. A new op needs a row here and nothing else.

import { ARRANGING } from './arranging.ts';
import { ATTENTION } from './attention.ts';
import { CONVOLUTIONS } from './convolutions.ts';
import { ELEMENTWISE } from './elementwise.ts';
import { FUNCTIONS } from './functions.ts';
import { INDEXING } from './indexing.ts';
import { MATRICES } from './matrices.ts';
import { MOVEMENT } from './movement.ts';
import { NORMALISATIONS } from './normalisations.ts';
import { POOLING } from './pooling.ts';
import { REDUCTIONS } from './reductions.ts';
import type { Row } from './row.ts';
import { VOLUMES } from './volumes.ts';

export const TABLE: readonly Row[] = [
  ...ELEMENTWISE,
  ...FUNCTIONS,
  ...REDUCTIONS,
  ...NORMALISATIONS,
  ...MATRICES,
  ...ATTENTION,
  ...POOLING,
  ...CONVOLUTIONS,
  ...VOLUMES,
  ...MOVEMENT,
  ...ARRANGING,
  ...INDEXING,
];

/** Exports that are no function of tensors alone, and the test that covers them. */
export const ELSEWHERE: Readonly<Record<string, string>> = {
  castOverflowed: 'cast.test.ts',
  dropout: 'random.test.ts',
  dropoutMask: 'random.test.ts',
  eye: 'creation.test.ts',
  full: 'creation.test.ts',
  isFinite: 'logical.test.ts',
  isInf: 'logical.test.ts',
  isNaN: 'logical.test.ts',
  logicalAnd: 'logical.test.ts',
  logicalNot: 'logical.test.ts',
  logicalOr: 'logical.test.ts',
  logicalXor: 'logical.test.ts',
  ones: 'creation.test.ts',
  onesLike: 'creation.test.ts',
  randomNormal: 'random.test.ts',
  randomUniform: 'random.test.ts',
  range: 'creation.test.ts',
  tensor: 'creation.test.ts',
  zeros: 'creation.test.ts',
  zerosLike: 'creation.test.ts',
};
