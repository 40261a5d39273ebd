/** `log`: the natural logarithm. */
import { div } from './div.ts';
import { unaryOp } from './unary-op.ts';

export const log = unaryOp('log', 'LOG', 'infer', (upstream, x) => div(upstream, x));
