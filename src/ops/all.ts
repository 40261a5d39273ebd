/** `all` and `any`: whether every value along axes is true, or one. */
import { reduceOp } from './reduce-op.ts';

/** Whether all of a bool tensor is true over `axes` (all by default); `keepDims` keeps them with size 1. Throws `DtypeError`. */
export const all = reduceOp('all', 'MIN', 'clear', { of: 'bools' }).reduce;
/** Whether any of a bool tensor is true over `axes` (all by default); `keepDims` keeps them with size 1. Throws `DtypeError`. */
export const any = reduceOp('any', 'MAX', 'clear', { of: 'bools' }).reduce;
