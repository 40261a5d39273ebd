/** `add`: a + b. */
import { binaryOp } from './binary-op.ts';

export const add = binaryOp('add', 'ADD', 'infer', [({ upstream }) => upstream, ({ upstream }) => upstream]);
