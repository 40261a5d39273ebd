/** Launches `arg_max.wgsl`: the index of each row's largest value. */

import { arg_max as shader } from '../generated/shaders.ts';
import { linearGrid } from '../gpu/shader.ts';
import { accumulatorOf, elementOf, type Operand } from './operand.ts';

/** `y` is int32, one a row. */
export function argMaxKernel(x: Operand, y: Operand, columns: number): void {
  x.engine.run(shader, {
    types: { In4: elementOf(x), Acc: accumulatorOf(x) },
    bindings: { x: x.storage, y: y.storage },
    params: { rows: y.size, columns },
    workgroups: linearGrid(y.size, 64),
  });
}
