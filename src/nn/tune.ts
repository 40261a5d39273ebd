/** `tune` and `gemmChoices`: which kernels serve the matrix products of a program, measured and pinned. */
import { tidy } from '../autograd/tidy.ts';
import { defaultEngine } from '../gpu/default-engine.ts';
import type { Engine } from '../gpu/engine.ts';
import { choicesOf, type GemmChoices } from '../kernels/gemm/choice.ts';
import { type Tuned, tuneMet } from '../kernels/gemm/tune.ts';
import { checkOptions } from '../values/options.ts';
import { createProgress } from './progress.ts';

export interface TuneOptions {
  /** Default: the default engine. */
  engine?: Engine;
  /** 0 is silent. Default 1. */
  verbose?: 0 | 1;
}

/**
 * Runs `fn` once and measures the kernels that could serve each matrix product it made, all of them checked against the
 * plain one first; from then on the fastest serve. Programs of `jit` are traced again at their next call. `fit` does this
 * by itself after its first step, but for software adapters and `open({ gemm: { tune: false } })`. Resolves with what
 * was measured; products measured before, on this machine, are not measured again.
 */
export async function tune(fn: () => unknown, options: TuneOptions = {}): Promise<Tuned[]> {
  checkOptions('tune', options, ['engine', 'verbose']);
  const { engine = defaultEngine('tune'), verbose = 1 } = options;
  const returned: unknown[] = [];
  tidy(() => void returned.push(fn()));
  await returned[0];
  await engine.settle();
  return tuneEngine(engine, verbose === 1);
}

/** Measures the products that an engine has met. */
export async function tuneEngine(engine: Engine, shown: boolean): Promise<Tuned[]> {
  const progress = shown ? createProgress() : undefined;
  let started = false;
  try {
    const tuned = await tuneMet(engine, (done, total) => {
      if (!started && total > 0) progress?.start('Measuring kernels', total);
      started ||= total > 0;
      if (started) progress?.step({ done, total, numbers: {} });
    });
    if (started) progress?.end({ products: tuned.length });
    return tuned;
  } finally {
    progress?.stop();
  }
}

/**
 * The kernel of each kind of product that the engine has met: given to `open({ gemm: { choices } })`, they serve again
 * whatever is measured there, and sums keep their order.
 */
export function gemmChoices(engine: Engine = defaultEngine('gemmChoices')): GemmChoices {
  return choicesOf(engine);
}
