/** Launches `arg_extreme.wgsl`: the index of the largest or smallest value along an axis. */

import { arg_extreme as shader } from '../generated/shaders.ts';
import { linearGrid } from '../gpu/shader.ts';
import { accumulatorOf, elementOf, type Operand } from './operand.ts';
import type { ReduceShape } from './reduce.ts';
import { kindOf } from './sort.ts';

/** Values from which a workgroup shares the search. */
const LONG = 256;

/** `y`, int32, is outer by inner: the first place along `reduced` of the greatest, or least, value of `x`. */
export function argExtremeKernel(
  x: Operand,
  y: Operand,
  extreme: 'greatest' | 'least',
  { reduced, inner }: ReduceShape,
): void {
  const shared = inner === 1 && reduced >= LONG;
  x.engine.run(shader, {
    types: { In4: elementOf(x), Acc: accumulatorOf(x) },
    overrides: {
      SORTED: shader.constants[kindOf(x)],
      DESCENDING: extreme === 'greatest',
      SHARED: shared,
    },
    bindings: { x: x.storage, y: y.storage },
    params: { size: y.size, reduced, inner },
    workgroups: linearGrid(y.size, shared ? 1 : 64),
  });
}
