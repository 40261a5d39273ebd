/** Launches `cross_entropy.wgsl` and its gradient: softmax cross-entropy from logits, fused. */

import { cross_entropy, cross_entropy_gradient } from '../generated/shaders.ts';
import { linearGrid } from '../gpu/shader.ts';
import { elementOf, type Operand, quadsOf, readForm, unusedStorage } from './operand.ts';
import { rowLanes } from './row_lanes.ts';

/** Loss, and log-sum-exp in two numbers, of each row, float32. `targets` are int32 class numbers (rows) or float32 (rows x columns). */
export function crossEntropyKernel(
  logits: Operand,
  targets: Operand,
  loss: Operand,
  lse: Operand,
  columns: number,
): void {
  const rows = loss.size;
  logits.engine.run(cross_entropy, {
    types: { In4: readForm(logits), Acc: 'f32' },
    ...rowLanes(rows, columns),
    overrides: { SPARSE: targets.dtype === 'int32', WHOLE: columns % 4 === 0 },
    bindings: { logits: logits.storage, targets: targets.storage, loss: loss.storage, lse: lse.storage },
    params: { rows, columns },
  });
}

/** `y = g (e^(logits - lse) total - targets)`; `g` and `total` one float32 a row, `lse` two, `total` only for dense targets. */
export function crossEntropyGradientKernel(
  logits: Operand,
  targets: Operand,
  total: Operand | undefined,
  lse: Operand,
  g: Operand,
  y: Operand,
  columns: number,
): void {
  logits.engine.run(cross_entropy_gradient, {
    types: { In4: readForm(logits), Out4: elementOf(y), Acc: 'f32' },
    overrides: { SPARSE: targets.dtype === 'int32', WHOLE: columns % 4 === 0 },
    bindings: {
      logits: logits.storage,
      targets: targets.storage,
      total: total?.storage ?? unusedStorage(logits.engine),
      lse: lse.storage,
      g: g.storage,
      y: y.storage,
    },
    params: { size: y.size, columns },
    workgroups: linearGrid(quadsOf(y), 64),
  });
}
