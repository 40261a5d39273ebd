/** Launches `unary.wgsl`: one function of each element. */

import { unary as shader } from '../generated/shaders.ts';
import { linearGrid } from '../gpu/shader.ts';
import { accumulatorOf, elementOf, type Operand, quadsOf } from './operand.ts';

export type UnaryCase = keyof typeof shader.constants;

export function unaryKernel(op: UnaryCase, x: Operand, y: Operand): void {
  x.engine.run(shader, {
    types: { In4: elementOf(x), Out4: elementOf(y), Acc: accumulatorOf(x) },
    overrides: { OP: shader.constants[op] },
    bindings: { x: x.storage, y: y.storage },
    params: { size: x.size },
    workgroups: linearGrid(quadsOf(x), 64),
  });
}
