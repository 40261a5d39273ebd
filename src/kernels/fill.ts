/** Launches `fill.wgsl`: one value everywhere. */

import { fill as shader } from '../generated/shaders.ts';
import { linearGrid } from '../gpu/shader.ts';
import { accumulatorOf, bitsOf, elementOf, type Operand, quadsOf } from './operand.ts';

export function fillKernel(y: Operand, value: number): void {
  y.engine.run(shader, {
    types: { Out4: elementOf(y), Acc: accumulatorOf(y) },
    bindings: { y: y.storage },
    params: { size: y.size, value: bitsOf(y, value) },
    workgroups: linearGrid(quadsOf(y), 64),
  });
}
