/** Launches `pad.wgsl`: a tensor in the middle of a larger one. */

import { pad as shader } from '../generated/shaders.ts';
import { linearGrid } from '../gpu/shader.ts';
import { MAX_RANK, type Shape } from '../values/shape.ts';
import type { ShapedOperand } from './binary.ts';
import { accumulatorOf, bitsOf, elementOf, quadsOf } from './operand.ts';

type Six = [number, number, number, number, number, number];

/** `x` lies in `y` from index `before` on; the rest of `y` is `value`. Equal dtypes. */
export function padKernel(
  x: ShapedOperand,
  y: ShapedOperand,
  before: readonly number[],
  value: number,
): void {
  const six = (sizes: Shape, fill: number) =>
    [...new Array<number>(MAX_RANK - sizes.length).fill(fill), ...sizes] as Six;
  const [, d1, d2, d3, d4, d5] = six(y.shape, 1);
  const [before0, before1, before2, before3, before4, before5] = six(before, 0);
  const [x0, x1, x2, x3, x4, x5] = six(x.shape, 1);
  x.engine.run(shader, {
    types: { In4: elementOf(x), Out4: elementOf(y), Acc: accumulatorOf(x) },
    bindings: { x: x.storage, y: y.storage },
    params: {
      ...{ size: y.size, value: bitsOf(y, value), d1, d2, d3, d4, d5, x0, x1, x2, x3, x4, x5 },
      ...{ before0, before1, before2, before3, before4, before5 },
    },
    workgroups: linearGrid(quadsOf(y), 64),
  });
}
