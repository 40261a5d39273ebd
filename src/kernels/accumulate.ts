/** Launches `accumulate.wgsl`: gradients gathered over several steps. */
import { accumulate } from '../generated/shaders.ts';
import { linearGrid } from '../gpu/shader.ts';
import type { Storage } from '../gpu/storage.ts';
import { elementOf, type Operand, quadsOf } from './operand.ts';

/** Adds `gradient`, unscaled, to `accumulator`; with `maximum` that holds the largest so far. `state` tells where a window begins. */
export function accumulateKernel(
  gradient: Operand,
  state: Storage,
  accumulator: Operand,
  maximum: boolean,
): void {
  accumulator.engine.run(accumulate, {
    types: { In4: elementOf(gradient), Out4: elementOf(accumulator), Acc: 'f32' },
    overrides: { MAXIMUM: maximum },
    bindings: { gradient: gradient.storage, state, accumulator: accumulator.storage },
    params: { size: accumulator.size },
    workgroups: linearGrid(quadsOf(accumulator), 64),
  });
}
