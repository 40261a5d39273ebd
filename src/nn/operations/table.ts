/** All operations that a layer can hold. To add one: a row in one of these tables, a line in the names of files, and a case in the tests. */
import { ARRANGING } from './arranging.ts';
import { ELEMENTWISE } from './elementwise.ts';
import { REDUCTIONS } from './reductions.ts';
import type { OperationTable } from './row.ts';

export const OPERATIONS: OperationTable = { ...ARRANGING, ...ELEMENTWISE, ...REDUCTIONS };
