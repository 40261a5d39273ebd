/** What activity regularizers add to the loss while layers run, gathered by the outermost call. */
import type { Tensor } from '../autograd/tensor.ts';

let gathered: Tensor[] | undefined;

/** Runs `fn`, and gives what was added meanwhile, by calls inside of it too. */
export function gatherActivity<T>(fn: () => T): { passed: T; losses: readonly Tensor[] } {
  const outer = gathered;
  const losses: Tensor[] = [];
  gathered = losses;
  try {
    return { passed: fn(), losses };
  } finally {
    gathered = outer;
  }
}

/** Adds to the enclosing call; false where there is none. */
export function passActivity(losses: readonly Tensor[]): boolean {
  gathered?.push(...losses);
  return gathered !== undefined;
}
