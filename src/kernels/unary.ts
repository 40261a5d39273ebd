/** Launches `unary.wgsl`: a function of each element, or its slope or curvature times another tensor. */

import { type FunctionName, unary as shader } from '../generated/shaders.ts';
import { linearGrid } from '../gpu/shader.ts';
import { activationTail } from './epilogue.ts';
import { accumulatorOf, elementOf, type Operand, quadsOf, readForm, unusedStorage } from './operand.ts';

export type { FunctionName };

/** Functions that choose between x and a number, without any rounding. */
const isExact = (name: FunctionName) => name === 'relu' || name === 'relu6';

/** `y = f(x)`; of order 1 `y = g f'(x)`, of order 2 `y = g f''(x)`. `alpha` is the parameter of functions that have one. */
export function unaryKernel(
  name: FunctionName,
  order: 0 | 1 | 2,
  { x, g, y, alpha = 0 }: { x: Operand; g?: Operand | undefined; y: Operand; alpha?: number },
): void {
  x.engine.run(shader, {
    function: name,
    types: { In4: readForm(x), Out4: elementOf(y), Acc: accumulatorOf(x) },
    overrides: { ORDER: order },
    bindings: { x: x.storage, g: g?.storage ?? unusedStorage(x.engine), y: y.storage },
    params: { size: x.size, alpha },
    workgroups: linearGrid(quadsOf(x), 64),
    tail:
      order === 0 && isExact(name)
        ? activationTail({ upstream: x.storage, result: y.storage }, name)
        : undefined,
  });
}
