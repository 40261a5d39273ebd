/** `max`: the largest value over all or some axes. */
import { extremeGradient } from './extreme-gradient.ts';
import { reduceOp } from './reduce-op.ts';

/** The largest value over `axes` (all by default); `keepDims` keeps them with size 1. The gradient is shared by equals. */
export const max = reduceOp('max', 'MAX', 'clear', { gradient: extremeGradient }).reduce;
