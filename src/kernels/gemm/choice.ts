/** The kernel for a problem on an engine: a pinned or measured choice where there is one, the prior otherwise. */
import type { Engine } from '../../gpu/engine.ts';
import type { Candidate } from './kernel.ts';
import { prior } from './prior.ts';
import type { GemmShape } from './problem.ts';

export function choose(shape: GemmShape, engine: Engine): Candidate {
  return prior(shape, engine.info)[0]!;
}
