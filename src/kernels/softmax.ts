/** Launches `log_sum_exp.wgsl` and `softmax.wgsl` over rows. */

import { log_sum_exp, softmax } from '../generated/shaders.ts';
import { linearGrid } from '../gpu/shader.ts';
import { elementOf, type Operand, quadsOf, readForm } from './operand.ts';
import { rowLanes } from './row_lanes.ts';

/** `lse[row] = log sum e^x[row]`, float32; with `split` two numbers a row, the maximum and the rest. */
export function logSumExpKernel(
  x: Operand,
  lse: Operand,
  rows: number,
  columns: number,
  split: boolean,
): void {
  x.engine.run(log_sum_exp, {
    types: { In4: readForm(x), Acc: 'f32' },
    ...rowLanes(rows, columns),
    overrides: { SPLIT: split, WHOLE: columns % 4 === 0 },
    bindings: { logits: x.storage, lse: lse.storage },
    params: { rows, columns },
  });
}

/** `y = e^(x - lse)`, or `x - lse` with `log`; `lse` split. */
export function softmaxKernel(x: Operand, lse: Operand, y: Operand, columns: number, log: boolean): void {
  x.engine.run(softmax, {
    types: { In4: readForm(x), Out4: elementOf(y), Acc: 'f32' },
    overrides: { LOG: log, WHOLE: columns % 4 === 0 },
    bindings: { logits: x.storage, lse: lse.storage, y: y.storage },
    params: { size: x.size, columns },
    workgroups: linearGrid(quadsOf(x), 64),
  });
}
