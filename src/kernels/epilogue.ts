/** How kernels with `lib/epilogue.wgsl` are told what a sum of products passes before it is stored. */
import type { Epilogue } from './gemm/problem.ts';
import { ACTIVATIONS } from './gemm/problem.ts';
import { type Operand, unusedStorage } from './operand.ts';

/** Least magnitude that does not fit, as f32 bits: 65520 rounds to infinity in float16. */
export const BEYOND = { float16: 0x477ff000, float32: 0x7f800000 };

/** Overrides for a result `c` of operands like `a`. With `GATE: false` a program may fold a ReLU's gradient into the kernel. */
export function epilogueOverrides(
  { a, bias, residual, activation = 'linear', overflow }: Epilogue & { readonly a: Operand },
  c: Operand,
) {
  return {
    // The gate is bound in the residual's place, and so read as the operands are.
    ...(residual === undefined && a.dtype === c.dtype ? { GATE: false } : {}),
    BIAS: bias !== undefined,
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
    residual: residual?.storage ?? unusedStorage(engine),
    // A buffer of its own: this one is bound for writing.
    overflow: overflow ?? unusedStorage(engine, 1),
  };
}
