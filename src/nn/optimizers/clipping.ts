/** Gradient clipping, on the unscaled size of gradients that may still be multiplied with the loss scale. */
import { emptyTensor, type Tensor } from '../../autograd/tensor.ts';
import type { ArenaRun } from '../../autograd/variable-arena.ts';
import type { Storage } from '../../gpu/storage.ts';
import { BLOCK, blockSquaresKernel, clipFactorsKernel } from '../../kernels/clip.ts';
import type { Clip } from '../../kernels/optimizer.ts';
import { tensor } from '../../ops/creation.ts';
import { show } from '../../values/dtype.ts';
import { ArgumentError } from '../../values/errors.ts';

export interface Clipping {
  /** Each gradient is scaled down to at most this norm. */
  clipNorm?: number;
  /** All gradients are scaled down together to at most this norm. */
  globalClipNorm?: number;
  /** Each element is held within plus and minus this value. */
  clipValue?: number;
}

const NAMES = ['clipNorm', 'globalClipNorm', 'clipValue'] as const;

/** Throws `ArgumentError` unless at most one kind is given, above 0. */
export function checkClipping(options: Clipping): Clipping {
  const given = NAMES.filter((name) => options[name] !== undefined);
  if (given.length > 1) throw new ArgumentError(`optimizer: ${given.join(' and ')} given; use one of them`);
  const [name] = given;
  if (!name) return {};
  const bound = options[name]!;
  if (!(bound > 0)) throw new ArgumentError(`optimizer: ${name} ${show(bound)}; use a number above 0`);
  return { [name]: bound };
}

/** A part of the gradients, in an arena. */
export interface GradientRun {
  readonly run: ArenaRun;
  readonly gradient: Tensor;
}

/** How each of `runs` is clipped; norms are those of gradients unscaled by `state`, of one variable or of all in `runs`. */
export function clip(
  runs: readonly GradientRun[],
  { clipNorm, globalClipNorm, clipValue }: Clipping,
  state: Storage,
): (Clip | undefined)[] {
  if (clipValue !== undefined) return runs.map(() => ({ kind: 'CLIP_VALUE', bound: clipValue }));
  const bound = clipNorm ?? globalClipNorm;
  if (bound === undefined || runs.length === 0) return runs.map(() => undefined);
  const { engine } = runs[0]!.gradient;
  const words = (count: number) => emptyTensor(engine, [count], 'float32', 'clipping');
  if (clipNorm !== undefined) {
    return runs.map(({ run, gradient }) => {
      const [sums, factors] = [words(run.size / BLOCK), words(run.size / BLOCK)];
      blockSquaresKernel(gradient, run.blocks.storage, state, sums.storage, 0);
      clipFactorsKernel(run.ranges, sums.storage, factors.storage, bound, false);
      return { kind: 'CLIP_NORM', factors: factors.storage };
    });
  }
  const blocks = runs.reduce((sum, { run }) => sum + run.size / BLOCK, 0);
  const [sums, factors] = [words(blocks), words(1)];
  let first = 0;
  for (const { run, gradient } of runs) {
    blockSquaresKernel(gradient, run.blocks.storage, state, sums.storage, first);
    first += run.size / BLOCK;
  }
  const all = tensor(Uint32Array.of(0, blocks), { engine });
  clipFactorsKernel(all, sums.storage, factors.storage, bound, true);
  return runs.map(() => ({ kind: 'CLIP_GLOBAL_NORM', factors: factors.storage }));
}
