/** `checkpoint`: a function whose activations are computed again in the backward pass instead of being kept. */
import { defaultEngine } from '../gpu/default-engine.ts';
import type { Engine } from '../gpu/engine.ts';
import { drawsOf, rewindDraws, saveDraws, setDraws } from '../kernels/random.ts';
import { ArgumentError } from '../values/errors.ts';
import { autocaster, walkingForward, withAutocaster } from './autocasting.ts';
import { carriedThrough } from './gradients-through.ts';
import { isRecording, type Recorder, recordOp, type TapeNode, watchedNow, withOnly } from './recording.ts';
import { inScope, leaveScopes } from './scope.ts';
import { mapTensors, tensorsIn } from './structure.ts';
import { emptyTensor, type Tensor } from './tensor.ts';

/** Notes what a function reads that tapes watch, and keeps nothing else. */
class Reads implements Recorder {
  readonly #made = new Set<number>();
  readonly #watched: (tensor: Tensor) => boolean;
  /** Watched tensors from outside, one handle each. */
  readonly outside = new Map<number, Tensor>();

  constructor(watched: (tensor: Tensor) => boolean) {
    this.#watched = watched;
  }

  watches(tensor: Tensor): boolean {
    return this.made(tensor) || this.#watched(tensor);
  }

  made({ id }: Tensor): boolean {
    return this.#made.has(id);
  }

  keep({ inputs, outputs }: TapeNode): void {
    for (const input of inputs) {
      if (this.made(input) || this.outside.has(input.id) || !this.#watched(input)) input.dispose();
      else this.outside.set(input.id, input);
    }
    for (const output of outputs) {
      this.#made.add(output.id);
      output.dispose();
    }
  }
}

/**
 * A function with the arguments, results and gradients of `fn`, of which a recording tape keeps the arguments alone: when
 * the gradient is taken, `fn` runs again, with the same random numbers (Chen et al. 2016; `tf.recompute_grad`). What `fn`
 * does on the host happens each time. Throws `ArgumentError` for an async function.
 */
export function checkpoint<A extends unknown[], R>(fn: (...args: A) => R): (...args: A) => R {
  const run = (args: A): R => {
    const result = fn(...args);
    if (!(result instanceof Promise)) return result;
    result.catch(() => {});
    throw new ArgumentError('checkpoint: the function is async; it is run again when gradients are taken');
  };
  return (...args) => {
    if (!isRecording()) return run(args);
    return inScope(() => recorded(run, args), tensorsIn);
  };
}

function recorded<A extends unknown[], R>(run: (args: A) => R, args: A): R {
  const given = tensorsIn(args);
  const reads = new Reads(watchedNow());
  try {
    const engine = given[0]?.engine ?? defaultEngine('checkpoint');
    const before = drawsOf(engine);
    const cast = autocaster();
    const value = withOnly(reads, () => run(args));
    const outputs: Tensor[] = [];
    const result = mapTensors(value, (tensor) => {
      // What `fn` hands through gets an identity of its own: its gradient passes the function like any other.
      const own = reads.made(tensor) ? tensor : tensor.alias(tensor.shape, { halfCopy: tensor.halfCopy });
      outputs.push(own);
      return own;
    }) as R;
    if (outputs.length === 0) return result;
    const draws = drawsOf(engine) - before;
    const outside = [...reads.outside.values()].filter(({ id }) => given.every((tensor) => tensor.id !== id));
    const state = draws > 0 ? [savedDraws(engine)] : [];
    recordOp('checkpoint', [...given, ...outside, ...state], outputs, (gradients, step) => {
      const { inputs } = step;
      let next = 0;
      const again = () => withAutocaster(cast, () => run(mapTensors(args, () => inputs[next++]) as A));
      const repeated = () => walkingForward(() => tensorsIn(again()));
      const outputsAgain = () =>
        state.length > 0 ? withDraws(engine, inputs.at(-1)!, draws, repeated) : repeated();
      return repeating(() => carriedThrough(outputsAgain, step, gradients));
    });
    return result;
  } finally {
    for (const tensor of reads.outside.values()) tensor.dispose();
  }
}

let repeats = 0;

/** Whether a checkpointed function is being run again: what it changed the first time is not to be changed twice. */
export function isRepeating(): boolean {
  return repeats > 0;
}

function repeating<T>(fn: () => T): T {
  repeats++;
  try {
    return fn();
  } finally {
    repeats--;
  }
}

function savedDraws(engine: Engine): Tensor {
  const state = emptyTensor(engine, [4], 'uint32', 'checkpoint');
  saveDraws(state);
  return state;
}

/** Runs `fn` with the random numbers that were drawn before `state` was saved, the last `draws` of them. */
function withDraws<T>(engine: Engine, state: Tensor, draws: number, fn: () => T): T {
  const now = savedDraws(engine);
  leaveScopes(now);
  setDraws(state);
  rewindDraws(engine, draws);
  try {
    return fn();
  } finally {
    setDraws(now);
    now.dispose();
  }
}
