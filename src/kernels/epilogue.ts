/** How kernels with `lib/epilogue.wgsl` are told what a sum of products passes before it is stored. */
import type { Tail } from '../gpu/shader.ts';
import type { Storage } from '../gpu/storage.ts';
import type { Activation, Epilogue } from './gemm/problem.ts';
import { ACTIVATIONS } from './gemm/problem.ts';
import { type Operand, unusedStorage } from './operand.ts';

/** Least magnitude that does not fit, as f32 bits: 65520 rounds to infinity in float16. */
export const BEYOND = { float16: 0x477ff000, float32: 0x7f800000 };

/** Overrides for a result `c` of operands like `a`. Those that are off here, a program may switch on to fold a `Tail` into the kernel. */
export function epilogueOverrides(
  { a, bias, residual, activation = 'linear', overflow }: Epilogue & { readonly a: Operand },
  c: Operand,
) {
  return {
    // The gate is bound in the residual's place, and so read as the operands are.
    ...(residual === undefined && a.dtype === c.dtype ? { GATE: false } : {}),
    BIAS: bias !== undefined,
    NORMALISE: false,
    RESIDUAL: residual !== undefined,
    ACTIVATION: ACTIVATIONS.indexOf(activation),
    OVERFLOW: overflow !== undefined,
    OVERFLOW_FROM: c.dtype === 'float16' ? BEYOND.float16 : BEYOND.float32,
  };
}

/** Bindings for a result `c`. */
export function epilogueBindings({ bias, residual, overflow }: Epilogue, { engine }: Operand) {
  return {
    bias: bias?.storage ?? unusedStorage(engine),
    factors: unusedStorage(engine),
    residual: residual?.storage ?? unusedStorage(engine),
    // A buffer of its own: this one is bound for writing.
    overflow: overflow ?? unusedStorage(engine, 1),
  };
}

type Ends = Pick<Tail, 'upstream' | 'result'>;

/** `(x - centre) scale + shift` by column, of matrices with rows of `columns`: with what `column_factors.wgsl` makes. */
export function normalisationTail(ends: Ends, factors: Storage, columns: number): Tail {
  return {
    ...{ ...ends, overrides: { NORMALISE: true }, bindings: { factors }, params: { n: columns } },
    behind: ['RESIDUAL', 'ACTIVATION', 'GATE', 'OVERFLOW'],
  };
}

/** An activation that gives the same bits before a result is rounded and behind. */
export function activationTail(ends: Ends, activation: Activation): Tail {
  const overrides = { ACTIVATION: ACTIVATIONS.indexOf(activation) };
  return { ...ends, overrides, bindings: {}, behind: ['GATE', 'OVERFLOW'] };
}

/** `upstream where by > 0, else 0`: the gradient of a ReLU, by its output. */
export function gateTail(ends: Ends, by: Storage): Tail {
  return { ...ends, overrides: { GATE: true }, bindings: { residual: by }, behind: ['OVERFLOW'] };
}
