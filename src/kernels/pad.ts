/** Launches `pad.wgsl`: a tensor inside a larger one, its elements side by side or apart. */

import { pad as shader } from '../generated/shaders.ts';
import { linearGrid } from '../gpu/shader.ts';
import { toHalf } from '../values/half.ts';
import { MAX_RANK } from '../values/shape.ts';
import type { ShapedOperand } from './binary.ts';
import { bitsElementOf, bitsOf, type Operand, quadsOf } from './operand.ts';

type Six = [number, number, number, number, number, number];

export interface Inset {
  /** Index in `y` of the first element of `x`. */
  readonly before: readonly number[];
  /** From one element of `x` to the next, in `y`. Default 1 along every axis. */
  readonly steps?: readonly number[] | undefined;
  /** What stands in the rest of `y`. */
  readonly value: number;
}

/** Writes `y`, in which `x` is inset. Equal dtypes. */
export function padKernel(x: ShapedOperand, y: ShapedOperand, { before, steps, value }: Inset): void {
  const axes = mergeWhole(x, y, before, steps);
  const six = (of: (axis: Axis) => number, fill: number) =>
    [...new Array<number>(MAX_RANK - axes.length).fill(fill), ...axes.map(of)] as Six;
  const [, d1, d2, d3, d4, d5] = six(({ outer }) => outer, 1);
  const [before0, before1, before2, before3, before4, before5] = six((axis) => axis.before, 0);
  const [x0, x1, x2, x3, x4, x5] = six(({ inner }) => inner, 1);
  const [step0, step1, step2, step3, step4, step5] = six(({ step }) => step, 1);
  const last = axes.at(-1)!;
  const whole = [last.outer, last.inner, last.before].every((size) => size % 4 === 0);
  x.engine.run(shader, {
    types: { Bits4: bitsElementOf(x) },
    overrides: {
      AXES: axes.length,
      QUADS: whole && last.step === 1,
      SPREAD: axes.some(({ step }) => step !== 1),
    },
    bindings: { x: x.storage, y: y.storage },
    params: {
      ...{ size: y.size, value: storedBits(y, value), d1, d2, d3, d4, d5, x0, x1, x2, x3, x4, x5 },
      ...{ before0, before1, before2, before3, before4, before5 },
      ...{ step0, step1, step2, step3, step4, step5 },
    },
    workgroups: linearGrid(quadsOf(y), 64),
  });
}

interface Axis {
  readonly outer: number;
  readonly inner: number;
  readonly before: number;
  readonly step: number;
}

/** Axes along which `x` fills `y` are one with those before them. */
function mergeWhole(
  x: ShapedOperand,
  y: ShapedOperand,
  before: readonly number[],
  steps: readonly number[] | undefined,
): Axis[] {
  const axes: Axis[] = [];
  for (const [i, outer] of y.shape.entries()) {
    if (outer === 1) continue;
    const inner = x.shape[i]!;
    const last = axes.at(-1);
    if (last && inner === outer && last.step === 1) {
      const merged = { outer: last.outer * outer, inner: last.inner * inner, before: last.before * outer };
      axes[axes.length - 1] = { ...merged, step: 1 };
    } else {
      axes.push({ outer, inner, before: before[i]!, step: inner === 1 ? 1 : (steps?.[i] ?? 1) });
    }
  }
  return axes.length > 0 ? axes : [{ outer: 1, inner: 1, before: 0, step: 1 }];
}

/** Bits of `value` as an element of this operand. */
function storedBits(operand: Operand, value: number): number {
  return operand.dtype === 'float16' ? toHalf(value) : bitsOf(operand, value);
}
