/** The casts that autocast puts before ops: f16 copies that variables keep, and each other cast once for all that want it. */
import { logOp, withOpLog } from '../autograd/autocasting.ts';
import { recordersNow } from '../autograd/recording.ts';
import { leaveScopes } from '../autograd/scope.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { cast } from '../ops/cast.ts';
import type { FloatDType } from '../values/dtype.ts';

export class Casts {
  readonly #shares: boolean;
  /** By the tapes that recorded them: a cast that one has not seen has no gradient on it. */
  readonly #made = new WeakMap<object, Map<string, Tensor>>();
  readonly #held: Tensor[] = [];
  /** What a tensor was cast from, where that lost nothing. */
  readonly #sources = new Map<number, Tensor>();
  readonly #watched = new Set<number>();

  /** `shares`: a cast serves all ops that want it, and none undoes another. */
  constructor(shares: boolean) {
    this.#shares = shares;
  }

  /** `tensor` in `dtype`, for `op`. */
  to(tensor: Tensor, dtype: FloatDType, op: string, why: string): Tensor {
    if (tensor.dtype === dtype) return tensor;
    const reason = `${op}: ${why}`;
    const { variable } = tensor;
    if (variable && tensor.dtype === 'float32') {
      logOp({
        name: 'cast',
        inputs: ['float32'],
        dtype,
        why: `${variable.name}, ${reason}`,
        inserted: true,
        cached: true,
      });
      return this.#shares ? this.#shared(tensor, dtype, () => variable.read(dtype)) : variable.read(dtype);
    }
    const source = this.#sources.get(tensor.id);
    if (source?.dtype === dtype) return source;
    const from = source ?? tensor;
    const make = (from: Tensor) => {
      logOp({ name: 'cast', inputs: [from.dtype], dtype, why: reason, inserted: true });
      return withOpLog(undefined, () => cast(from, dtype));
    };
    return this.#shares ? this.#shared(tensor, dtype, () => make(from)) : make(from);
  }

  /** `result` was widened from `from`: what is wanted of it in another dtype comes from there. */
  widened(result: Tensor, from: Tensor): void {
    if (!this.#watched.has(result.id)) this.#sources.set(result.id, this.#hold(from.alias()));
  }

  /** Gradients by this tensor are wanted: nothing else stands for it. */
  watched({ id }: Tensor): void {
    this.#watched.add(id);
    this.#sources.delete(id);
  }

  dispose(): void {
    for (const tensor of this.#held.splice(0)) tensor.dispose();
  }

  #shared(tensor: Tensor, dtype: FloatDType, make: () => Tensor): Tensor {
    const tapes = recordersNow();
    let made = this.#made.get(tapes);
    if (!made) {
      made = new Map();
      this.#made.set(tapes, made);
    }
    const key = `${tensor.id} ${dtype}`;
    let result = made.get(key);
    if (!result) {
      result = this.#hold(make());
      made.set(key, result);
    }
    return result;
  }

  /** Outlives the tidy scope that it was first wanted in. */
  #hold(tensor: Tensor): Tensor {
    leaveScopes(tensor);
    this.#held.push(tensor);
    return tensor;
  }
}

/** `inputs`, of which those at `uniform` (all by default) that are floats are replaced. */
export function recast(
  inputs: readonly Tensor[],
  uniform: readonly number[] | undefined,
  replace: (tensor: Tensor, index: number) => Tensor,
): Tensor[] {
  return inputs.map((tensor, index) => {
    const chosen = tensor.dtype.startsWith('float') && (uniform?.includes(index) ?? true);
    return chosen ? replace(tensor, index) : tensor;
  });
}
