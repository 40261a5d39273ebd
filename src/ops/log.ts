/** `log`: the natural logarithm. */
import { div } from './div.ts';
import { unaryOp } from './unary-op.ts';

export const log = unaryOp('log', 'log', 'infer', { gradient: (upstream, _y, x) => div(upstream, x) });
