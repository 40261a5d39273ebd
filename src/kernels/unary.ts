/** Launches `unary.wgsl`: a function of each element, or its slope or curvature times another tensor. */

import { type FunctionName, unary as shader } from '../generated/shaders.ts';
import { linearGrid } from '../gpu/shader.ts';
import { accumulatorOf, elementOf, type Operand, quadsOf, unusedStorage } from './operand.ts';

export type { FunctionName };

/** `y = f(x)`; of order 1 `y = g f'(x)`, of order 2 `y = g f''(x)`. `alpha` is the parameter of functions that have one. */
export function unaryKernel(
  name: FunctionName,
  order: 0 | 1 | 2,
  { x, g, y, alpha = 0 }: { x: Operand; g?: Operand | undefined; y: Operand; alpha?: number },
): void {
  x.engine.run(shader, {
    function: name,
    types: { In4: elementOf(x), Out4: elementOf(y), Acc: accumulatorOf(x) },
    overrides: { ORDER: order },
    bindings: { x: x.storage, g: g?.storage ?? unusedStorage(x.engine), y: y.storage },
    params: { size: x.size, alpha },
    workgroups: linearGrid(quadsOf(x), 64),
  });
}
