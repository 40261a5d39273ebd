/** Launches `where.wgsl`: of two operands the one that a condition chooses, element by element. */

import { where as shader } from '../generated/shaders.ts';
import { linearGrid } from '../gpu/shader.ts';
import { broadcastStrides } from '../values/shape.ts';
import type { ShapedOperand } from './binary.ts';
import { bitsElementOf, quadsOf } from './operand.ts';
import { mergeAxes, readingOf } from './strides.ts';

type Six = [number, number, number, number, number, number];

/** `condition` is bool; `a`, `b` and `y` have one dtype. All broadcast to the shape of `y`. */
export function whereKernel(
  condition: ShapedOperand,
  a: ShapedOperand,
  b: ShapedOperand,
  y: ShapedOperand,
): void {
  const access = mergeAxes(
    y.shape,
    [condition, a, b].map(({ shape }) => broadcastStrides(shape, y.shape)),
  );
  const [, d1, d2, d3, d4, d5] = access.sizes as Six;
  const [[c0, c1, c2, c3, c4, c5], [a0, a1, a2, a3, a4, a5], [b0, b1, b2, b3, b4, b5]] =
    access.strides as unknown as [Six, Six, Six];
  y.engine.run(shader, {
    types: { Bits4: bitsElementOf(y) },
    overrides: {
      READ_CONDITION: shader.constants[readingOf(access, 0, condition)],
      READ_A: shader.constants[readingOf(access, 1, a)],
      READ_B: shader.constants[readingOf(access, 2, b)],
      AXES: access.axes,
    },
    bindings: { condition: condition.storage, a: a.storage, b: b.storage, y: y.storage },
    params: {
      ...{ size: y.size, d1, d2, d3, d4, d5, c0, c1, c2, c3, c4, c5 },
      ...{ a0, a1, a2, a3, a4, a5, b0, b1, b2, b3, b4, b5 },
    },
    workgroups: linearGrid(quadsOf(y), 64),
  });
}
