/** Launches `pool.wgsl` and `pool_gradient.wgsl`: windows of images folded into one value each, and back. */
import { pool, pool_gradient } from '../generated/shaders.ts';
import type { Shape } from '../values/shape.ts';
import type { Window } from '../values/window.ts';
import type { ShapedOperand } from './binary.ts';
import { elementOf, type Operand, quads, readForm, unusedStorage } from './operand.ts';
import { stripGrid } from './strips.ts';
import { inQuads } from './whole-quads.ts';
import { windowParams } from './window.ts';

/** `y` (batch, rows, columns, channels): means, largest values or, uint32, the places of these in the windows of `x`. */
export function poolKernel(
  op: 'MAX' | 'PLACES' | 'MEAN',
  x: Operand,
  y: ShapedOperand,
  window: Window,
): void {
  const channels = y.shape.at(-1)!;
  inQuads([x], y, channels, ([x4], y4) => foldWindows(op, x4, undefined, y4, y.shape, window));
}

/** `y`: of each window of `x` the value at its place. */
export function pickKernel(places: Operand, x: Operand, y: ShapedOperand, window: Window): void {
  const channels = y.shape.at(-1)!;
  inQuads([places, x], y, channels, ([places4, x4], y4) =>
    foldWindows('PICK', x4, places4, y4, y.shape, window),
  );
}

function foldWindows(
  op: keyof typeof pool.constants,
  x: Operand,
  places: Operand | undefined,
  y: Operand,
  shape: Shape,
  window: Window,
): void {
  x.engine.run(pool, {
    types: { In4: readForm(x), Out4: elementOf(y), Acc: 'f32' },
    overrides: { OP: pool.constants[op] },
    bindings: { x: x.storage, places: places?.storage ?? unusedStorage(x.engine), y: y.storage },
    params: { ...windowParams(window), size: quads(y.size), channels: quads(shape.at(-1)!) },
    workgroups: stripGrid(pool, shape),
  });
}

/** `dx`: each upstream gradient at its window's place or, without places, in equal parts all over the window. */
export function poolGradientKernel(
  places: Operand | undefined,
  upstream: Operand,
  dx: ShapedOperand,
  window: Window,
): void {
  const channels = dx.shape.at(-1)!;
  const inputs: readonly Operand[] = places ? [upstream, places] : [upstream];
  inQuads(inputs, dx, channels, ([upstream4, places4], dx4) => {
    dx.engine.run(pool_gradient, {
      types: { In4: readForm(upstream), Out4: elementOf(dx), Acc: 'f32' },
      overrides: { TO_PLACES: places !== undefined },
      bindings: {
        upstream: upstream4!.storage,
        places: places4?.storage ?? unusedStorage(dx.engine),
        dx: dx4.storage,
      },
      params: { ...windowParams(window), size: quads(dx4.size), channels: quads(channels) },
      workgroups: stripGrid(pool_gradient, dx.shape),
    });
  });
}
