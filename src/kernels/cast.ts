/** Launches `cast.wgsl`: elements in another dtype. */

import { cast as shader } from '../generated/shaders.ts';
import { linearGrid } from '../gpu/shader.ts';
import type { Storage } from '../gpu/storage.ts';
import { isFloat } from '../values/dtype.ts';
import { accumulatorOf, elementOf, type Operand, quadsOf, unusedStorage } from './operand.ts';

/** `y = x`. With `flag`, its first word is set when a finite value does not fit float16. */
export function castKernel(x: Operand, y: Operand, flag?: Storage): void {
  x.engine.run(shader, {
    types: {
      In4: elementOf(x),
      Out4: elementOf(y),
      Acc: isFloat(x.dtype) || isFloat(y.dtype) ? 'f32' : accumulatorOf(y),
    },
    overrides: { FLAG: flag !== undefined, TO_BOOL: y.dtype === 'bool' },
    bindings: { x: x.storage, y: y.storage, flag: flag ?? unusedStorage(x.engine) },
    params: { size: x.size },
    workgroups: linearGrid(quadsOf(x), 64 * shader.constants.QUADS),
    // Once more, it would set a flag that it has set.
    repeatable: true,
  });
}
