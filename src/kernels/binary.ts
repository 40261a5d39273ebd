/** Launches `binary.wgsl`: two operands element by element, broadcast to the result's shape. */

import { binary as shader } from '../generated/shaders.ts';
import { linearGrid } from '../gpu/shader.ts';
import { broadcastStrides, type Shape } from '../values/shape.ts';
import { gateTail } from './epilogue.ts';
import { accumulatorOf, elementOf, type Operand, quadsOf, readForm } from './operand.ts';
import { mergeAxes, type Reading, readingOf } from './strides.ts';

type Constant = keyof typeof shader.constants;
export type BinaryCase = Exclude<Constant, Reading>;

export interface ShapedOperand extends Operand {
  readonly shape: Shape;
}

export function binaryKernel(op: BinaryCase, a: ShapedOperand, b: ShapedOperand, c: ShapedOperand): void {
  const access = mergeAxes(c.shape, [broadcastStrides(a.shape, c.shape), broadcastStrides(b.shape, c.shape)]);
  const [, d1, d2, d3, d4, d5] = access.sizes as Six;
  const [a0, a1, a2, a3, a4, a5] = access.strides[0] as Six;
  const [b0, b1, b2, b3, b4, b5] = access.strides[1] as Six;
  a.engine.run(shader, {
    types: { In4: readForm(a), Out4: elementOf(c), Acc: accumulatorOf(a) },
    overrides: {
      OP: shader.constants[op],
      FLOATS: accumulatorOf(a) === 'f32',
      READ_A: shader.constants[readingOf(access, 0, a)],
      READ_B: shader.constants[readingOf(access, 1, b)],
      AXES: access.axes,
    },
    bindings: { a: a.storage, b: b.storage, c: c.storage },
    params: { size: c.size, d1, d2, d3, d4, d5, a0, a1, a2, a3, a4, a5, b0, b1, b2, b3, b4, b5 },
    workgroups: linearGrid(quadsOf(c), 64),
    tail:
      op === 'RELU_GRADIENT' && a.size === c.size && b.size === c.size
        ? gateTail({ upstream: a.storage, result: c.storage }, b.storage)
        : undefined,
  });
}

type Six = [number, number, number, number, number, number];
