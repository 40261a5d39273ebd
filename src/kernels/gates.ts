/** Launches `lstm_gates.wgsl` and `gru_gates.wgsl`, the pointwise part of a step of a recurrent layer, and their gradients. */

import { gru_gates, gru_gates_gradient, lstm_gates, lstm_gates_gradient } from '../generated/shaders.ts';
import { linearGrid } from '../gpu/shader.ts';
import { elementOf, type Operand, quadsOf } from './operand.ts';
import { severalInQuads, wholeQuads } from './whole-quads.ts';

/** Sizes and grid for a state of rows of whole quads. */
function over(state: Operand, units: number) {
  const size = quadsOf(state);
  return { params: { size, columns: wholeQuads(units) / 4 }, workgroups: linearGrid(size, 64) };
}

/** Of `units` columns: states `c` and `next` in float32; a row of `gates` has four times as many. */
export function lstmGatesKernel(gates: Operand, c: Operand, h: Operand, next: Operand, units: number): void {
  severalInQuads([gates, c], [h, next], units, ([gates, c], [h, next]) => {
    h.engine.run(lstm_gates, {
      types: { In4: elementOf(gates), Out4: elementOf(h), Acc: 'f32' },
      bindings: { gates: gates.storage, c: c.storage, h: h.storage, next: next.storage },
      ...over(c, units),
    });
  });
}

export function lstmGatesGradientKernel(
  inputs: readonly [gates: Operand, c: Operand, dh: Operand, dNext: Operand],
  outputs: readonly [dGates: Operand, dc: Operand],
  units: number,
): void {
  severalInQuads(inputs, outputs, units, ([gates, c, dh, dNext], [dGates, dc]) => {
    c.engine.run(lstm_gates_gradient, {
      types: { In4: elementOf(gates), Out4: elementOf(dGates), Acc: 'f32' },
      bindings: {
        ...{ gates: gates.storage, c: c.storage, dh: dh.storage, dNext: dNext.storage },
        ...{ dGates: dGates.storage, dc: dc.storage },
      },
      ...over(c, units),
    });
  });
}

/** Of `units` columns; rows of `x` and `inner` have three times as many. */
export function gruGatesKernel(x: Operand, inner: Operand, h: Operand, y: Operand, units: number): void {
  severalInQuads([x, inner, h], [y], units, ([x, inner, h], [y]) => {
    y.engine.run(gru_gates, {
      types: { In4: elementOf(x), Out4: elementOf(y), Acc: 'f32' },
      bindings: { x: x.storage, inner: inner.storage, h: h.storage, y: y.storage },
      ...over(h, units),
    });
  });
}

export function gruGatesGradientKernel(
  inputs: readonly [x: Operand, inner: Operand, h: Operand, dy: Operand],
  outputs: readonly [dx: Operand, dInner: Operand, dh: Operand],
  units: number,
): void {
  severalInQuads(inputs, outputs, units, ([x, inner, h, dy], [dx, dInner, dh]) => {
    h.engine.run(gru_gates_gradient, {
      types: { In4: elementOf(x), Out4: elementOf(dx), Acc: 'f32' },
      bindings: {
        ...{ x: x.storage, inner: inner.storage, h: h.storage, dy: dy.storage },
        ...{ dx: dx.storage, dInner: dInner.storage, dh: dh.storage },
      },
      ...over(h, units),
    });
  });
}
