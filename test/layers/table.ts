// Layer table: all rows.
import { ELEMENTWISE } from './elementwise.ts';
import { MERGES } from './merges.ts';
import { PLACES } from './places.ts';
import type { LayerRow } from './row.ts';

export const LAYER_ROWS: readonly LayerRow[] = [...ELEMENTWISE, ...MERGES, ...PLACES];
