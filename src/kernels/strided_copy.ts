/** Launches `strided_copy.wgsl` and, where rows become columns, `transpose.wgsl`: elements read with strides. */

import { strided_copy, transpose } from '../generated/shaders.ts';
import { linearGrid } from '../gpu/shader.ts';
import { type Shape, stridesOf } from '../values/shape.ts';
import { bitsElementOf, type Operand, quadsOf } from './operand.ts';
import { mergeAxes, readsQuads, type StridedAccess } from './strides.ts';

type Six = [number, number, number, number, number, number];
type Four = [number, number, number, number];

/** `y` has `shape`; its element at an index is `x[base + sum of index * strides]`. Equal dtypes; strides may be negative. */
export function stridedCopyKernel(
  x: Operand,
  y: Operand,
  shape: Shape,
  strides: readonly number[],
  base = 0,
): void {
  const access = mergeAxes(shape, [strides]);
  const turned = base % 4 === 0 ? turnedAxis(access) : -1;
  if (turned >= 0) {
    transposeKernel(x, y, access, turned, base);
    return;
  }
  const [, d1, d2, d3, d4, d5] = access.sizes as Six;
  const [x0, x1, x2, x3, x4, x5] = access.strides[0] as Six;
  x.engine.run(strided_copy, {
    types: { Bits4: bitsElementOf(x) },
    overrides: { AXES: access.axes, QUADS: base % 4 === 0 && readsQuads(access, 0) },
    bindings: { x: x.storage, y: y.storage },
    params: { size: y.size, base, d1, d2, d3, d4, d5, x0, x1, x2, x3, x4, x5 },
    workgroups: linearGrid(quadsOf(y), 64),
  });
}

/** The axis along which x lies in whole quads where that is not the last one, and blocks can be turned; -1 if there is none. */
function turnedAxis({ sizes, strides: [own] }: StridedAccess): number {
  const axis = sizes.findIndex((size, i) => size > 1 && own![i] === 1);
  const whole = own!.every((stride, i) => i === axis || stride % 4 === 0);
  const fits = axis >= 0 && axis < sizes.length - 1 && whole && own!.at(-1)! > 0;
  return fits && sizes[axis]! % 4 === 0 && sizes.at(-1)! % 4 === 0 ? axis : -1;
}

function transposeKernel(x: Operand, y: Operand, access: StridedAccess, axis: number, base: number): void {
  const { sizes, strides } = access;
  const own = stridesOf(sizes);
  const rest = [0, 1, 2, 3, 4].filter((i) => i !== axis);
  const [b0, b1, b2, b3] = rest.map((i) => sizes[i]!) as Four;
  const [x0, x1, x2, x3] = rest.map((i) => strides[0]![i]!) as Four;
  const [y0, y1, y2, y3] = rest.map((i) => own[i]!) as Four;
  const [rows, columns] = [sizes[axis]!, sizes.at(-1)!];
  const tiles = b0 * b1 * b2 * b3 * Math.ceil(rows / 32) * Math.ceil(columns / 32);
  x.engine.run(transpose, {
    types: { Bits4: bitsElementOf(x) },
    bindings: { x: x.storage, y: y.storage },
    params: {
      ...{ tiles, rows, columns, xColumn: strides[0]!.at(-1)!, yRow: own[axis]!, base },
      ...{ b1, b2, b3, x0, x1, x2, x3, y0, y1, y2, y3 },
    },
    workgroups: linearGrid(tiles, 1),
  });
}
