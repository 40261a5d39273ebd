// Layer table: all rows.
import { ATTENTION_LAYERS } from './attention.ts';
import { EINSUM_DENSE } from './einsum-dense.ts';
import { ELEMENTWISE } from './elementwise.ts';
import { MERGES } from './merges.ts';
import { NORMALISATION_LAYERS } from './normalisations.ts';
import { OPERATIONS } from './operations.ts';
import { PLACES } from './places.ts';
import { PREPARATIONS } from './preparations.ts';
import { RECURRENT } from './recurrent.ts';
import type { LayerRow } from './row.ts';
import { VOLUMES } from './volumes.ts';
import { WINDOWS } from './windows.ts';

export const LAYER_ROWS: readonly LayerRow[] = [
  ...ELEMENTWISE,
  ...MERGES,
  ...PLACES,
  ...PREPARATIONS,
  ...WINDOWS,
  ...VOLUMES,
  ...NORMALISATION_LAYERS,
  ...ATTENTION_LAYERS,
  ...EINSUM_DENSE,
  ...RECURRENT,
  ...OPERATIONS,
];
