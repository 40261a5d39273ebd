/** Launches `strided_copy.wgsl`: elements gathered with strides into row-major order. */

import { strided_copy as shader } from '../generated/shaders.ts';
import { linearGrid } from '../gpu/shader.ts';
import type { Shape } from '../values/shape.ts';
import { accumulatorOf, elementOf, type Operand, quadsOf } from './operand.ts';
import { mergeAxes, readsQuads } from './strides.ts';

/** `y` has `shape`; its element at an index is `x[base + sum of index * strides]`. Equal dtypes. */
export function stridedCopyKernel(
  x: Operand,
  y: Operand,
  shape: Shape,
  strides: readonly number[],
  base = 0,
): void {
  const access = mergeAxes(shape, [strides]);
  const [, d1, d2, d3, d4, d5] = access.sizes as [number, number, number, number, number, number];
  const [x0, x1, x2, x3, x4, x5] = access.strides[0] as [number, number, number, number, number, number];
  x.engine.run(shader, {
    types: { In4: elementOf(x), Out4: elementOf(y), Acc: accumulatorOf(x) },
    overrides: { QUADS: base % 4 === 0 && readsQuads(access, 0) },
    bindings: { x: x.storage, y: y.storage },
    params: { size: y.size, base, d1, d2, d3, d4, d5, x0, x1, x2, x3, x4, x5 },
    workgroups: linearGrid(quadsOf(y), 64),
  });
}
